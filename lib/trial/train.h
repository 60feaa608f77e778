/* lib/trial/train.h - the command `train` of a project, run as a suite is: in the sandbox,
 * limited. */
#ifndef TRIAL_TRAIN_H
#define TRIAL_TRAIN_H
#include "trial/runner.h"
#include "trial/workspace.h"
#include <mlops/trial.h>

struct train_options {
    const struct mlops_version *version; /* whose project it is */
    const char *command;
    int64_t timeout_ns;
    enum mlops_sandbox_wish sandbox;
};

/* Run it in the workspace, in whose tree it leaves what it makes. That it failed is its result
 * (status, message, output). The caller clears `result`. Errors: MLOPS_IO; MLOPS_CANCELLED. */
int train_run(struct mlops_registry *registry, const struct workspace *workspace,
              const struct train_options *options, struct mlops_suite_result *result,
              struct mlops_error *err);

#endif
