/*
 * lib/stats/sum.h - sums that lose nothing to rounding, however many terms there are.
 *
 * Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974: what an
 * addition rounds away is kept and added at the end.
 */
#ifndef STATS_SUM_H
#define STATS_SUM_H
#include <math.h>

/* Zeroed is 0. */
struct sum {
    double value, lost;
};

static inline void sum_add(struct sum *sum, double term)
{
    double next = sum->value + term;
    sum->lost +=
        fabs(sum->value) >= fabs(term) ? (sum->value - next) + term : (term - next) + sum->value;
    sum->value = next;
}

static inline double sum_of(const struct sum *sum)
{
    return isfinite(sum->value) ? sum->value + sum->lost : sum->value;
}

#endif
