/* lib/trial/counts.h - how many tests a suite says it ran, by its JUnit XML or its TAP. */
#ifndef TRIAL_COUNTS_H
#define TRIAL_COUNTS_H
#include "base/util.h"
#include <mlops/trial.h>

/* The test cases of a JUnit report. Errors: MLOPS_INVALID not XML, with `what` and the line. */
int counts_of_junit(const char *text, size_t length, const char *what,
                    struct mlops_test_counts *counts, struct mlops_error *err);

/* The test points of TAP (testanything.org, versions 12 to 14): those of subtests, which are
 * indented, count in their parents. A TODO that fails is skipped; a test of the plan that did not
 * come, and "Bail out!", is an error. Errors: MLOPS_INVALID there is no plan and no test point. */
int counts_of_tap(const char *text, size_t length, const char *what,
                  struct mlops_test_counts *counts, struct mlops_error *err);

#endif
