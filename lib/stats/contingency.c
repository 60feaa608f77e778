/* lib/stats/contingency.c - chi-square, G, z, Fisher; Benjamini-Hochberg. */
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

struct test_result test_proportions(double in_p, double n, double in_q, double m)
{
    if (n <= 0 || m <= 0)
        return no_answer;
    double share = (in_p + in_q) / (n + m), variance = share * (1 - share) * (1 / n + 1 / m);
    double z = variance > 0 ? (in_q / m - in_p / n) / sqrt(variance) : 0;
    return (struct test_result){z, tail_normal_both(z)};
}

/* A 2 × 2 table by its margins: of `all` rows `n` are of the first sample, and `in` are of the
 * kind that is counted. */
struct margins {
    double all, n, in;
};

/* How much likelier x + 1 of them are in the first sample than x. */
static double likelier(const struct margins *t, double x)
{
    return (t->n - x) / (x + 1) * ((t->in - x) / (t->all - t->n - t->in + x + 1));
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* Weights relative to that of the mode, from there in both directions until nothing is added; so
 * no term is a quotient of factorials, and rounding grows with the steps alone. Equally likely
 * tables differ by rounding: hence TIE. */
static double fisher_p(const struct margins *t, double x)
{
    static const double TIE = 1 + 1e-10;
    double low = fmax(0, t->n + t->in - t->all), high = fmin(t->n, t->in);
    double mode = floor((t->n + 1) * (t->in + 1) / (t->all + 2));
    mode = fmin(fmax(mode, low), high);
    double seen = 1, total = 0, extreme = 0, weight = 1;
    for (double at = mode; at > x; at--)
        seen /= likelier(t, at - 1);
    for (double at = mode; at < x; at++)
        seen *= likelier(t, at);
    for (double at = mode; at <= high && weight > 0; at++) {
        total += weight;
        extreme += weight <= seen * TIE ? weight : 0;
        weight *= at < high ? likelier(t, at) : 0;
    }
    weight = 1;
    for (double at = mode; at > low && weight > 0; at--) {
        weight /= likelier(t, at - 1);
        total += weight;
        extreme += weight <= seen * TIE ? weight : 0;
    }
    return fmin(extreme / total, 1);
}

struct test_result test_fisher(double in_p, double n, double in_q, double m)
{
    if (n <= 0 || m <= 0)
        return no_answer;
    struct margins table = {n + m, n, in_p + in_q};
    double p = fisher_p(&table, in_p);
    double digits =
        p > 0 ? -log10(p)
              : -(log_choose(n, in_p) + log_choose(m, in_q) - log_choose(n + m, in_p + in_q)) /
                    M_LN10;
    return (struct test_result){p < 1 ? digits : 0, p};
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
