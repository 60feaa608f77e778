/* lib/trial/runner.c - one suite: its command run, then its predictions judged. */
#include "trial/runner.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "bundle/judge.h"
#include "registry/registry.h"
#include "trial/environment.h"
#include "trial/output.h"
#include "trial/predictions.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#define TAIL_BYTES 4000 /* of what a suite prints, kept */

/* A suite and all that its verdict needs. */
struct trial {
    struct mlops_registry *registry;
    const struct mlops_version *version;
    const struct project_suite *suite;
    const char *tree; /* its checkout */
    struct mlops_suite_result *result;
    struct suite_outcome *outcome;
};

static void set_status(const struct trial *trial, enum mlops_suite_status status,
                       const char *format, ...) MLOPS_PRINTF(3, 4);

/* The message may quote files: it is cleaned. */
static void set_status(const struct trial *trial, enum mlops_suite_status status,
                       const char *format, ...)
{
    _cleanup_(buffer_clear) struct buffer message = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&message, format, arguments);
    va_end(arguments);
    trial->result->status = status;
    free(trial->result->message);
    trial->result->message = output_clean(message.data, message.length);
}

/* ---- the command ---------------------------------------------------------------------------- */

static const char *signal_text(int number)
{
    const char *text = sigdescr_np(number);
    return text ? text : "unknown";
}

/* What the end of the command says. A shell whose last command a signal ended says 128 and its
 * number. */
static void judge_process(const struct trial *trial, const struct process_result *process)
{
    int status = process->exit_status,
        ended_by = status > 128 && status <= 128 + 64 ? status - 128 : 0;
    if (process->timed_out)
        set_status(trial, MLOPS_SUITE_TIMEOUT, "stopped at its time limit of %g s",
                   (double)trial->suite->timeout_ns / 1e9);
    else if (process->signal)
        set_status(trial, MLOPS_SUITE_FAILED, "ended by signal %d (%s)", process->signal,
                   signal_text(process->signal));
    else if (status == 127)
        set_status(trial, MLOPS_SUITE_ERROR, "command not found (exit status 127): %s",
                   trial->suite->run);
    else if (status == 126)
        set_status(trial, MLOPS_SUITE_ERROR, "command cannot be run (exit status 126): %s",
                   trial->suite->run);
    else if (ended_by)
        set_status(trial, MLOPS_SUITE_FAILED, "exit status %d: ended by signal %d (%s)", status,
                   ended_by, signal_text(ended_by));
    else if (status != 0)
        set_status(trial, MLOPS_SUITE_FAILED, "exit status %d", status);
}

static int run_command(const struct trial *trial, struct mlops_error *err)
{
    const char *const argv[] = {"/bin/sh", "-c", trial->suite->run, NULL};
    _cleanup_(free_strings) char **environment =
        environment_make(trial->version, trial->suite->name);
    _cleanup_(process_result_clear) struct process_result process = {0};
    const struct process_options options = {.argv = argv,
                                            .directory = trial->tree,
                                            .environment = (const char *const *)environment,
                                            .timeout_ns = trial->suite->timeout_ns,
                                            .output_max = (size_t)2 * TAIL_BYTES,
                                            .observer = registry_observer(trial->registry)};
    TRY(process_run(&options, &process, err));
    trial->result->seconds = (double)process.wall_ns / 1e9;
    trial->outcome->exit_status = process.exit_status;
    trial->outcome->signal = process.signal;
    trial->outcome->tail = output_tail(process.output.data ? process.output.data : "",
                                       process.output.length, TAIL_BYTES);
    judge_process(trial, &process);
    return MLOPS_OK;
}

/* ---- predictions ---------------------------------------------------------------------------- */

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
        set_status(trial, MLOPS_SUITE_FAILED, "%s", missed.data);
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
        set_status(trial, MLOPS_SUITE_ERROR, "it wrote no '%s'", name);
    else if (!file)
        set_status(trial, MLOPS_SUITE_ERROR, "'%s' cannot be read: %s", name,
                   strerrordesc_np(failure));
    else if (!top || !str_starts(file, top) || file[strlen(top)] != '/')
        set_status(trial, MLOPS_SUITE_ERROR, "'%s' leads out of the suite's folder", name);
    else if (stat(file, &status) < 0 || !S_ISREG(status.st_mode))
        set_status(trial, MLOPS_SUITE_ERROR, "'%s' is not a regular file", name);
    else
        return true;
    return false;
}

static int judge_predictions(const struct trial *trial, const char *path, struct mlops_error *err)
{
    _cleanup_(predictions_report_clear) struct predictions_report report = {0};
    struct mlops_error unreadable = {0};
    if (!is_readable(trial, path))
        return MLOPS_OK;
    if (predictions_measure(path, trial->suite, &report, &unreadable)) {
        _cleanup_(free_string) char *message = without_tree(unreadable.message, trial->tree);
        set_status(trial, MLOPS_SUITE_ERROR, "%s%s%s", message, *unreadable.hint ? "; " : "",
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

/* Predictions that were packaged are not the ones that the suite is asked for. */
static bool remove_old(const struct trial *trial, const char *path)
{
    struct mlops_error stuck = {0};
    if (tree_remove(path, &stuck) == MLOPS_OK)
        return true;
    _cleanup_(free_string) char *message = without_tree(stuck.message, trial->tree);
    set_status(trial, MLOPS_SUITE_ERROR, "old predictions were packaged: %s", message);
    return false;
}

void suite_outcome_clear(struct suite_outcome *outcome)
{
    free(outcome->tail);
    free(outcome->positive);
    *outcome = (struct suite_outcome){0};
}

int suite_run(struct mlops_registry *registry, const struct mlops_version *version,
              const struct project_suite *suite, const char *tree,
              struct mlops_suite_result *result, struct suite_outcome *outcome,
              struct mlops_error *err)
{
    const struct trial trial = {.registry = registry,
                                .version = version,
                                .suite = suite,
                                .tree = tree,
                                .result = result,
                                .outcome = outcome};
    bool performance = str_equal(suite->kind, "performance");
    _cleanup_(free_string) char *path = performance ? path_join(tree, suite->predictions) : NULL;
    result->status = MLOPS_SUITE_PASSED;
    outcome->exit_status = -1;
    if (performance && !remove_old(&trial, path))
        return MLOPS_OK;
    TRY(run_command(&trial, err));
    if (performance && result->status == MLOPS_SUITE_PASSED)
        TRY(judge_predictions(&trial, path, err));
    if (result->status != MLOPS_SUITE_PASSED) {
        free(result->output);
        result->output = xstrdup(outcome->tail);
    }
    return MLOPS_OK;
}

void suite_result_clear(struct mlops_suite_result *result)
{
    free(result->metrics);
    for (size_t i = 0; i < result->requirement_count; i++) {
        free(result->requirements[i].demand);
        free(result->requirements[i].detail);
    }
    free(result->requirements);
    free(result->message);
    free(result->output);
    *result = (struct mlops_suite_result){0};
}
