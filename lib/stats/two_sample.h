/*
 * lib/stats/two_sample.h - do two samples come from one distribution? Tests of numbers.
 *
 * A sample is a kll_view: sorted values with the count of all values up to each. Made from rows
 * (sample_view) everything is exact; made from a sketch, ranks have the sketch's error, and so have
 * the statistics. A test that has no answer, as a sample is empty, gives NaN.
 */
#ifndef STATS_TWO_SAMPLE_H
#define STATS_TWO_SAMPLE_H
#include "stats/kll.h"

struct test_result {
    double statistic;
    double p; /* that it is at least so large without a difference */
};

/* The view of `count` values, which are sorted; none may be NaN. The caller clears it. */
void sample_view(double *values, size_t count, struct kll_view *view);

/* Kolmogorov-Smirnov, two-sided; p exact (without ties) up to n·m = 10^7, Kolmogorov's limit
 * above. SciPy's ks_2samp(method="exact") and, above, special.kolmogorov(sqrt(nm/(n+m)) D). */
struct test_result test_ks(const struct kll_view *a, const struct kll_view *b);

/* Cramér-von Mises: nm/(n+m)² Σ (F - G)² over the values of both samples (Anderson 1962, equation
 * 2), p by the limit. SciPy's cramervonmises_2samp(method="asymptotic") where no two values are
 * equal; where some are, SciPy puts midranks into a formula that holds for ranks (equations 9 and
 * 12), which grows with the number of equal values even where the two samples do not differ. */
struct test_result test_cramer_von_mises(const struct kll_view *a, const struct kll_view *b);
/* Its statistic alone, NaN where there is none: the p-value takes many times as long. */
double statistic_cramer_von_mises(const struct kll_view *a, const struct kll_view *b);

/* Anderson-Darling of two samples, ties by midranks, standardised (Scholz and Stephens 1987,
 * equation 7); p interpolated between 0.25 and 0.001, and held there. SciPy's anderson_ksamp. */
struct test_result test_anderson_darling(const struct kll_view *a, const struct kll_view *b);

#endif
