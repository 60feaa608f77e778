/* lib/trial/environment.h - what a suite sees of the caller's environment. */
#ifndef TRIAL_ENVIRONMENT_H
#define TRIAL_ENVIRONMENT_H
#include "bundle/project.h"
#include <mlops/registry.h>

/* Folders of the suite's own, as it sees them. */
struct environment_places {
    const char *home; /* NULL: the caller's */
    const char *scratch;
    const char *tree; /* where it runs */
};

/* "NAME=value" strings, NULL-terminated, for `suite` of `version`: those of this process that
 * docs/testing.md names, and what is set for every suite. The caller frees with strings_free. */
char **environment_make(const struct mlops_version *version, const struct project_suite *suite,
                        const struct environment_places *places);

#endif
