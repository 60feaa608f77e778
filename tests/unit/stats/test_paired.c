/* tests/unit/stats/test_paired.c - two models on the same rows against R 4.2.2: binom.test and
 * dbinom for McNemar's test; pROC 1.18.0's roc.test(method = "delong", paired = TRUE) on its data set
 * aSAH (113 patients; Turck et al. 2010). */
#include "test.h"

#include "stats/asah.h"
#include "stats/paired.h"
#include <math.h>

static void assert_close(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, not %.17g", found, expected);
}

static void mcnemar_equals_the_binomial_test_of_R(void **state)
{
    (void)state;
    static const struct {
        uint64_t only_a, only_b;
        double exact, mid_p; /* mid_p: 2 pbinom(k, n, 1/2) - dbinom(k, n, 1/2) */
    } known[] = {{86, 150, 3.7159361395714300e-05, 2.8933895176154746e-05},
                 {5, 12, 0.143463134765625056, 0.096252441406250125},
                 {1, 9, 0.021484375, 0.01171875},
                 {9, 1, 0.021484375, 0.01171875},
                 {0, 7, 0.015625, 0.0078125},
                 {40123, 39000, 6.6392845329944888e-05, 6.5411912486650043e-05}};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct mcnemar found = mcnemar(known[i].only_a, known[i].only_b);
        assert_close(found.exact, known[i].exact, 1e-9);
        assert_close(found.mid_p, known[i].mid_p, 1e-9);
    }
}

static void an_even_split_says_nothing(void **state)
{
    (void)state;
    static const uint64_t splits[] = {0, 4, 1000000};
    for (size_t i = 0; i < ARRAY_LENGTH(splits); i++) {
        struct mcnemar found = mcnemar(splits[i], splits[i]);
        assert_true(found.exact == 1 && found.mid_p == 1);
    }
    assert_true(mcnemar(UINT64_C(1) << 40, 1).exact == 0);
}

static void differences_of_auc_equal_those_of_pROC(void **state)
{
    (void)state;
    static const struct {
        const double *a, *b;
        double low, high, z, p;
    } known[] = {{s100b, ndka, -0.048870606422809354, 0.287691744634191449, 1.3907700257355771,
                  0.16429517522305448},
                 {s100b, wfns, -0.174214419249477559, -0.010406176956484617, -2.2089835914409077,
                  0.02717578222918815},
                 {wfns, ndka, 0.063401170933987644, 0.360040563483356557, 2.7977759186890387,
                  0.0051455797069109776}};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct mlops_error err = {0};
        struct auc_difference found;
        assert_int_equal(
            0, paired_auc(outcome, known[i].a, known[i].b, PATIENTS, 0.95, &found, &err));
        assert_close(found.interval.low, known[i].low, 1e-11);
        assert_close(found.interval.high, known[i].high, 1e-11);
        assert_close(found.z, known[i].z, 1e-11);
        assert_close(found.p, known[i].p, 1e-11);
    }
}

static void models_that_rank_alike_have_no_interval(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    struct auc_difference found;
    double doubled[PATIENTS];
    for (size_t i = 0; i < PATIENTS; i++)
        doubled[i] = 2 * ndka[i];
    assert_int_equal(0, paired_auc(outcome, ndka, doubled, PATIENTS, 0.95, &found, &err));
    assert_true(found.a == found.b && isnan(found.interval.low) && isnan(found.p));
    assert_int_equal(0, paired_auc(outcome, ndka, s100b, 4, 0.95, &found, &err)); /* one class */
    assert_true(isnan(found.a) && isnan(found.interval.low));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mcnemar_equals_the_binomial_test_of_R),
        cmocka_unit_test(an_even_split_says_nothing),
        cmocka_unit_test(differences_of_auc_equal_those_of_pROC),
        cmocka_unit_test(models_that_rank_alike_have_no_interval),
    };
    return cmocka_run_group_tests_name("stats/paired", tests, NULL, NULL);
}
