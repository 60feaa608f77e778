/* include/mlops/cost.h - what the errors of a model cost, in money, as its policy says. */
#ifndef MLOPS_COST_H
#define MLOPS_COST_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_cost {
    bool known;                     /* a policy says so */
    double fp, fn;                  /* of a false alarm, of a missed positive */
    char from[MLOPS_NAME_MAX + 48]; /* "policy 3 of fraud" */
};

/* What the policy in force for `model` says. Errors: MLOPS_NOT_FOUND no such model; MLOPS_INTEGRITY
 * the policy was changed behind the log's back. */
MLOPS_API int mlops_policy_cost(struct mlops_registry *registry, const char *model,
                                struct mlops_cost *cost, struct mlops_error *err);

MLOPS_END
#endif
