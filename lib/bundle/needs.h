/* lib/bundle/needs.h - which suites must have passed before a suite is run. */
#ifndef BUNDLE_NEEDS_H
#define BUNDLE_NEEDS_H
#include "bundle/project.h"

/* Is `other` one of those that `suite` needs: by its name, or that of its matrix? */
bool needs(const struct project_suite *suite, const struct project_suite *other);

/* Do all needs name suites, no suite name occur twice, and none wait for itself? Errors:
 * MLOPS_INVALID saying which. */
int needs_check(const struct project *project, struct mlops_error *err);

#endif
