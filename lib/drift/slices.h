/*
 * lib/drift/slices.h - the rows of a table counted apart: by spans of time, or by the values of a
 * column, and in each slice by cells of every compared column.
 *
 * Cells are cut by the reference alone, since they must be known before the first row: of numbers
 * its twentieths and what lies outside its range, of texts its most frequent values and one cell
 * for all others; the last cell is of missing values. Memory depends on columns, not on rows: when
 * there are too many spans, they become longer and are joined; values beyond the most frequent ones
 * of the reference share a slice.
 */
#ifndef DRIFT_SLICES_H
#define DRIFT_SLICES_H
#include "stats/profile.h"

#define SLICES_CELLS_MAX 32 /* of a column, that of missing values too */
#define SLICES_SPANS_MAX 96
#define SLICES_VALUES_MAX 24 /* slices of values; one more has the others */

struct slice {
    int64_t from_ns, to_ns; /* spans: this one's rows, `to_ns` exclusive */
    char *value;            /* values: which, fit to be shown; NULL: all others */
    bool missing;           /* values: where there is none */
    uint64_t rows;
    uint64_t *counts; /* the cells of all columns: slices_cells says where whose begin */
};

struct slices;

/* For tables whose columns are those of `schema`; those called `names` are counted, which are all
 * in both. `reference` must outlive it. The caller frees it. */
struct slices *slices_new_spans(const struct profile *reference, const struct table_schema *schema,
                                const char *const *names, size_t count, const char *time);
/* `column` has bool, category or text values in the reference. */
struct slices *slices_new_values(const struct profile *reference, const struct table_schema *schema,
                                 const char *const *names, size_t count, const char *column);
void slices_close(struct slices *slices);
DEFINE_CLEANUP(struct slices, slices_close)

/* Batches of that schema. Rows whose time is missing are in no span. */
void slices_add(struct slices *slices, const struct batch *batches, size_t count);

/* Spans in the order of time; values as they are frequent in the reference, then all others, then
 * missing ones, the same for every table. Valid until the next slices_add. */
const struct slice *slices_all(const struct slices *slices, size_t *count);
/* Where the cells of column `i` (of `names`) begin in `counts`, and how many they are. */
size_t slices_cells(const struct slices *slices, size_t i, size_t *cells);
/* What the reference has in the cells of column `i`: shares of all rows. */
void slices_reference(const struct slices *slices, size_t i, double shares[SLICES_CELLS_MAX]);

#endif
