/*
 * lib/stats/paired_bootstrap.h - the bootstrap of pairs: how certain the differences of any figures
 * of two models on the same rows are.
 *
 * Rows are drawn with replacement, in each stratum as many as it has, and both models are measured
 * on the same draw (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, sections 8
 * and 13.3; SciPy's bootstrap(paired=True, method="percentile")). Of many rows fewer are drawn, and
 * what the replicates deviate is scaled (stats/sample.h): the interval is that of all rows.
 */
#ifndef STATS_PAIRED_BOOTSTRAP_H
#define STATS_PAIRED_BOOTSTRAP_H
#include "stats/interval.h"

#define PAIRED_ROWS_MAX 16384 /* that are drawn, unless a stratum would have too few */
#define PAIRED_STRATUM_LEAST 200
#define PAIRED_ROWS_LIMIT 131072 /* and whatever strata there are */

/* Measure both models on rows[0 … count-1], numbers of rows, each as often as it was drawn: fill in
 * `differences`, the first's less the second's, NaN where one is not defined. Called by many
 * threads. */
typedef int (*paired_measure)(const void *context, const size_t *rows, size_t count,
                              double *differences, struct mlops_error *err);

struct paired_bootstrap {
    size_t rows;
    const uint32_t *strata; /* of each row, below `stratum_count`; NULL: all are of one */
    uint32_t stratum_count;
    paired_measure measure;
    const void *context;
    size_t values;       /* how many differences there are */
    const double *point; /* on all rows */
    double confidence;
    uint64_t seed;
    size_t replicates; /* 0: METRIC_REPLICATES */
};

/* The interval of each difference; none where more than one replicate in twenty has none.
 * Errors: those of `measure`; MLOPS_IO not enough memory, or threads. */
int paired_bootstrap(const struct paired_bootstrap *bootstrap, struct interval *intervals,
                     struct mlops_error *err);

#endif
