/*
 * lib/registry/evaluation.h - rows of the table of evaluation sets, and what the log says of them.
 * include/mlops/evaluation.h has what they are.
 */
#ifndef REGISTRY_EVALUATION_H
#define REGISTRY_EVALUATION_H
#include "registry/log_view.h"
#include <mlops/evaluation.h>

/* Fill `set`'s name and model from "MODEL/NAME". Errors: MLOPS_INVALID. */
int evaluation_name(const char *name, struct mlops_evaluation *set, struct mlops_error *err);

/* Make the bundle of `set`, which is known, a set of that name, with its log entry. `*created` false
 * where it was one already. Errors: MLOPS_CONFLICT the name is another bundle's;
 * MLOPS_INTEGRITY the labels of the set are no texts. */
int evaluation_record(struct transaction *tx, const struct mlops_evaluation *set,
                      const char *reason, bool *created, struct mlops_error *err);

/* Which bundle `name` stands for now, by the log alone: a row that was changed decides nothing. ""
 * where there is no such set. Errors: MLOPS_INTEGRITY. */
int evaluation_in_force(const struct log_view *view, const char *name,
                        char bundle[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err);

#endif
