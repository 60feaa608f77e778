/*
 * lib/stats/pca.h - principal components of standardised rows: how far a row is from what the
 * first components make of it, and from the middle in the metric of the covariance.
 */
#ifndef STATS_PCA_H
#define STATS_PCA_H
#include "base/util.h"

struct pca {
    size_t width;
    double *means, *scales; /* of the columns; a column without spread has the scale 1 */
    double *variances;      /* along the components, largest first */
    double *components;     /* width x width, a row each, of length 1 */
    size_t kept; /* the first of them that carry more than the wanted share of variance */
    size_t rank; /* components with a variance to speak of */
};

/*
 * Fit to `rows` rows of `width` numbers, all finite, with weights of which at least one is
 * positive; a row of weight 0 is as if it was not there. Columns are standardised by their
 * population deviations as scikit-learn's StandardScaler does it, components are those of its PCA
 * with n_components=share: the fewest whose share of the variance is above `share`, 0…1. The caller
 * clears it.
 */
void pca_fit(const double *x, const double *weights, size_t rows, size_t width, double share,
             struct pca *pca);
void pca_clear(struct pca *pca);

/*
 * Of `rows` rows, not standardised: `residuals` gets the Euclidean distance between each and its
 * reconstruction of the kept components, the error of one row of NannyML's
 * DataReconstructionDriftCalculator, and `distances` what pca_distance says.
 */
void pca_measure(const struct pca *pca, const double *x, size_t rows, double *residuals,
                 double *distances);

/* `z`, width long, gets `row` standardised: what pca_distance takes. */
void pca_standardise(const struct pca *pca, const double *row, double *z);

/*
 * The squared Mahalanobis distance of a row by the population covariance of the rows that were
 * fitted, within the space that they span; what lies outside of that does not count. `parts`, NULL
 * or `width` long, gets what each column contributes: they add up to the distance, and may be
 * negative. The leverage of one of n fitted rows in a linear model with a constant is
 * (1 + distance) / n, and (1 + rank) / n on average (Belsley, Kuh and Welsch, Regression
 * Diagnostics, 1980, section 2.1).
 */
double pca_distance(const struct pca *pca, const double *z, double *parts);

#endif
