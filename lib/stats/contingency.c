/* lib/stats/contingency.c - chi-square, G, proportions, Fisher; Benjamini-Hochberg. */
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

struct test_result test_fit(const double *p, const double *q, size_t n)
{
    double in_p = sum_of(p, n), in_q = sum_of(q, n), statistic = 0, freedom = -1;
    if (in_p <= 0 || in_q <= 0)
        return no_answer;
    for (size_t i = 0; i < n; i++) {
        if (p[i] + q[i] <= 0)
            continue;
        statistic += pearson_term(q[i], p[i] / in_p * in_q); /* infinite where p has none */
        freedom++;
    }
    return (struct test_result){statistic, freedom > 0 ? tail_chi_square(statistic, freedom) : 1};
}

struct test_result test_proportions(double a, double n, double b, double m)
{
    if (!(n > 0) || !(m > 0))
        return no_answer;
    double pooled = (a + b) / (n + m);
    double error = sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
    if (!(error > 0))
        return (struct test_result){0, 1}; /* all or none in both */
    double z = (a / n - b / m) / error;
    return (struct test_result){z, tail_normal_both(z)};
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

struct test_result test_fisher(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    static const double slack = 1e-7; /* equal likelihoods that rounding parts, as SciPy has it */
    double row = (double)(a + b), other = (double)(c + d), column = (double)(a + c);
    double whole = log_choose(row + other, column), least = fmax(0, column - other);
    double seen = log_choose(row, (double)a) + log_choose(other, (double)c), p = 0;
    for (double k = least; k <= fmin(row, column); k++) {
        double chance = log_choose(row, k) + log_choose(other, column - k);
        if (chance <= seen + slack)
            p += exp(chance - whole);
    }
    double odds = (double)a * (double)d / ((double)b * (double)c);
    return (struct test_result){odds, fmin(p, 1)};
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
