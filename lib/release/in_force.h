/*
 * lib/release/in_force.h - the policy that holds for a model: its own, else the registry's, else
 * the default; read from the log, with a releaser's word where there are releasers.
 */
#ifndef RELEASE_IN_FORCE_H
#define RELEASE_IN_FORCE_H
#include "release/policy.h"
#include "trust/trusted.h"

struct in_force {
    struct policy policy;
    char model[MLOPS_NAME_MAX + 1]; /* whose it is; "": the registry's or the default */
    uint64_t number;                /* 1, 2 … of that model; 0: the default */
    uint64_t entry;                 /* of the log, that put it in force */
    char sha256[65];                /* of its canonical JSON */
};

/* `trusted` is of the same view. The caller clears `in_force`. Errors: MLOPS_INTEGRITY the policy
 * was changed behind the log's back, or put in force by somebody who is no releaser. */
int in_force_read(const struct log_view *view, const struct mlops_trust_list *trusted,
                  const char *model, struct in_force *in_force, struct mlops_error *err);
void in_force_clear(struct in_force *in_force);
/* "policy 3 of fraud", "policy 1 of the registry", "the default policy"; the caller frees. */
char *in_force_name(const struct in_force *in_force);

#endif
