/* lib/quality/snapshot_table.h - a snapshot as text cells: what people wrote is what is judged. */
#ifndef QUALITY_SNAPSHOT_TABLE_H
#define QUALITY_SNAPSHOT_TABLE_H
#include "bundle/csv_keys.h"
#include "stats/profile.h"

struct snapshot_table {
    const char *name;        /* of the snapshot */
    const char *shown;       /* its path in the bundle */
    char *path;              /* where it lies now */
    const struct csv_keys *csv;
    struct profile *profile; /* made when it was packaged: its columns and their types */
};
void snapshot_table_clear(struct snapshot_table *table);

/* The place of column `name` in the profile; SIZE_MAX where there is none. */
size_t snapshot_table_place(const struct snapshot_table *table, const char *name);

/* Called for each batch: text columns, in the order that they were asked for. `first_row` counts
 * from 0; `reader` tells lines (table_line). */
typedef int (*snapshot_table_take)(void *context, const struct batch *batch,
                                   struct table_reader *reader, uint64_t first_row,
                                   struct mlops_error *err);

/* Read the columns `names`, `count` of them, until the end or until `take` fails. Errors: those of
 * the reader and of `take`. */
int snapshot_table_read(const struct snapshot_table *table, const char *const *names, size_t count,
                        snapshot_table_take take, void *context, struct mlops_error *err);

/*
 * Append what makes a cell equal to others: numbers by their value, so that 1 is 1.0 (whole ones of
 * any length digit by digit), times by their instant, all else by its bytes. `type` is the column's;
 * what is not of it goes by its bytes.
 */
void cell_key(struct text_view cell, bool missing, enum column_type type, struct buffer *key);

#endif
