/* tests/unit/stats/test_changepoint.c - where the shares of categories changed. The expected values
 * are of the formula written out in Python 3.11 (fractions to floats, math.log), 2026-11-29. */
#include "stats/changepoint.h"
#include "stats/random.h"
#include "test.h"
#include <math.h>

static void the_change_is_found_where_it_is(void **state)
{
    (void)state;
    static const double counts[] = {10, 10, 9, 11, 11, 9, 10, 10, 2, 18, 3, 17, 2, 18, 3, 17};
    struct changepoint found = changepoint_find(counts, 8, 2);
    assert_int_equal(4, found.at);
    assert_true(fabs(found.statistic - 27.560865167057273) < 1e-9);
    assert_true(found.p <= 0.05);
}

static void rows_that_scatter_alike_have_no_change(void **state)
{
    (void)state;
    struct random random;
    double counts[40 * 3];
    size_t alarms = 0;
    random_init(&random, 7, 0, NULL);
    for (size_t trial = 0; trial < 200; trial++) {
        for (size_t row = 0; row < 40; row++) /* far more than multinomially */
            for (size_t cell = 0; cell < 3; cell++)
                counts[row * 3 + cell] = (double)random_below(&random, 1000);
        alarms += changepoint_find(counts, 40, 3).p <= 0.05;
    }
    assert_in_range(alarms, 0, 20); /* 10 are expected, 20 has a chance of 0.2 % */
}

static void too_few_rows_have_none(void **state)
{
    (void)state;
    static const double counts[] = {1, 2, 3, 4};
    assert_int_equal(0, changepoint_find(counts, 0, 2).at);
    assert_int_equal(0, changepoint_find(counts, 1, 2).at);
    assert_int_equal(1, changepoint_find(counts, 2, 2).at);
    static const double empty[6] = {0};
    assert_true(changepoint_find(empty, 3, 2).p > 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_change_is_found_where_it_is),
        cmocka_unit_test(rows_that_scatter_alike_have_no_change),
        cmocka_unit_test(too_few_rows_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
