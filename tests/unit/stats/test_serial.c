/* tests/unit/stats/test_serial.c - correlation of autocorrelated series against SciPy 1.17.1
 * (stats.spearmanr, rankdata, t.sf, norm.ppf) and statsmodels 0.15.0 (tsa.stattools.acf of the
 * ranks with adjusted=True), put together by Pyper and Peterman's equation 1:
 *
 *     j = arange(1, n//5 + 1); inv = 1/n + 2/n * sum((n - j)/n * acf_x[j] * acf_y[j])
 *     ne = min(n, 1/inv); t = r * sqrt((ne - 2)/(1 - r*r)); p = 2*t.sf(abs(t), ne - 2)
 */
#include "test.h"

#include "stats/serial.h"
#include "stats/tail.h"
#include <math.h>

static void near(double expected, double value, double relative)
{
    if (!(fabs(expected - value) <= relative * fabs(expected)))
        fail_msg("%.17g expected, %.17g found", expected, value);
}

static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (double)(*state >> 33) / 2147483648.0 - 0.5;
}

/* Two series that remember `memory` of yesterday, of which the second has a share of the first. */
static void make(uint64_t *state, double memory, double share, double *x, double *y, size_t count)
{
    double u = 0, v = 0;
    for (size_t i = 0; i < count; i++) {
        u = memory * u + draw(state);
        v = memory * v + draw(state) + share * u;
        x[i] = u;
        y[i] = v;
    }
}

static void student_equals_scipys(void **state)
{
    static const struct {
        double t, freedom, p;
    } known[] = {{0, 3, 1},
                 {1, 1, 0.50000000000000011},
                 {2.5, 7.3, 0.039650234665600428},
                 {-2.5, 7.3, 0.039650234665600428},
                 {12, 28.25, 1.3140073525065627e-12},
                 {0.01, 0.5, 0.99460674363610468},
                 {40, 60, 5.7554804866273852e-45},
                 {3, 1e6, 0.0026998625414218001}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        near(known[i].p, tail_student_both(known[i].t, known[i].freedom), 1e-9);
}

static void correlations_equal_scipy_and_statsmodels(void **state)
{
    static const struct {
        size_t count;
        double memory;
        size_t cycle;
        double r, effective, p, low, high;
    } known[] = {
        {90, 0.8, 0, 0.6035395316294192, 23.893550397413687, 0.001840975488664227,
         0.22839329800196426, 0.82262991328060131},
        {90, 0.8, 7, 0.60561386179363708, 21.609908973499145, 0.0031073831111374981,
         0.20478736483479615, 0.83249386147162296},
        {40, 0.3, 0, 0.43621013133208264, 35.816709055692066, 0.0079946778519015861,
         0.1090620884760191, 0.67809760963096744},
        {40, 0.3, 7, 0.39043151969981238, 31.182581540092986, 0.02937217776145698,
         0.029292624850313611, 0.66141063431701308},
        {15, 0, 0, 0.66071428571428559, 14.582776908695486, 0.0083773553780233587,
         0.15712393070397573, 0.89161003740896205},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        double x[90], y[90];
        uint64_t seed = 12345;
        make(&seed, known[i].memory, 0.6, x, y, known[i].count);
        struct serial serial = serial_correlate(x, y, known[i].count, known[i].cycle, 0.95);
        assert_int_equal(known[i].count, serial.days);
        near(known[i].r, serial.r, 1e-12);
        near(known[i].effective, serial.effective, 1e-10);
        near(known[i].p, serial.p, 1e-9);
        near(known[i].low, serial.low, 1e-9);
        near(known[i].high, serial.high, 1e-9);
    }
}

/* Taken for independent days, three in ten of the former and seven in ten of the latter would be
 * below 0.05. */
static void series_that_know_nothing_of_each_other_seldom_go_together(void **state)
{
    static const double memories[] = {0, 0.8, 1};
    uint64_t seed = 7;
    (void)state;
    for (size_t m = 0; m < ARRAY_LENGTH(memories); m++) {
        size_t found = 0, trials = 1000;
        for (size_t i = 0; i < trials; i++) {
            double x[90], y[90];
            make(&seed, memories[m], 0, x, y, 90);
            found += serial_correlate(x, y, 90, 7, 0.95).p < 0.05;
        }
        if (found > 90)
            fail_msg("%zu of %zu at a memory of %g", found, trials, memories[m]);
    }
}

/* Low on the same two days of each week, and nothing else. */
static void a_common_week_is_no_correlation(void **state)
{
    uint64_t seed = 7;
    size_t found = 0;
    (void)state;
    for (size_t i = 0; i < 200; i++) {
        double x[90], y[90];
        make(&seed, 0.3, 0, x, y, 90);
        for (size_t day = 0; day < 90; day++) {
            x[day] += day % 7 > 4 ? 3 : 0;
            y[day] += day % 7 > 4 ? 5 : 0;
        }
        assert_true(serial_correlate(x, y, 90, 0, 0.95).p < 0.05);
        found += serial_correlate(x, y, 90, 7, 0.95).p < 0.05;
    }
    assert_true(found <= 20);
}

static void gaps_are_passed_over_and_too_few_days_say_nothing(void **state)
{
    double x[90], y[90];
    uint64_t seed = 5;
    (void)state;
    make(&seed, 0.5, 2, x, y, 90);
    for (size_t i = 0; i < 90; i += 9)
        x[i] = NAN;
    for (size_t i = 4; i < 90; i += 9)
        y[i] = INFINITY;
    struct serial serial = serial_correlate(x, y, 90, 7, 0.95);
    assert_int_equal(70, serial.days);
    assert_true(serial.p < 0.001 && serial.low > 0 && serial.high < 1);
    serial = serial_correlate(x, y, 16, 0, 0.95); /* of which 12 are known */
    assert_true(isnan(serial.r) && isnan(serial.p) && serial.days == 12);
    for (size_t i = 0; i < 90; i++)
        y[i] = 3;
    serial = serial_correlate(x, y, 90, 7, 0.95);
    assert_true(isnan(serial.r) && serial.days == 80);
    serial = serial_correlate(x, x, 90, 0, 0.95);
    assert_true(serial.r > 1 - 1e-12 && serial.p < 1e-6 && serial.high <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student_equals_scipys),
        cmocka_unit_test(correlations_equal_scipy_and_statsmodels),
        cmocka_unit_test(series_that_know_nothing_of_each_other_seldom_go_together),
        cmocka_unit_test(a_common_week_is_no_correlation),
        cmocka_unit_test(gaps_are_passed_over_and_too_few_days_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
