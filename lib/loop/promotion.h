/* lib/loop/promotion.h - a version taken as far as policy lets it. */
#ifndef LOOP_PROMOTION_H
#define LOOP_PROMOTION_H
#include <mlops/registry.h>

struct promotion_goal {
    const struct mlops_version *version;
    const char *stage; /* that it is to enter */
    const char *reason;
};

/*
 * Through the stages that the policy wants it to come from, and into `stage`; where that is refused
 * and it entered none, into the nearest stage before it in the policy's order that lets it in.
 * `reached` is the last that it entered, "" none; `*refused` (the caller frees) the gates of the
 * first refusal, NULL where there was none. Errors: those of mlops_promote.
 */
int promote_far(struct mlops_registry *registry, const struct promotion_goal *goal,
                char reached[MLOPS_STAGE_MAX + 1], char **refused, struct mlops_error *err);

#endif
