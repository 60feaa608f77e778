/*
 * lib/bundle/matrix.h - one suite of the project file repeated over parameters: a suite of its own
 * for each combination, so that each has its own evidence.
 */
#ifndef BUNDLE_MATRIX_H
#define BUNDLE_MATRIX_H
#include "bundle/project.h"

/* How many suites the map `suite` of the project file stands for, 1 without `matrix`. Errors:
 * MLOPS_INVALID with file and line: not a map from names to lists of single values, or more than
 * PROJECT_SUITES_MAX. */
int matrix_count(const struct yaml_node *suite, const char *what, size_t *count,
                 struct mlops_error *err);

/*
 * Make of `expanded`, read from the map `suite`, combination `index`: the last parameter changes
 * the fastest. Its name gets "-VALUE" for each, `{parameter}` in its command and predictions is
 * replaced, and it keeps the values. Nothing happens without `matrix`.
 */
void matrix_apply(const struct yaml_node *suite, size_t index, struct project_suite *expanded);

#endif
