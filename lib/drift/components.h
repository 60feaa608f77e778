/*
 * lib/drift/components.h - whole rows held against the principal components of the reference.
 *
 * Two things that no column shows by itself. The reconstruction error: how much of a row is lost
 * when it is rebuilt from the components that carry 65 % of the reference's variance, on average
 * over the rows (NannyML, DataReconstructionDriftCalculator). It changes where columns go together
 * otherwise. And isolation by leverage: the share of rows that a model with a constant, fitted to
 * the reference, would call high-leverage points, with more than three times the average leverage
 * (Belsley, Kuh and Welsch 1980; the leverage is Mahalanobis's distance but for scale). Both over
 * the samples of rows of two profiles, encoded as encode.h says.
 */
#ifndef DRIFT_COMPONENTS_H
#define DRIFT_COMPONENTS_H
#include "stats/profile.h"

#define COMPONENTS_SHARE 0.65
#define RECONSTRUCTION_EFFECT 0.05 /* of the reference's error: less does not matter */
#define ISOLATION_EFFECT 0.01      /* of the rows */
#define LEVERAGE_CUT 3             /* times the average */

struct components {
    /* Mean over the rows; of the reference by the components that were fitted to it. NaN: the
     * profiles have no samples of rows, or too few for their columns. */
    double error_reference, error_current;
    double error_low, error_high; /* what lies outside of them is more than chance and effect */
    double isolated_reference, isolated_current; /* shares of the rows, 0…1 */
    double isolated_high;
    const char *isolated_by; /* the column that sets most of the current isolated rows apart; NULL:
                                there are none; belongs to `reference` */
};

/*
 * By the columns of both called `names`. Bounds are such that chance alone exceeds each in a share
 * `far` of tables: the mean of the reference's scores, corrected by cross-validation for having
 * been fitted to them, and about it a gamma distribution of the scores' variance and skewness, at
 * the sizes of both samples.
 */
struct components components_compare(const struct profile *reference, const struct profile *current,
                                     const char *const *names, size_t count, double far);

#endif
