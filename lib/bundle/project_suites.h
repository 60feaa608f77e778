/*
 * lib/bundle/project_suites.h - the part `tests` of a project file. Its data and its predict
 * command must have been read before, for suites speak of them.
 */
#ifndef BUNDLE_PROJECT_SUITES_H
#define BUNDLE_PROJECT_SUITES_H
#include "bundle/checker.h"

/* Read the map `tests` into the suites of `project`, one for each combination of a matrix.
 * Errors: MLOPS_INVALID with file and line. */
int project_read_suites(const struct checker *checker, const struct yaml_node *tests,
                        struct project *project);

#endif
