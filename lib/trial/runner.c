/* lib/trial/runner.c - one suite: its command run, then judged. */
#include "trial/runner.h"
#include "base/path.h"
#include "base/process.h"
#include "registry/registry.h"
#include "trial/environment.h"
#include "trial/output.h"
#include "trial/performance.h"
#include <signal.h>

#define TAIL_BYTES 4000 /* of what a suite prints, kept */

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
        trial_set_status(trial, MLOPS_SUITE_TIMEOUT, "stopped at its time limit of %g s",
                         (double)trial->suite->timeout_ns / 1e9);
    else if (process->signal)
        trial_set_status(trial, MLOPS_SUITE_FAILED, "ended by signal %d (%s)", process->signal,
                         signal_text(process->signal));
    else if (status == 127)
        trial_set_status(trial, MLOPS_SUITE_ERROR, "command not found (exit status 127): %s",
                         trial->suite->run);
    else if (status == 126)
        trial_set_status(trial, MLOPS_SUITE_ERROR, "command cannot be run (exit status 126): %s",
                         trial->suite->run);
    else if (ended_by)
        trial_set_status(trial, MLOPS_SUITE_FAILED, "exit status %d: ended by signal %d (%s)",
                         status, ended_by, signal_text(ended_by));
    else if (status != 0)
        trial_set_status(trial, MLOPS_SUITE_FAILED, "exit status %d", status);
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
    if (performance && !performance_prepare(&trial, path))
        return MLOPS_OK;
    TRY(run_command(&trial, err));
    if (performance && result->status == MLOPS_SUITE_PASSED)
        TRY(performance_judge(&trial, path, err));
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
