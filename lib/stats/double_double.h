/*
 * lib/stats/double_double.h - a number as the unevaluated sum of two doubles, some 106 bits of it.
 *
 * What an addition rounds away is a double itself, and Knuth's TwoSum gives it without asking which
 * term is larger (The Art of Computer Programming, volume 2, 4.2.2, theorem B; Dekker, "A
 * floating-point technique for extending the available precision", 1971).
 */
#ifndef STATS_DOUBLE_DOUBLE_H
#define STATS_DOUBLE_DOUBLE_H
#include <math.h>

/* `high` is the double nearest to the sum; where it is not finite, `low` is 0. Zeroed is 0. */
struct double_double {
    double high, low;
};

static inline struct double_double two_sum(double a, double b)
{
    double high = a + b, of_b = high - a;
    double low = (a - (high - of_b)) + (b - of_b);
    return (struct double_double){high, isfinite(low) ? low : 0};
}

static inline struct double_double double_double_plus(struct double_double a, double b)
{
    struct double_double sum = two_sum(a.high, b);
    return two_sum(sum.high, sum.low + a.low);
}

/* a - b, rounded once: exact to the last bits of a double however near the two are. */
static inline double double_double_distance(struct double_double a, struct double_double b)
{
    struct double_double distance = two_sum(a.high, -b.high);
    return distance.high + (distance.low + (a.low - b.low));
}

#endif
