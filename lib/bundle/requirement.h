/*
 * lib/bundle/requirement.h - one demand on a metric: `>= 0.85`, `<= production + 0.01`.
 *
 * Grammar: COMPARISON TERM [("+" | "-") NUMBER], COMPARISON one of >= > <= < ==, TERM a number or
 * the name of a stage, whose version's recorded metric is then meant.
 */
#ifndef BUNDLE_REQUIREMENT_H
#define BUNDLE_REQUIREMENT_H
#include "base/util.h"

struct requirement {
    char comparison[3];
    char stage[MLOPS_STAGE_MAX + 1]; /* empty: an absolute bound */
    double offset;                   /* the bound itself, or what is added to the stage's value */
};

/* Errors: MLOPS_INVALID, saying what was expected where. */
int requirement_parse(const char *text, struct requirement *requirement, struct mlops_error *err);

/* Is `value` good enough against `bound` (with the offset added already)? NaN never is. */
bool requirement_met(const struct requirement *requirement, double value, double bound);

#endif
