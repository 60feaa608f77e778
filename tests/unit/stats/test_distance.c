/* tests/unit/stats/test_distance.c - distances against SciPy 1.10.1's numbers:
 *
 *     p = [10,20,30,40,0]; q = [40,30,20,5,5]
 *     a = [(i*37)%101 for i in range(200)]; b = [(i*53)%97+i/50 for i in range(150)]
 *     jensenshannon(p, q, base=2); ks_2samp(a, b).statistic; wasserstein_distance(a, b)
 *     PSI by numpy over p/100 and q/100 with zeros as 1e-4
 *     x = sort(concatenate([a, b])); H = arange(1, 350) / 350; sum(diff(x) * sqrt(H * (1 - H)))
 *
 *     a = [((i*7919)%20011)/100 for i in range(20011)]
 *     b = [((i*7919)%20011)/90 + 3 for i in range(15000)]
 *     ks_2samp(a, b).statistic; wasserstein_distance(a, b)
 */
#include "test.h"

#include "stats/distance.h"
#include <math.h>

static const double p[] = {10, 20, 30, 40, 0}, q[] = {40, 30, 20, 5, 5};

static void near(double expected, double value)
{
    if (!(fabs(expected - value) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g expected, %.17g found", expected, value);
}

static void discrete_distances_are_scipys(void **state)
{
    (void)state;
    near(0.46990377070875355, distance_jensen_shannon(p, q, 5));
    near(1.53489481365681, distance_psi(p, q, 5));
    near(0.45, distance_total_variation(p, q, 5));
    near(0, distance_jensen_shannon(p, p, 5));
    near(1, distance_jensen_shannon((double[]){1, 0}, (double[]){0, 2}, 2));
    assert_true(isnan(distance_psi(p, (double[5]){0}, 5)));
}

static void distances_of_samples_are_scipys(void **state)
{
    (void)state;
    struct kll *a = kll_new(), *b = kll_new();
    for (int i = 0; i < 200; i++)
        kll_update(a, i * 37 % 101);
    for (int i = 0; i < 150; i++)
        kll_update(b, i * 53 % 97 + i / 50.0);
    struct kll_view left, right, none = {0};
    kll_view_make(a, &left);
    kll_view_make(b, &right);
    near(0.04, distance_ks(&left, &right));
    near(1.5670666666666666, distance_wasserstein(&left, &right));
    near(39.14341637936896, distance_spread(&left, &right));
    near(0, distance_ks(&left, &left));
    near(0, distance_wasserstein(&right, &right));
    assert_true(isnan(distance_ks(&left, &none)));
    kll_view_clear(&left);
    kll_view_clear(&right);
    kll_free(a);
    kll_free(b);
}

static void sketches_of_many_values_come_near(void **state)
{
    (void)state;
    struct kll *a = kll_new(), *b = kll_new();
    for (int i = 0; i < 20011; i++)
        kll_update(a, i * 7919 % 20011 / 100.0);
    for (int i = 0; i < 15000; i++)
        kll_update(b, i * 7919 % 20011 / 90.0 + 3);
    struct kll_view left, right;
    kll_view_make(a, &left);
    kll_view_make(b, &right);
    double range = 20011 / 90.0 + 3;
    assert_true(fabs(distance_ks(&left, &right) - 0.11346666666666672) < 2 * KLL_RANK_ERROR);
    assert_true(fabs(distance_wasserstein(&left, &right) - 14.09359037037037) <
                2 * KLL_RANK_ERROR * range);
    kll_view_clear(&left);
    kll_view_clear(&right);
    kll_free(a);
    kll_free(b);
}

static void infinite_values_are_no_distance(void **state)
{
    (void)state;
    struct kll *a = kll_new(), *b = kll_new(), *only = kll_new();
    for (int i = 0; i < 10; i++) {
        kll_update(a, i);
        kll_update(b, i + 1);
    }
    kll_update(a, INFINITY);
    kll_update(a, -INFINITY);
    kll_update(b, -INFINITY);
    kll_update(only, INFINITY);
    struct kll_view left, right, all;
    kll_view_make(a, &left);
    kll_view_make(b, &right);
    kll_view_make(only, &all);
    near(1, distance_wasserstein(&left, &right));
    assert_true(isfinite(distance_spread(&left, &right)));
    assert_true(isnan(distance_wasserstein(&left, &all)));
    near(11.0 / 12, distance_ks(&left, &all)); /* but they are values that lie somewhere */
    kll_view_clear(&left);
    kll_view_clear(&right);
    kll_view_clear(&all);
    kll_free(a);
    kll_free(b);
    kll_free(only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discrete_distances_are_scipys),
        cmocka_unit_test(distances_of_samples_are_scipys),
        cmocka_unit_test(sketches_of_many_values_come_near),
        cmocka_unit_test(infinite_values_are_no_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
