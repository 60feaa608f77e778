/* lib/trial/reuse.h - what need not be run again, for the same has passed before. */
#ifndef TRIAL_REUSE_H
#define TRIAL_REUSE_H
#include "trial/runner.h"

/*
 * Put into `result` what the newest evidence of `suite` says, and set `cached`, where that is
 * "passed", was found from the same inputs (`inputs`, of trial/inputs.h), and in a sandbox as
 * `wish` wants it; never where the suite has the network. `level` is then that of the evidence.
 */
int reuse_suite(struct mlops_registry *registry, const struct mlops_version *version,
                const struct project_suite *suite, const char *inputs,
                enum mlops_sandbox_wish wish, struct mlops_suite_result *result,
                enum mlops_sandbox_level *level, struct mlops_error *err);

/* Does the newest scan of the bundle by this very scanner, with neither advisories nor anything
 * accepted, say that it is safe? */
int reuse_scan(struct mlops_registry *registry, const struct mlops_version *version, bool *safe,
               struct mlops_error *err);

#endif
