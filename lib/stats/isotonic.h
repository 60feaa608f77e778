/*
 * lib/stats/isotonic.h - scores calibrated: the increasing function of the score that is nearest to
 * the outcomes by least squares (pool adjacent violators: Ayer, Brunk, Ewing, Reid, Silverman
 * 1955), with straight lines between the fitted scores and the ends held, as scikit-learn's
 * IsotonicRegression.
 */
#ifndef STATS_ISOTONIC_H
#define STATS_ISOTONIC_H
#include "base/util.h"

/* Zeroed leaves scores as they are. */
struct isotonic {
    double *x, *y; /* knots, x increasing */
    size_t count;
};

/* Fit to pairs of a finite score and an outcome. Sorts both arrays. The caller clears it. */
void isotonic_fit(struct isotonic *isotonic, double *scores, double *outcomes, size_t count);
double isotonic_value(const struct isotonic *isotonic, double score);
void isotonic_clear(struct isotonic *isotonic);

#endif
