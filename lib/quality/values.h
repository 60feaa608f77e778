/* lib/quality/values.h - what is expected of single values, over one reading of the table. */
#ifndef QUALITY_VALUES_H
#define QUALITY_VALUES_H
#include "quality/judged.h"
#include "quality/snapshot_table.h"
#include <stdatomic.h>

/*
 * Judge those of `items` that are judged here, `count` of them with their `results` beside them:
 * about the table's rows, types, missing values, ranges, accepted values, patterns, ages, and the
 * schema of another snapshot as far as it is a matter of values.
 * `others` has, beside them, the snapshot that a schema is taken from. `now_ns` is what ages are
 * held against; `*until_ns` becomes when the first of them is up, where there is one.
 * Errors: those of the reader; MLOPS_CANCELLED.
 */
int values_judge(const struct snapshot_table *table, const struct expectation *items,
                 struct mlops_expectation_result *results, size_t count,
                 const struct snapshot_table *const *others, int64_t now_ns, int64_t *until_ns,
                 const atomic_bool *stop, struct mlops_error *err);

#endif
