/* lib/trial/environment.h - what a suite sees of the caller's environment. */
#ifndef TRIAL_ENVIRONMENT_H
#define TRIAL_ENVIRONMENT_H
#include "base/util.h"
#include <mlops/registry.h>

/* "NAME=value" strings, NULL-terminated, for suite `suite` of `version`: those of this process that
 * docs/testing.md names, and what is set for every suite. The caller frees with strings_free. */
char **environment_make(const struct mlops_version *version, const char *suite);

#endif
