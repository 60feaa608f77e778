/* lib/trial/train.c - training under the same roof as the suites. */
#include "trial/train.h"
#include "registry/registry.h"
#include "trial/supervise.h"
#include "trial/verdict.h"

#define WAIT_MS 50

static int check_cancelled(const struct mlops_registry *registry, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(registry);
    if (!observer->cancelled || !observer->cancelled(observer->context))
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_CANCELLED, "stopped while it trained");
}

static int run(const struct trial *trial, const struct sandbox *sandbox, const char *folder,
               struct mlops_error *err)
{
    _cleanup_(supervise_free_ptr) struct supervision *supervision = NULL;
    bool ended = false;
    TRY(runner_start(trial, sandbox, folder, &supervision, err));
    while (supervision && !ended) {
        TRY(supervise_step(supervision, &ended, err));
        TRY(check_cancelled(trial->registry, err));
        if (!ended)
            supervise_wait(&supervision, 1, WAIT_MS);
    }
    return runner_finish(trial, folder, supervision, err);
}

int train_run(struct mlops_registry *registry, const struct workspace *workspace,
              const struct train_options *options, struct mlops_suite_result *result,
              struct mlops_error *err)
{
    _cleanup_(sandbox_clear) struct sandbox sandbox = {.level = MLOPS_SANDBOX_LIMITS};
    _cleanup_(suite_outcome_clear) struct suite_outcome outcome = {.exit_status = 0};
    /* borrowed, never cleared */
    const struct project_suite suite = {.name = (char[]){"train"},
                                        .kind = (char[]){"integration"},
                                        .run = (char *)(uintptr_t)options->command,
                                        .timeout_ns = options->timeout_ns};
    const struct trial trial = {.registry = registry,
                                .version = options->version,
                                .suite = &suite,
                                .workspace = workspace,
                                .tree = workspace->tree,
                                .result = result,
                                .outcome = &outcome};
    *result = (struct mlops_suite_result){0};
    suite_result_start(result, &suite);
    TRY(sandbox_open(options->sandbox, &sandbox, err));
    return run(&trial, &sandbox, workspace->folder, err);
}
