/*
 * lib/stats/delong.h - placement values of rows: what the variance of an AUC, and the covariance of
 * two on the same rows, are made of.
 *
 * DeLong, DeLong and Clarke-Pearson, "Comparing the Areas under Two or More Correlated Receiver
 * Operating Characteristic Curves", Biometrics 44, 1988; from ranks, as Sun and Xu, "Fast
 * Implementation of DeLong's Algorithm", IEEE Signal Processing Letters 21, 2014.
 */
#ifndef STATS_DELONG_H
#define STATS_DELONG_H
#include "base/util.h"

/*
 * For each row the share of the other class that its score stands on the right side of, a tie
 * counting one half: of a positive, the negatives below; of a negative, the positives above. The
 * mean over either class is the AUC, which is returned by `auc`; NaN without both classes.
 * `placements` has room for `count`. Scores are finite. Errors: MLOPS_IO not enough memory.
 */
int delong_placements(const bool *labels, const double *scores, size_t count, double *placements,
                      double *auc, struct mlops_error *err);

/* The covariance of two AUCs from their placements on the same rows; with the same twice, the
 * variance. NaN where a class has fewer than two rows. */
double delong_covariance(const bool *labels, const double *a, const double *b, size_t count);

#endif
