/*
 * lib/stats/curve.h - what looks at all thresholds at once, and at scores as probabilities.
 *
 * Rows are gathered in cells: neighbouring scores, at most a 1,024th of each class in one, and
 * none across the edge of a calibration bin. They are what the bootstrap draws from. Where a class
 * has up to 1,024 rows, each of its scores is a cell, and the bootstrap is that of the rows.
 */
#ifndef STATS_CURVE_H
#define STATS_CURVE_H
#include "stats/metrics.h"

enum curve_value {
    CURVE_AUC,
    CURVE_PR_AUC,
    CURVE_LOG_LOSS,
    CURVE_BRIER,
    CURVE_ECE,
    CURVE_KS,
    CURVE_LIFT,
    CURVE_RECALL_AT_FPR,
    CURVE_PRECISION_AT_FPR,
    CURVE_THRESHOLD_AT_FPR,
    CURVE_VALUES
};

/* [0] of negatives, [1] of positives. */
struct curve_cell {
    size_t from[2];
    uint64_t rows[2];
    double weight[2], square[2];             /* Σw, Σw² */
    double scores[2], losses[2], squares[2]; /* Σw·score, Σw·log loss, Σw·squared error */
    double score;                            /* the lowest in it */
    unsigned bin;                            /* of calibration */
};

struct curve {
    const struct ranking *ranking; /* borrowed */
    const struct metric_options *options;
    double values[CURVE_VALUES];
    double auc_variance; /* DeLong's; NaN where weights or too few rows forbid it */
    bool probabilities;  /* all scores are in 0…1 */
    struct curve_cell *cells;
    size_t cell_count, cell_capacity;
};

/* Walk over `ranking`. The caller clears `curve`. */
void curve_make(const struct ranking *ranking, const struct metric_options *options,
                struct curve *curve);
void curve_clear(struct curve *curve);

/* The values for other weights of the cells: `weight[2 * cell + label]`. */
void curve_evaluate(const struct curve *curve, const double *weight, double values[CURVE_VALUES]);

/* Intervals of all values by the bootstrap, stratified by label, of CURVE_AUC by DeLong where its
 * variance is known. Errors: those of starting threads. */
int curve_intervals(const struct curve *curve, struct interval intervals[CURVE_VALUES],
                    struct mlops_error *err);

#endif
