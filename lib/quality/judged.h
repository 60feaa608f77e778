/* lib/quality/judged.h - the result of one expectation while it comes about. */
#ifndef QUALITY_JUDGED_H
#define QUALITY_JUDGED_H
#include "bundle/expectation.h"
#include <mlops/trial.h>

#define EXAMPLES_MAX 5

/* An example more, unless there are enough; the value is made fit to be shown. */
void judged_example(struct mlops_expectation_result *result, uint64_t line, struct text_view value);

/* The verdict by its counts and what is tolerated, with a detail such as "3 of 1000 values (0.3 %):
 * 'UK' in line 42, …" or, where there are none, "none of 1000 rows". */
void judged_count(const struct expectation *expectation, const char *noun,
                  struct mlops_expectation_result *result);

/* The verdict and what led to it. */
void judged_say(struct mlops_expectation_result *result, bool met, const char *format, ...)
    MLOPS_PRINTF(3, 4);

#endif
