/* tests/unit/stats/test_order.c - order statistics; the ranks are those of R's and SciPy's binomial
 * quantiles: scipy.stats.binom.ppf(0.025, n, q), and ppf(0.975, n, q) + 1. */
#include "test.h"

#include "stats/order.h"
#include <math.h>

static void quantiles_are_values_that_occurred(void **state)
{
    const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    (void)state;
    assert_true(order_quantile(values, 10, 0.5) == 5);
    assert_true(order_quantile(values, 10, 0.9) == 9);
    assert_true(order_quantile(values, 10, 0.99) == 10);
    assert_true(order_quantile(values, 1, 0.5) == 1);
    assert_true(isnan(order_quantile(values, 0, 0.5)));
}

static void intervals_have_the_ranks_of_the_binomial(void **state)
{
    double values[1000];
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        values[i] = (double)(i + 1);
    struct interval median = order_interval(values, 100, 0.5, 0.95);
    assert_true(median.low == 40 && median.high == 61);
    struct interval high = order_interval(values, 1000, 0.99, 0.95);
    assert_true(high.low == 983 && high.high == 997);
    struct interval few = order_interval(values, 100, 0.99, 0.95);
    assert_true(isnan(few.high)); /* 0.99^100 = 0.37: the largest may well lie below */
    assert_false(isnan(few.low));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_values_that_occurred),
        cmocka_unit_test(intervals_have_the_ranks_of_the_binomial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
