/*
 * lib/table/cut.h - a CSV file cut in two by its columns, every cell byte for byte as it stands.
 */
#ifndef TABLE_CUT_H
#define TABLE_CUT_H
#include "base/util.h"

#define TABLE_CUT_MAX 4096 /* columns of a table that can be cut */

/*
 * Write the columns of the CSV file `path` that `columns` (NULL-terminated, 1 or more) names to the
 * file `taken`, in the order of the table, and all others to `kept`; `*rows` says how many rows each
 * has. The separator is the one of , ; tab | by which the first record has the columns. Empty lines
 * are no rows.
 * Errors: MLOPS_NOT_FOUND no such file; MLOPS_INVALID no such column, no other column, a row of
 * another width, a cell of `columns` that is empty, a quote that is never closed, or it is no plain
 * CSV; MLOPS_IO.
 */
int table_cut(const char *path, const char *const *columns, const char *kept, const char *taken,
              uint64_t *rows, struct mlops_error *err);

#endif
