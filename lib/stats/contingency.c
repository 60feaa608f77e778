/* lib/stats/contingency.c - chi-square, G; Benjamini-Hochberg. */
#include "stats/contingency.h"
#include "stats/tail.h"
#include <math.h>

static const struct test_result no_answer = {NAN, NAN};

static double sum_of(const double *counts, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += counts[i];
    return sum;
}

static double pearson_term(double observed, double expected)
{
    return (observed - expected) * (observed - expected) / expected;
}

static double g_term(double observed, double expected)
{
    return observed > 0 ? 2 * observed * log(observed / expected) : 0;
}

/* Σ of a term over both rows of the table, against what the margins let expect. */
static struct test_result two_rows(const double *p, const double *q, size_t n,
                                   double (*term)(double observed, double expected))
{
    double in_p = sum_of(p, n), in_q = sum_of(q, n), statistic = 0, freedom = -1;
    if (in_p <= 0 || in_q <= 0)
        return no_answer;
    for (size_t i = 0; i < n; i++) {
        double share = (p[i] + q[i]) / (in_p + in_q);
        if (share <= 0)
            continue;
        statistic += term(p[i], share * in_p) + term(q[i], share * in_q);
        freedom++;
    }
    return (struct test_result){statistic, freedom > 0 ? tail_chi_square(statistic, freedom) : 1};
}

struct test_result test_chi_square(const double *p, const double *q, size_t n)
{
    return two_rows(p, q, n, pearson_term);
}

struct test_result test_g(const double *p, const double *q, size_t n)
{
    return two_rows(p, q, n, g_term);
}

struct ranked {
    double p;
    size_t place;
};

static int by_p(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->p > y->p) - (x->p < y->p);
}

void adjust_benjamini_hochberg(const double *p, size_t count, double *adjusted)
{
    struct ranked *ranked = xcalloc(count + 1, sizeof(*ranked));
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){p[i], i};
    qsort(ranked, count, sizeof(*ranked), by_p);
    double least = 1;
    for (size_t i = count; i-- > 0;) {
        least = fmin(least, ranked[i].p * (double)count / (double)(i + 1));
        adjusted[ranked[i].place] = least;
    }
    free(ranked);
}
