/*
 * lib/bundle/requirement.h - one demand on a metric: `>= 0.85`, `<= production + 0.01`,
 * `not worse than production by 0.005 at 95%`.
 *
 * Grammar: COMPARISON TERM [("+" | "-") NUMBER] ["at" NUMBER "%"], COMPARISON one of >= > <= < ==,
 * TERM a number or the name of a stage, whose version's recorded metric is then meant. "at 95%" is
 * for numbers and not for ==: the end of the metric's interval that is nearer to the bound must
 * meet it, too.
 *
 * Or: ("not worse than" | "better than") REF ["by" NUMBER] ["at" NUMBER "%"]: a comparison on the
 * same rows with another version. REF is the name of a stage, or a stage with ~N, @VERSION of the
 * same model, or any reference with an @ or of a bundle. "at" is for this one-sided: above 50%.
 */
#ifndef BUNDLE_REQUIREMENT_H
#define BUNDLE_REQUIREMENT_H
#include "base/util.h"

#define REQUIREMENT_REF_MAX 255

enum requirement_kind {
    REQUIREMENT_BOUND,
    REQUIREMENT_NOT_WORSE, /* all below: `comparison` is empty, `offset` the margin */
    REQUIREMENT_BETTER,
};

struct requirement {
    enum requirement_kind kind;
    char ref[REQUIREMENT_REF_MAX + 1]; /* that it is compared with, as it was written */
    char comparison[3];
    char stage[MLOPS_STAGE_MAX + 1]; /* empty: an absolute bound */
    double offset;                   /* the bound itself, or what is added to the stage's value */
    double confidence;               /* of the interval that must meet it; 0: the value alone */
};

/* Errors: MLOPS_INVALID, saying what was expected where. */
int requirement_parse(const char *text, struct requirement *requirement, struct mlops_error *err);

/* The whole reference that `ref` of a requirement on `model` stands for: "fraud@production". The
 * caller frees. */
char *requirement_reference(const char *model, const char *ref);

/* Is `value` good enough against `bound` (with the offset added already)? NaN never is. */
bool requirement_met(const struct requirement *requirement, double value, double bound);

#endif
