/* lib/stats/order.c - order statistics: quantiles and their intervals by binomial counts. */
#include "stats/order.h"
#include <math.h>

double order_quantile(const double *sorted, size_t count, double q)
{
    if (count == 0)
        return NAN;
    double rank = ceil(q * (double)count * (1 - 1e-12)); /* 0.9 of 10 is 9, whatever doubles say */
    size_t at = rank < 1 ? 1 : (size_t)rank;
    return sorted[(at > count ? count : at) - 1];
}

/* ln of the probability that exactly `k` of `n` values lie below the quantile. */
static double log_binomial(size_t k, size_t n, double q)
{
    double a = (double)k, b = (double)n;
    return lgamma(b + 1) - lgamma(a + 1) - lgamma(b - a + 1) + a * log(q) + (b - a) * log1p(-q);
}

struct interval order_interval(const double *sorted, size_t count, double q, double confidence)
{
    struct interval interval = {.low = NAN, .high = NAN, .method = INTERVAL_ORDER};
    double alpha = (1 - confidence) / 2, below = 0;
    size_t low = 0, high = 0; /* ranks, from 1; 0: none */
    for (size_t k = 0; k <= count && high == 0; k++) {
        below += exp(log_binomial(k, count, q)); /* P(at most k values lie below) */
        if (below <= alpha && k < count)
            low = k + 1; /* then value k+1 is above the quantile in at most alpha */
        if (below >= 1 - alpha && k < count)
            high = k + 1;
    }
    if (low > 0)
        interval.low = sorted[low - 1];
    if (high > 0)
        interval.high = sorted[high - 1];
    return interval;
}
