/* lib/trial/performance.c - what a performance suite predicted: read, measured, judged. */
#include "trial/performance.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/judge.h"
#include "registry/registry.h"
#include "trial/predictions.h"
#include <errno.h>
#include <stdio.h>

static void copy_metrics(const struct metric_list *metrics, struct mlops_suite_result *result)
{
    result->metrics = xcalloc(metrics->count, sizeof(*result->metrics));
    result->metric_count = metrics->count;
    for (size_t i = 0; i < metrics->count; i++) {
        str_copy(result->metrics[i].name, sizeof(result->metrics[i].name), metrics->items[i].name);
        result->metrics[i].value = metrics->items[i].value;
    }
}

static int judge_requirements(const struct trial *trial, const struct metric_list *metrics,
                              struct mlops_error *err)
{
    const struct project_suite *suite = trial->suite;
    struct mlops_suite_result *result = trial->result;
    _cleanup_(judge_free_ptr) struct judge *judge = judge_new(trial->registry, trial->version);
    _cleanup_(buffer_clear) struct buffer missed = {0};
    result->requirements = xcalloc(suite->require_count, sizeof(*result->requirements));
    for (size_t i = 0; i < suite->require_count; i++) {
        const struct project_requirement *required = &suite->require[i];
        struct mlops_requirement_result *judged = &result->requirements[i];
        struct judgement judgement;
        TRY(judge_requirement(judge, suite->name, required, metrics, &judgement, err));
        str_copy(judged->metric, sizeof(judged->metric), required->metric);
        judged->demand = xstrdup(required->demand);
        judged->detail = judgement.detail;
        judged->met = judgement.met;
        result->requirement_count++;
        if (!judged->met)
            buffer_printf(&missed, "%s%s %s is not met (%s)", missed.length ? "; " : "",
                          required->metric, required->demand, judged->detail);
    }
    if (missed.length > 0)
        trial_set_status(trial, MLOPS_SUITE_FAILED, "%s", missed.data);
    return MLOPS_OK;
}

/* The private folder's name says nothing to the reader. */
static char *without_tree(const char *message, const char *tree)
{
    _cleanup_(free_string) char *prefix = xprintf("%s/", tree);
    struct buffer text = {0};
    for (const char *at; (at = strstr(message, prefix)); message = at + strlen(prefix))
        buffer_append(&text, message, (size_t)(at - message));
    buffer_puts(&text, message);
    return buffer_steal(&text);
}

/* A suite may have left anything under that name: what is judged is a file in its own folder. */
static bool is_readable(const struct trial *trial, const char *path)
{
    const char *name = trial->suite->predictions;
    _cleanup_(free_string) char *file = realpath(path, NULL);
    int failure = errno;
    _cleanup_(free_string) char *top = realpath(trial->tree, NULL);
    struct stat status;
    if (!file && failure == ENOENT)
        trial_set_status(trial, MLOPS_SUITE_ERROR, "it wrote no '%s'", name);
    else if (!file)
        trial_set_status(trial, MLOPS_SUITE_ERROR, "'%s' cannot be read: %s", name,
                         strerrordesc_np(failure));
    else if (!top || !str_starts(file, top) || file[strlen(top)] != '/')
        trial_set_status(trial, MLOPS_SUITE_ERROR, "'%s' leads out of the suite's folder", name);
    else if (stat(file, &status) < 0 || !S_ISREG(status.st_mode))
        trial_set_status(trial, MLOPS_SUITE_ERROR, "'%s' is not a regular file", name);
    else
        return true;
    return false;
}

int performance_judge(const struct trial *trial, const char *path, struct mlops_error *err)
{
    _cleanup_(predictions_report_clear) struct predictions_report report = {0};
    struct mlops_error unreadable = {0};
    if (!is_readable(trial, path))
        return MLOPS_OK;
    if (predictions_measure(path, trial->suite, &report, &unreadable)) {
        _cleanup_(free_string) char *message = without_tree(unreadable.message, trial->tree);
        trial_set_status(trial, MLOPS_SUITE_ERROR, "%s%s%s", message, *unreadable.hint ? "; " : "",
                         unreadable.hint);
        return MLOPS_OK;
    }
    if (report.positive)
        registry_warn(trial->registry,
                      "suite '%s' takes '%s' for the positive class of '%s', for it sorts last; "
                      "write 0 and 1 to choose",
                      trial->suite->name, report.positive, trial->suite->label);
    trial->outcome->positive = TAKE_PTR(report.positive);
    copy_metrics(&report.metrics, trial->result);
    return judge_requirements(trial, &report.metrics, err);
}

bool performance_prepare(const struct trial *trial, const char *path)
{
    struct mlops_error stuck = {0};
    if (tree_remove(path, &stuck) == MLOPS_OK)
        return true;
    _cleanup_(free_string) char *message = without_tree(stuck.message, trial->tree);
    trial_set_status(trial, MLOPS_SUITE_ERROR, "old predictions were packaged: %s", message);
    return false;
}
