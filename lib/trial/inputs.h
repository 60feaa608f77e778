/* lib/trial/inputs.h - everything that the result of a suite depends on, as one digest. */
#ifndef TRIAL_INPUTS_H
#define TRIAL_INPUTS_H
#include "base/hash.h"
#include "bundle/project.h"
#include "registry/registry.h"
#include <cjson/cJSON.h>

/*
 * The digest of the bundle, the suite, the environment that it sees, the programs and packages of
 * this machine as far as a glance at their folders tells, mlops itself, and, where the suite is
 * held against stages, what these hold, and
 * where it is compared with other versions, also those that `against` (may be NULL) asks for, which
 * these are. docs/testing.md, "What is not run again", lists them.
 */
int inputs_digest(struct mlops_registry *registry, const struct mlops_version *version,
                  const struct project_suite *suite, const char *const *against,
                  char hex[SHA256_HEX_SIZE], struct mlops_error *err);

/* Where a suite ran, for people who read its evidence: add `environment` to `body`, with the
 * variables that it saw (none of which is a secret), system, kernel, machine, processors, and
 * mlops. `isolated`: in namespaces. */
void inputs_describe(const struct mlops_version *version, const struct project_suite *suite,
                     bool isolated, cJSON *body);

#endif
