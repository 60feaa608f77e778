/* lib/stats/paired_proportions.c - how certain the difference of two proportions of the same rows
 * is. */
#include "stats/paired.h"
#include <math.h>

/* Below so many rows that only one of the two got right, the normal approximation of the score is
 * not trusted alone. */
#define FEW 25
#define HALVINGS 200 /* of an interval: more than there are numbers in it */

/*
 * Tango's score of the hypothesis that the proportions differ by `by` (equation 7 of the paper):
 * the difference that was found less that, over its standard error where the hypothesis is true.
 * For 0 it is McNemar's. It falls as `by` grows.
 */
static double score(double only_a, double only_b, double n, double by)
{
    double a = 2 * n, b = (2 * n - only_a + only_b) * by - only_a - only_b;
    double c = -only_b * by * (1 - by);
    double share = (sqrt(fmax(b * b - 4 * a * c, 0)) - b) / (2 * a); /* of rows only b got right */
    double variance = n * (2 * share + by * (1 - by));
    double deviation = only_a - only_b - n * by;
    if (variance > 0)
        return deviation / sqrt(variance);
    return deviation > 0 ? INFINITY : deviation < 0 ? -INFINITY : 0;
}

/* Where the score is `z`. */
static double solve_score(double only_a, double only_b, double n, double z)
{
    double low = -1, high = 1;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (score(only_a, only_b, n, middle) > z)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

/* The share of the binomial distribution of `n` trials from `k` successes on; n is small. */
static double at_least(int k, int n, double p)
{
    double sum = 0, ways = 1;
    for (int i = 0; i <= n; i++) {
        if (i >= k)
            sum += ways * pow(p, i) * pow(1 - p, n - i);
        ways = ways * (n - i) / (i + 1);
    }
    return sum;
}

/* The least p of which `k` successes or more are as likely as `tail`: the lower end of the interval
 * of Clopper and Pearson (Biometrika 26, 1934). */
static double lower_exact(int k, int n, double tail)
{
    double low = 0, high = 1;
    for (int i = 0; k > 0 && i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (at_least(k, n, middle) < tail)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct interval paired_proportions(uint64_t only_a, uint64_t only_b, uint64_t count,
                                   double confidence)
{
    double a = (double)only_a, b = (double)only_b, n = (double)count;
    if (count == 0)
        return interval_none();
    double z = normal_quantile((1 + confidence) / 2);
    struct interval interval = {.low = solve_score(a, b, n, z),
                                .high = solve_score(a, b, n, -z),
                                .method = INTERVAL_MCNEMAR};
    uint64_t split = only_a + only_b;
    if (split == 0 || split >= FEW)
        return interval;
    /* p of the split, that is p - (1 - p) of its rows */
    double tail = (1 - confidence) / 2, share = (double)split / n;
    double low = lower_exact((int)only_a, (int)split, tail);
    double high = 1 - lower_exact((int)only_b, (int)split, tail);
    interval.low = fmin(interval.low, (2 * low - 1) * share);
    interval.high = fmax(interval.high, (2 * high - 1) * share);
    return interval;
}
