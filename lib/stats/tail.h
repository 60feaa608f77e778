/*
 * lib/stats/tail.h - how likely a statistic is to be at least so large where there is no
 * difference: the upper tails of the distributions that tests of two samples need.
 */
#ifndef STATS_TAIL_H
#define STATS_TAIL_H
#include "base/util.h"

/* Chi-square with `freedom` degrees: the regularised incomplete gamma function Q(k/2, x/2) by its
 * series or its continued fraction (Abramowitz and Stegun 6.5.29, 6.5.31). SciPy's chi2.sf. */
double tail_chi_square(double x, double freedom);

/* |Z| of a standard normal variable is at least |z|. SciPy's 2 * norm.sf(abs(z)). */
double tail_normal_both(double z);

/* |T| of Student's t with `freedom` degrees, which need not be whole, is at least |t|: the
 * regularised incomplete beta function by its continued fraction (Abramowitz and
 * Stegun 26.5.8, 26.7.1). SciPy's 2 * t.sf(abs(t), freedom). */
double tail_student_both(double t, double freedom);

/* Kolmogorov's distribution, the limit of sqrt(nm/(n+m)) D (Smirnov 1948). SciPy's
 * special.kolmogorov. */
double tail_kolmogorov(double z);

/* D of two samples of `n` and `m` values without ties is at least `d`: the share of lattice paths
 * that leave the band (Hodges 1958), in n·m steps. SciPy's ks_2samp(method="exact"). */
double tail_ks_exact(double d, size_t n, size_t m);

/* The limit of the Cramér-von Mises statistic (Csörgő and Faraway 1996, equation 1.2). What SciPy's
 * cramervonmises_2samp(method="asymptotic") uses. */
double tail_cramer_von_mises(double x);

#endif
