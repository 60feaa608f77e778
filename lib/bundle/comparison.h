/*
 * lib/bundle/comparison.h - what a comparison of two versions on the same rows came to: judged, and
 * as evidence has it.
 */
#ifndef BUNDLE_COMPARISON_H
#define BUNDLE_COMPARISON_H
#include "bundle/requirement.h"
#include <cjson/cJSON.h>
#include <mlops/trial.h>

/* Where intervals are not asked for, they are of this confidence, one-sided. */
#define COMPARISON_CONFIDENCE 0.95

void comparisons_free(struct mlops_comparison *comparisons, size_t count);

const struct mlops_difference *comparison_find(const struct mlops_comparison *comparison,
                                               const char *metric);

/* Add `comparisons` to `body` where there are any, and read them back; the caller frees. */
void comparisons_write(const struct mlops_comparison *comparisons, size_t count, cJSON *body);
struct mlops_comparison *comparisons_read(const cJSON *body, size_t *count);

/* Is the difference what `requirement`, of the kinds "not worse" and "better", asks for? The
 * figures in words; the caller frees. */
char *comparison_judge(const struct mlops_comparison *comparison,
                       const struct mlops_difference *difference,
                       const struct requirement *requirement, bool *met);

#endif
