/* lib/trial/runner.h - one suite run to its verdict. */
#ifndef TRIAL_RUNNER_H
#define TRIAL_RUNNER_H
#include "bundle/manifest.h"
#include <mlops/trial.h>

/*
 * Run `suite` of `version` in a workspace of its own and judge it. A failure of the suite is its
 * status, not an error. The caller clears `result` with suite_result_clear, also after an error.
 */
int suite_run(struct mlops_registry *registry, const struct mlops_version *version,
              const struct manifest *manifest, const struct project_suite *suite,
              struct mlops_suite_result *result, struct mlops_error *err);
void suite_result_clear(struct mlops_suite_result *result);

#endif
