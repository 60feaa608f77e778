/* lib/table/convert.h - cells into a batch of typed columns. */
#ifndef TABLE_CONVERT_H
#define TABLE_CONVERT_H
#include "table/cells.h"
#include "table/header.h"

/* A batch and its memory, used again and again. Zeroed is empty. */
struct typed {
    struct column *columns;
    size_t column_count;
    char *memory;
    size_t capacity;
    struct batch batch;
};
void typed_clear(struct typed *typed);

/* Room for `rows` values of each column of `schema`: the batch's arrays, which the caller fills. */
void typed_begin(struct typed *typed, const struct table_schema *schema, size_t rows);

/*
 * All rows of `cells`. The texts of the batch point into what `cells` has.
 * Errors, with cells->bad_line: MLOPS_INVALID a cell is not of its column's type, unless
 * `count_misfits`.
 */
int convert(struct cells *cells, const struct header *header, bool count_misfits,
            struct typed *typed, struct mlops_error *err);

/* The types of the columns that nobody gave, by all rows of `cells`. */
void convert_infer(const struct cells *cells, struct header *header);

#endif
