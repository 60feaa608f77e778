/*
 * lib/bundle/requirement.h - one demand on a metric: `>= 0.85`, `<= production + 0.01`.
 *
 * Grammar: COMPARISON TERM [("+" | "-") NUMBER] ["at" NUMBER "%"], COMPARISON one of >= > <= < ==,
 * TERM a number or the name of a stage, whose version's recorded metric is then meant. "at 95%" is
 * for numbers and not for ==: the end of the metric's interval that is nearer to the bound must
 * meet it, too.
 */
#ifndef BUNDLE_REQUIREMENT_H
#define BUNDLE_REQUIREMENT_H
#include "base/util.h"

struct requirement {
    char comparison[3];
    char stage[MLOPS_STAGE_MAX + 1]; /* empty: an absolute bound */
    double offset;                   /* the bound itself, or what is added to the stage's value */
    double confidence;               /* of the interval that must meet it; 0: the value alone */
};

/* Errors: MLOPS_INVALID, saying what was expected where. */
int requirement_parse(const char *text, struct requirement *requirement, struct mlops_error *err);

/* Is `value` good enough against `bound` (with the offset added already)? NaN never is. */
bool requirement_met(const struct requirement *requirement, double value, double bound);

#endif
