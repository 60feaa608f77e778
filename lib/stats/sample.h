/*
 * lib/stats/sample.h - the bootstrap of rows, for figures that have no cells to draw from.
 *
 * Of many rows a part is drawn from, one out of each run of neighbours, and what its replicates
 * deviate is scaled by the root of the part's share of the whole (the m out of n bootstrap: Bickel,
 * Götze and van Zwet 1997).
 */
#ifndef STATS_SAMPLE_H
#define STATS_SAMPLE_H
#include "stats/interval.h"
#include "stats/metrics.h"

#define SAMPLE_ROWS_MAX 16384

/* Compute the values of `count` rows, row rows[i] taken times[i] times. Called by many threads. */
typedef void (*sample_evaluate)(const void *context, const size_t *rows, const uint32_t *times,
                                size_t count, double *values);

struct sample {
    size_t rows;         /* how many there are */
    const double *order; /* rows are given in ascending order of it; NULL: as they stand */
    sample_evaluate evaluate;
    const void *context;
    size_t values;       /* how many it computes */
    const double *point; /* on all rows */
    const struct metric_options *options;
};

/* The interval of each value. Errors: those of starting threads. */
int sample_intervals(const struct sample *sample, struct interval *intervals,
                     struct mlops_error *err);

#endif
