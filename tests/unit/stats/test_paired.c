/* tests/unit/stats/test_paired.c - two models on the same rows against R 4.2.2: binom.test and
 * dbinom for McNemar's test; pROC 1.18.0's roc.test(method = "delong", paired = TRUE) on its data set
 * aSAH (113 patients; Turck et al. 2010); the tests of R's package contingencytables 3 for Tango's
 * interval; SciPy 1.10.1's bootstrap(paired=True). */
#include "test.h"

#include "stats/asah.h"
#include "stats/paired.h"
#include "stats/paired_bootstrap.h"
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

/* The limits as a search for the roots in Python's floats finds them. */
static void tangos_interval_solves_its_equation(void **state)
{
    (void)state;
    struct interval one = paired_proportions(40, 20, 160, 0.95);
    assert_close(one.low, 0.030864533133086756, 1e-9);
    assert_close(one.high, 0.2180642441668248, 1e-9);
    assert_int_equal(INTERVAL_MCNEMAR, one.method);
}

/* Cavo et al. 2012: 161 patients, of whom 6 and 16 differ: "-0.1240 to -0.0054" (contingencytables).
 * Bentur et al. 2009: 21 children, 1 and 7 of whom differ: "-0.517 to -0.026" (Fagerland, Lydersen
 * and Laake 2014). Both have few such rows: the exact part may widen them. */
static void few_rows_make_it_no_narrower(void **state)
{
    (void)state;
    struct interval cavo = paired_proportions(6, 16, 161, 0.95);
    assert_true(cavo.low <= -0.1240 + 5e-5 && cavo.high >= -0.0054 - 5e-5);
    struct interval bentur = paired_proportions(1, 7, 21, 0.95);
    assert_true(bentur.low <= -0.517 + 5e-4 && bentur.high >= -0.026 - 5e-4);
    struct interval none = paired_proportions(0, 0, 10, 0.95);
    double z = 1.959963984540054, reach = z * z / (10 + z * z); /* Tango, section 4 */
    assert_close(none.high, reach, 1e-9);
    assert_close(none.low, -reach, 1e-9);
}

/* R: binom.test(2, 9, conf.level = 0.9). */
static void few_rows_have_the_exact_binomial_interval_in_it(void **state)
{
    (void)state;
    struct interval found = paired_proportions(2, 7, 1000000, 0.9);
    assert_close(found.low, fmin(found.low, (2 * 0.041023167506996541 - 1) * 9 / 1e6), 1e-9);
    assert_true(found.low <= (2 * 0.041023167506996541 - 1) * 9 / 1e6 * (1 - 1e-9));
    assert_true(found.high >= (2 * 0.549641649506610097 - 1) * 9 / 1e6 * (1 - 1e-9));
}

static void it_sees_a_difference_only_where_mcnemars_exact_test_does(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 25; n++)
        for (uint64_t k = 0; k <= n; k++) {
            struct interval found = paired_proportions(k, n - k, 500, 0.95);
            bool differs = found.low > 0 || found.high < 0;
            if (differs)
                assert_true(mcnemar(k, n - k).exact <= 0.05 + 1e-12);
        }
}

/* ---- the bootstrap of pairs ----------------------------------------------------------------- */

/* Efron and Tibshirani 1993, table 3.1: 15 law schools. */
static const double lsat[] = {576, 635, 558, 578, 666, 580, 555, 661,
                              651, 605, 653, 575, 545, 572, 594};
static const double gpa[] = {3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43,
                             3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96};

static int correlate(const void *context, const size_t *rows, size_t count, double *differences,
                     struct mlops_error *err)
{
    (void)context, (void)err;
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < count; i++) {
        a += lsat[rows[i]] / (double)count;
        b += gpa[rows[i]] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double x = lsat[rows[i]] - a, y = gpa[rows[i]] - b;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    differences[0] = ab / sqrt(aa * bb);
    return MLOPS_OK;
}

