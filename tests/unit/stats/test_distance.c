/* tests/unit/stats/test_distance.c - distances against SciPy 1.10.1's numbers:
 *
 *     p = [10,20,30,40,0]; q = [40,30,20,5,5]
 *     a = [(i*37)%101 for i in range(200)]; b = [(i*53)%97+i/50 for i in range(150)]
 *     jensenshannon(p, q, base=2); ks_2samp(a, b).statistic; wasserstein_distance(a, b)
 *     PSI by numpy over p/100 and q/100 with zeros as 1e-4
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
    near(0, distance_ks(&left, &left));
    assert_true(isnan(distance_ks(&left, &none)));
    kll_view_clear(&left);
    kll_view_clear(&right);
    kll_free(a);
    kll_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discrete_distances_are_scipys),
        cmocka_unit_test(distances_of_samples_are_scipys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
