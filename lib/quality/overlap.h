/* lib/quality/overlap.h - rows that repeat others of their own table, or stand in another one. */
#ifndef QUALITY_OVERLAP_H
#define QUALITY_OVERLAP_H
#include "quality/judged.h"
#include "quality/snapshot_table.h"
#include <stdatomic.h>

/*
 * Judge `expectation`, of the kind unique or leakage; of the former `other` is NULL. Rows that lack
 * a value of a key that is named are in no comparison, as NULL in SQL; where rows are compared by all
 * columns that both tables have, missing values are equal. `folder` is for what does not fit into
 * memory. Errors: those of the reader; MLOPS_CANCELLED; MLOPS_IO.
 */
int overlap_judge(const struct snapshot_table *table, const struct snapshot_table *other,
                  const struct expectation *expectation, const char *folder,
                  struct mlops_expectation_result *result, const atomic_bool *stop,
                  struct mlops_error *err);

#endif
