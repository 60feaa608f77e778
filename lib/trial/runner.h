/* lib/trial/runner.h - one suite run to its verdict. */
#ifndef TRIAL_RUNNER_H
#define TRIAL_RUNNER_H
#include "bundle/project.h"
#include <mlops/trial.h>

/* What came of a suite, beyond what its result tells. Zeroed is empty. */
struct suite_outcome {
    int exit_status; /* of its command; -1 where a signal ended it or it did not run */
    int signal;      /* that ended it, 0 if none */
    char *tail;      /* the end of what it printed, text; NULL where it did not run */
    char *positive;  /* the text that was taken for the positive class; NULL where it is 1 */
};
void suite_outcome_clear(struct suite_outcome *outcome);

/*
 * Run `suite` of `version` in the folder `tree`, a fresh checkout of it, and judge it. A failure of
 * the suite is its status, not an error. The caller clears `outcome`, and `result` with
 * suite_result_clear, also after an error.
 */
int suite_run(struct mlops_registry *registry, const struct mlops_version *version,
              const struct project_suite *suite, const char *tree,
              struct mlops_suite_result *result, struct suite_outcome *outcome,
              struct mlops_error *err);
void suite_result_clear(struct mlops_suite_result *result);

#endif
