/*
 * lib/stats/row_sample.h - a sample of the different rows of a table, each with how often it came.
 *
 * The rows with the smallest hashes ("bottom k": Cohen and Kaplan 2007; "k minimum values": Beyer et
 * al., "On Synopses for Distinct-Value Estimation Under Multiset Operations", SIGMOD 2007). A row
 * that is in the sample at the end was in it since it first came, so that its count is exact. Which
 * rows are in depends on the rows alone: in any order, cut and merged in any way, the sample is the
 * same. It tells of duplicates, and of how columns go together.
 */
#ifndef STATS_ROW_SAMPLE_H
#define STATS_ROW_SAMPLE_H
#include "base/util.h"
#include "stats/wire.h"

#define ROW_SAMPLE_MAX 1024         /* rows; fewer where there are many columns: */
#define ROW_SAMPLE_CELLS 131072     /* no more cells than these */
#define ROW_SAMPLE_COLUMNS_MAX 200U /* the first so many columns; the hash is of all */

/* A cell is the bits of a double, which of a text is the lower half of its hash; missing ones are 0xffff… . */
#define ROW_CELL_MISSING UINT64_MAX

struct row_sample;

/* For tables of `columns` columns; of which the first ROW_SAMPLE_COLUMNS_MAX are kept. */
struct row_sample *row_sample_new(size_t columns);
void row_sample_free(struct row_sample *sample);

/* Rows with a hash above this are of no use: the caller need not gather their cells. */
uint64_t row_sample_threshold(const struct row_sample *sample);
/* There was such a row. */
void row_sample_pass_over(struct row_sample *sample);
/* `cells`: row_sample_columns of them. */
void row_sample_update(struct row_sample *sample, uint64_t hash, uint64_t count,
                       const uint64_t *cells);
/* Both are of the same number of columns. */
void row_sample_merge(struct row_sample *sample, const struct row_sample *other);

size_t row_sample_rows(const struct row_sample *sample);    /* different ones in the sample */
size_t row_sample_columns(const struct row_sample *sample); /* kept of each */
/* Is every different row of the table in it? */
bool row_sample_is_whole(const struct row_sample *sample);
/* Row `i`, in the order of the hashes: its cells, valid until the next update, and how often it
 * came. */
const uint64_t *row_sample_row(const struct row_sample *sample, size_t i, uint64_t *count);
/* Rows drawn one by one that tell as much as the sample does of a mean over the table's rows: all
 * of them where it is whole, otherwise Kish's effective size, (sum of weights)^2 / sum of squares
 * (Survey Sampling, 1965). */
double row_sample_worth(const struct row_sample *sample);
/* Share of the rows that had come before, 0…1. */
double row_sample_duplicates(const struct row_sample *sample);

void row_sample_encode(const struct row_sample *sample, struct buffer *out);
/* NULL, with `wire->failed` set, where it is damaged or of another number of columns. */
struct row_sample *row_sample_decode(struct wire *wire, size_t columns);

#endif
