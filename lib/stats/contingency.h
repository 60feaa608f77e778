/*
 * lib/stats/contingency.h - do two samples come from one distribution? Tests of counts, and many
 * tests at once. Counts are of the same `n` cells; cells that are empty in both do not count.
 */
#ifndef STATS_CONTINGENCY_H
#define STATS_CONTINGENCY_H
#include "stats/two_sample.h"

/* Pearson's chi-square of the 2 × n table. SciPy's chi2_contingency(correction=False). */
struct test_result test_chi_square(const double *p, const double *q, size_t n);

/* The likelihood-ratio test. SciPy's chi2_contingency(lambda_="log-likelihood",
 * correction=False). */
struct test_result test_g(const double *p, const double *q, size_t n);

/* Benjamini and Hochberg 1995: p-values so adjusted that those below a level have at most that
 * share of false discoveries among them. SciPy's false_discovery_control. */
void adjust_benjamini_hochberg(const double *p, size_t count, double *adjusted);

#endif
