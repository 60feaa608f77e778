/* lib/trial/runner.c - one suite: its command run, then judged. */
#include "trial/runner.h"
#include "base/path.h"
#include "bundle/comparison.h"
#include "quality/quality.h"
#include "registry/registry.h"
#include "trial/ending.h"
#include "trial/environment.h"
#include "trial/exam.h"
#include "trial/output.h"
#include "trial/own_report.h"
#include "trial/performance.h"
#include "trial/supervise.h"

#define TAIL_BYTES 4000 /* of what a suite prints, kept */

void suite_outcome_clear(struct suite_outcome *outcome)
{
    free(outcome->tail);
    free(outcome->positive);
    free(outcome->machine);
    free(outcome->first_failure);
    mlops_evaluation_clear(&outcome->evaluation);
    kept_files_clear(&outcome->files);
    *outcome = (struct suite_outcome){0};
}

/* Does it write predictions? One that has budgets alone does not. */
static bool is_performance(const struct trial *trial)
{
    return trial->suite->predictions;
}

int runner_start(const struct trial *trial, const struct sandbox *sandbox, const char *folder,
                 struct supervision **supervision, struct mlops_error *err)
{
    bool isolated = sandbox->bubblewrap, examined = true;
    _cleanup_(free_string) char *scratch = path_join(folder, "tmp");
    struct supervise_options options = {.sandbox = sandbox,
                                        .workspace = trial->workspace,
                                        .folder = folder,
                                        .command = trial->suite->run,
                                        .timeout_ns = trial->suite->timeout_ns,
                                        .network = trial->suite->execution.network,
                                        .tail_max = (size_t)2 * TAIL_BYTES};
    *supervision = NULL;
    ending_limits(trial->suite, &options.limits);
    trial->result->status = MLOPS_SUITE_PASSED;
    trial->outcome->exit_status = -1;
    trial->outcome->level = sandbox->level;
    trial->outcome->kind = trial->kind;
    if (!trial->suite->run)
        return MLOPS_OK;
    if (is_performance(trial)) {
        _cleanup_(free_string) char *path = path_join(trial->tree, trial->suite->predictions);
        if (!performance_prepare(trial, path))
            return MLOPS_OK;
        TRY(exam_prepare(trial, &examined, err));
        if (!examined)
            return MLOPS_OK;
    }
    _cleanup_(free_strings) char **environment = environment_make(
        trial->version, trial->suite,
        &(struct environment_places){.home = isolated ? SANDBOX_HOME : NULL,
                                     .scratch = isolated ? "/tmp" : scratch,
                                     .tree = isolated ? SANDBOX_TREE : trial->tree});
    options.environment = environment;
    TRY(own_report_prepare(trial, err));
    return supervise_start(&options, supervision, err);
}

static void note(const struct trial *trial, const struct supervise_result *ended)
{
    struct suite_outcome *outcome = trial->outcome;
    const struct buffer *tail = &ended->tail;
    trial->result->seconds = (double)ended->wall_ns / 1e9;
    outcome->exit_status = ended->exit_status;
    outcome->signal = ended->signal;
    outcome->cpu_seconds = (double)ended->cpu_ns / 1e9;
    outcome->memory_bytes = ended->memory_bytes;
    outcome->output_bytes = ended->output_bytes;
    outcome->network_refused = ended->network_refused;
    outcome->memory_group = ended->memory_group;
    outcome->processes_group = ended->processes_group;
    free(outcome->tail);
    outcome->tail = output_tail(tail->data ? tail->data : "", tail->length, TAIL_BYTES);
}

/* What it printed, whole unless it was stopped for that. Its own report was read from there. */
static int keep_logs(const struct trial *trial, const char *folder,
                     const struct supervise_result *ended, struct mlops_error *err)
{
    struct kept_files *files = &trial->outcome->files;
    _cleanup_(free_string) char *output = path_join(folder, SUPERVISE_STDOUT);
    _cleanup_(free_string) char *errors = path_join(folder, SUPERVISE_STDERR);
    if (!trial->keep)
        return MLOPS_OK;
    TRY(keep_file(files, KEPT_OUTPUT, output, trial->keep, err));
    TRY(keep_file(files, KEPT_ERRORS, errors, trial->keep, err));
    files->cut =
        ended->output_bytes > files->items[KEPT_OUTPUT].bytes + files->items[KEPT_ERRORS].bytes;
    return MLOPS_OK;
}

int runner_finish(const struct trial *trial, const char *folder,
                  const struct supervision *supervision, struct mlops_error *err)
{
    struct mlops_suite_result *result = trial->result;
    if (supervision) {
        struct execution_limits limits;
        const struct supervise_result *ended = supervise_result(supervision);
        ending_limits(trial->suite, &limits);
        note(trial, ended);
        ending_judge(trial, &limits, ended);
        own_report_judge(trial, folder);
        TRY(keep_logs(trial, folder, ended, err));
    }
    if (supervision && is_performance(trial) && result->status == MLOPS_SUITE_PASSED) {
        _cleanup_(free_string) char *path = path_join(trial->tree, trial->suite->predictions);
        TRY(performance_judge(trial, folder, path, err));
    }
    if (result->status != MLOPS_SUITE_PASSED && trial->outcome->tail) {
        free(result->output);
        result->output = xstrdup(trial->outcome->tail);
    }
    return MLOPS_OK;
}

static void free_slices(struct mlops_slice_result *slices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(slices[i].name);
        free(slices[i].metrics);
    }
    free(slices);
}

void suite_result_clear(struct mlops_suite_result *result)
{
    free(result->metrics);
    free_slices(result->slices, result->slice_count);
    free_slices(result->thresholds, result->threshold_count);
    free_slices(result->confusion, result->confusion_count);
    for (size_t i = 0; i < result->requirement_count; i++) {
        free(result->requirements[i].demand);
        free(result->requirements[i].detail);
    }
    free(result->requirements);
    expectation_results_clear(result->expectations, result->expectation_count);
    comparisons_free(result->comparisons, result->comparison_count);
    free(result->message);
    free(result->output);
    *result = (struct mlops_suite_result){0};
}

void suite_result_start(struct mlops_suite_result *result, const struct project_suite *suite)
{
    suite_result_clear(result);
    str_copy(result->name, sizeof(result->name), suite->name);
    str_copy(result->kind, sizeof(result->kind), suite->kind);
    result->message = xstrdup("");
    result->output = xstrdup("");
    result->status = MLOPS_SUITE_SKIPPED;
}
