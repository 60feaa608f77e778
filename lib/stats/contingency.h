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

/* Two shares, `in_p` of `n` and `in_q` of `m`: z with the pooled variance, two-sided; z² is
 * Pearson's chi-square of the 2 × 2 table. 0 where all or none are in. Evidently's z. */
struct test_result test_proportions(double in_p, double n, double in_q, double m);

/* Fisher's exact test of the same 2 × 2 table, two-sided: the chance, both margins given, of a
 * table that is no likelier than this one. For any size, in steps that grow with its root. The
 * statistic is -log10(p), which is finite where p is too small for a double. SciPy's
 * fisher_exact. */
struct test_result test_fisher(double in_p, double n, double in_q, double m);

/* Benjamini and Hochberg 1995: p-values so adjusted that those below a level have at most that
 * share of false discoveries among them. SciPy's false_discovery_control. */
void adjust_benjamini_hochberg(const double *p, size_t count, double *adjusted);

#endif