/* SciPy, 200,000 resamples: 0.45940 to 0.96207 at 95 %, 0.52232 to 0.94777 at 90 %. */
static void pairs_are_drawn_as_SciPy_draws_them(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    const double point = 0.776374491289407;
    struct interval found, again;
    struct paired_bootstrap bootstrap = {.rows = 15,
                                         .measure = correlate,
                                         .values = 1,
                                         .point = &point,
                                         .confidence = 0.95,
                                         .replicates = 20000};
    assert_int_equal(MLOPS_OK, paired_bootstrap(&bootstrap, &found, &err));
    assert_true(fabs(found.low - 0.45940) < 0.012 && fabs(found.high - 0.96207) < 0.003);
    assert_int_equal(MLOPS_OK, paired_bootstrap(&bootstrap, &again, &err));
    assert_true(found.low == again.low && found.high == again.high);
    bootstrap.confidence = 0.9;
    assert_int_equal(MLOPS_OK, paired_bootstrap(&bootstrap, &found, &err));
    assert_true(fabs(found.low - 0.52232) < 0.012 && fabs(found.high - 0.94777) < 0.003);
}

/* Half of the rows differ by 1: the difference of means has the error sqrt(1/4 / n). */
static int average(const void *context, const size_t *rows, size_t count, double *differences,
                   struct mlops_error *err)
{
    (void)context, (void)err;
    differences[0] = 0;
    for (size_t i = 0; i < count; i++)
        differences[0] += (double)(rows[i] % 2) / (double)count;
    return MLOPS_OK;
}

static void of_many_rows_fewer_are_drawn_for_the_same_interval(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    const double point = 0.5;
    struct interval found;
    struct paired_bootstrap bootstrap = {.rows = 1000000,
                                         .measure = average,
                                         .values = 1,
                                         .point = &point,
                                         .confidence = 0.95};
    assert_int_equal(MLOPS_OK, paired_bootstrap(&bootstrap, &found, &err));
    double reach = 1.959963984540054 * sqrt(0.25 / 1e6);
    assert_true(fabs(found.high - 0.5 - reach) < 0.1 * reach);
    assert_true(fabs(0.5 - found.low - reach) < 0.1 * reach);
}

/* Where the strata decide the value, nothing is left to chance. */
static void strata_keep_their_shares(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    static uint32_t strata[300];
    for (size_t i = 0; i < ARRAY_LENGTH(strata); i++)
        strata[i] = (uint32_t)(i % 2);
    const double point = 0.5;
    struct interval found;
    struct paired_bootstrap bootstrap = {.rows = ARRAY_LENGTH(strata),
                                         .strata = strata,
                                         .stratum_count = 2,
                                         .measure = average,
                                         .values = 1,
                                         .point = &point,
                                         .confidence = 0.95};
    assert_int_equal(MLOPS_OK, paired_bootstrap(&bootstrap, &found, &err));
    assert_true(fabs(found.low - 0.5) < 1e-9 && fabs(found.high - 0.5) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mcnemar_equals_the_binomial_test_of_R),
        cmocka_unit_test(an_even_split_says_nothing),
        cmocka_unit_test(differences_of_auc_equal_those_of_pROC),
        cmocka_unit_test(models_that_rank_alike_have_no_interval),
        cmocka_unit_test(tangos_interval_solves_its_equation),
        cmocka_unit_test(few_rows_make_it_no_narrower),
        cmocka_unit_test(few_rows_have_the_exact_binomial_interval_in_it),
        cmocka_unit_test(it_sees_a_difference_only_where_mcnemars_exact_test_does),
        cmocka_unit_test(pairs_are_drawn_as_SciPy_draws_them),
        cmocka_unit_test(of_many_rows_fewer_are_drawn_for_the_same_interval),
        cmocka_unit_test(strata_keep_their_shares),
    };
    return cmocka_run_group_tests_name("stats/paired", tests, NULL, NULL);
}
