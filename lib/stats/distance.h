/*
 * lib/stats/distance.h - how far two distributions are apart.
 *
 * Discrete ones are given as counts over the same `n` cells, which need not be normalised; where
 * one of the two has no mass at all the distance is NaN.
 */
#ifndef STATS_DISTANCE_H
#define STATS_DISTANCE_H
#include "stats/kll.h"

/* Kolmogorov-Smirnov: the largest gap between the two distribution functions, 0…1. The statistic of
 * SciPy's ks_2samp; from sketches it may be off by twice KLL_RANK_ERROR. */
double distance_ks(const struct kll_view *a, const struct kll_view *b);

/* First Wasserstein (earth mover's) distance: the area between the two distribution functions, in
 * the column's unit. SciPy's wasserstein_distance. Infinite values are left out. */
double distance_wasserstein(const struct kll_view *a, const struct kll_view *b);

/* Energy distance, sqrt(2 ∫ (F - G)²): Székely 2003. SciPy's energy_distance. Infinite values are
 * left out. */
double distance_energy(const struct kll_view *a, const struct kll_view *b);

/* ∫ sqrt(H (1 - H)) with H the distribution function of both samples together, infinite values left
 * out: how much room sampling noise has to make an area of (docs/drift.md). */
double distance_spread(const struct kll_view *a, const struct kll_view *b);

/* Jensen-Shannon distance, the square root of the divergence to base 2, 0…1. SciPy's
 * spatial.distance.jensenshannon(p, q, base=2). */
double distance_jensen_shannon(const double *p, const double *q, size_t n);

/* Total variation: half the sum of the differences of the shares, 0…1. */
double distance_total_variation(const double *p, const double *q, size_t n);

/* Hellinger: sqrt(Σ (√p - √q)² / 2), 0…1; as NannyML has it. */
double distance_hellinger(const double *p, const double *q, size_t n);

/* L-infinity: the largest difference of a share, 0…1; as NannyML has it. */
double distance_l_infinity(const double *p, const double *q, size_t n);

/* Population stability index, Σ (q - p) ln(q / p) over the shares; a share of zero counts as
 * 0.0001. Siddiqi, "Credit Risk Scorecards", 2006. Zero or more, no upper bound. */
double distance_psi(const double *p, const double *q, size_t n);

#endif
