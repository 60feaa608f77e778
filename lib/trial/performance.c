/* lib/trial/performance.c - what a performance suite predicted: read, measured, judged. */
#include "trial/performance.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/judge.h"
#include "registry/registry.h"
#include "trial/compare.h"
#include "trial/exam.h"
#include "trial/predictions.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>

static struct mlops_metric *copy_metrics(const struct metric_list *metrics)
{
    struct mlops_metric *copies = xcalloc(metrics->count, sizeof(*copies));
    for (size_t i = 0; i < metrics->count; i++) {
        const struct metric *metric = &metrics->items[i];
        str_copy(copies[i].name, sizeof(copies[i].name), metric->name);
        copies[i].value = metric->value;
        copies[i].low = metric->interval.low;
        copies[i].high = metric->interval.high;
        copies[i].method = interval_method_name(metric->interval.method);
    }
    return copies;
}

static struct mlops_slice_result *copy_slices(const struct slice_metrics *slices, size_t count)
{
    struct mlops_slice_result *copies = xcalloc(count + 1, sizeof(*copies));
    for (size_t i = 0; i < count; i++)
        copies[i] = (struct mlops_slice_result){.name = xstrdup(slices[i].name),
                                                .rows = slices[i].rows,
                                                .metrics = copy_metrics(&slices[i].metrics),
                                                .metric_count = slices[i].metrics.count};
    return copies;
}

static void copy_report(const struct predictions_report *report, struct mlops_suite_result *result)
{
    result->metrics = copy_metrics(&report->metrics);
    result->metric_count = report->metrics.count;
    result->slices = copy_slices(report->slices, report->slice_count);
    result->slice_count = report->slice_count;
    result->thresholds = copy_slices(report->thresholds, report->threshold_count);
    result->threshold_count = report->threshold_count;
    result->confusion = copy_slices(report->confusion, report->confusion_count);
    result->confusion_count = report->confusion_count;
}

static void note_missed(struct buffer *missed, const struct mlops_requirement_result *judged)
{
    if (!judged->met)
        buffer_printf(missed, "%s%s %s is not met (%s)", missed->length ? "; " : "", judged->metric,
                      judged->demand, judged->detail);
}

static int judge_requirements(const struct trial *trial, const struct predictions_report *report,
                              struct mlops_error *err)
{
    const struct measurement *measurement = &trial->suite->measurement;
    const struct metric_list *metrics = &report->metrics;
    const struct project_suite *suite = trial->suite;
    struct mlops_suite_result *result = trial->result;
    const struct mlops_comparison none = {0};
    _cleanup_(judge_free_ptr) struct judge *judge = judge_new(trial->registry, trial->version);
    _cleanup_(buffer_clear) struct buffer missed = {0};
    judge_compare_by(judge, result->comparisons ? result->comparisons : &none,
                     result->comparison_count);
    result->requirements =
        xcalloc(suite->require_count + measurement->demand_count, sizeof(*result->requirements));
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
        note_missed(&missed, judged);
    }
    for (size_t i = 0; i < measurement->demand_count; i++) {
        const struct measurement_demand *demanded = &measurement->demands[i];
        struct mlops_requirement_result *judged = &result->requirements[result->requirement_count];
        struct judgement judgement;
        TRY(judge_slices(judge, suite, demanded, report->slices, report->slice_count, &judgement,
                         err));
        str_copy(judged->metric, sizeof(judged->metric), demanded->metric);
        judged->demand = xprintf("%s in every slice", demanded->demand);
        judged->detail = judgement.detail;
        judged->met = judgement.met;
        result->requirement_count++;
        note_missed(&missed, judged);
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
static bool find_predictions(const struct trial *trial)
{
    const char *name = trial->suite->predictions;
    _cleanup_(fd_close) int fd = workspace_open(trial->tree, name);
    int failure = errno;
    if (fd >= 0)
        return true;
    if (failure == ENOENT)
        trial_set_status(trial, MLOPS_SUITE_ERROR, "it wrote no '%s'", name);
    else if (failure == EXDEV)
        trial_set_status(trial, MLOPS_SUITE_ERROR, "'%s' leads out of the suite's folder", name);
    else if (failure == EISDIR)
        trial_set_status(trial, MLOPS_SUITE_ERROR, "'%s' is not a regular file", name);
    else
        trial_set_status(trial, MLOPS_SUITE_ERROR, "'%s' cannot be read: %s", name,
                         strerrordesc_np(failure));
    return false;
}

/* Read them, hold them against what is required. */
static int judge_predictions(const struct trial *trial, const char *folder, const char *path,
                             struct mlops_error *err)
{
    _cleanup_(predictions_report_clear) struct predictions_report report = {0};
    _cleanup_(exam_clear) struct exam exam = {0};
    struct mlops_error unreadable = {0};
    TRY(exam_open(trial, folder, &exam, err));
    exam.tables.predictions = path;
    if (predictions_measure(&exam.tables, trial->suite, &report, &unreadable)) {
        _cleanup_(free_string) char *half = without_tree(unreadable.message, trial->tree);
        _cleanup_(free_string) char *message = without_tree(half, folder);
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
    copy_report(&report, trial->result);
    str_copy(trial->result->evaluation, sizeof(trial->result->evaluation),
             trial->outcome->evaluation.name);
    if (trial->rivals)
        TRY(compare_rivals(trial, &exam.tables, trial->rivals, err));
    return judge_requirements(trial, &report, err);
}

int performance_judge(const struct trial *trial, const char *folder, const char *path,
                      struct mlops_error *err)
{
    if (!find_predictions(trial))
        return MLOPS_OK;
    TRY(judge_predictions(trial, folder, path, err));
    return trial->keep ? keep_file(&trial->outcome->files, KEPT_PREDICTIONS, path, trial->keep, err)
                       : MLOPS_OK;
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
