/*
 * lib/trial/row_ids.h - what rows are called by a column of theirs, so that two tables of the same
 * rows in another order can be held against each other. Ids are told apart by their bytes: "1" and
 * "1.0" are two.
 */
#ifndef TRIAL_ROW_IDS_H
#define TRIAL_ROW_IDS_H
#include "table/table.h"

struct row_ids;

struct row_ids *row_ids_new(void);
void row_ids_free(struct row_ids *ids);

/* The id of the next row. Errors: MLOPS_IO not enough memory. */
int row_ids_add(struct row_ids *ids, struct text_view id, struct mlops_error *err);

/* When all were added. Errors: MLOPS_INVALID an id that stands in two rows; MLOPS_IO. */
int row_ids_index(struct row_ids *ids, struct mlops_error *err);

/*
 * Where the rows of `here` are in `there`: row i of `here` is row (*order)[i] of `there`. Both are
 * indexed; `names` says what they are called in messages, first `here`. The caller frees `*order`.
 * Errors: MLOPS_INVALID an id that is in one of them alone; MLOPS_IO.
 */
int row_ids_order(const struct row_ids *here, const struct row_ids *there,
                  const char *const names[2], size_t **order, struct mlops_error *err);

#endif
