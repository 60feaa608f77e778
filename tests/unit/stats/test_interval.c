/* tests/unit/stats/test_interval.c - intervals and comparisons against R: pROC 1.18.0 (Debian
 * r-cran-proc 1.18.0-1+b1) on its data set aSAH (113 patients; Turck et al. 2010), and R's own
 * prop.test, mcnemar.test, binom.test and qnorm. */
#include "test.h"

#include "stats/asah.h"
#include "stats/curve.h"
#include "stats/delong.h"
#include "stats/random.h"
#include <math.h>

static void assert_close(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, not %.17g", found, expected);
}

static void delong_intervals_equal_those_of_pROC(void **state)
{
    (void)state;
    static const struct {
        const double *scores;
        double low, auc, high, variance; /* ci.auc and var, method = "delong" */
    } known[] = {
        {s100b, 0.63011821176162264, 0.73136856368563685, 0.83261891560965107,
         0.0026686824571724378},
        {ndka, 0.50124499927170263, 0.61195799457994582, 0.72267098988818901,
         0.0031908105493913021},
        {wfns, 0.74853488781945288, 0.82367886178861793, 0.89882283575778299,
         0.0014699147088236264},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct mlops_error err = {0};
        _cleanup_(metric_list_clear) struct metric_list list = {0};
        const struct binary_rows rows = {
            .labels = outcome, .scores = known[i].scores, .count = PATIENTS};
        const struct metric_options options = {.threshold = 0.5, .confidence = 0.95};
        double placements[PATIENTS], auc;
        assert_int_equal(0, metrics_binary(&rows, &options, &list, &err));
        const struct metric *metric = metric_list_find(&list, "auc");
        assert_close(metric->value, known[i].auc, 1e-14);
        assert_close(metric->interval.low, known[i].low, 1e-12);
        assert_close(metric->interval.high, known[i].high, 1e-12);
        assert_int_equal(INTERVAL_DELONG, metric->interval.method);
        assert_int_equal(
            0, delong_placements(outcome, known[i].scores, PATIENTS, placements, &auc, &err));
        assert_close(auc, known[i].auc, 1e-14);
        assert_close(delong_covariance(outcome, placements, placements, PATIENTS),
                     known[i].variance, 1e-12);
    }
}

static void delong_covariances_equal_those_of_pROC(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    double first[PATIENTS], second[PATIENTS], third[PATIENTS], auc;
    assert_int_equal(0, delong_placements(outcome, s100b, PATIENTS, first, &auc, &err));
    assert_int_equal(0, delong_placements(outcome, ndka, PATIENTS, second, &auc, &err));
    assert_int_equal(0, delong_placements(outcome, wfns, PATIENTS, third, &auc, &err));
    assert_close(delong_covariance(outcome, first, second, PATIENTS), -0.00075616493805657884,
                 1e-12);
    assert_close(delong_covariance(outcome, first, third, PATIENTS), 0.0011961556737675448, 1e-12);
}

static void wilson_intervals_equal_those_of_prop_test(void **state)
{
    (void)state;
    static const struct {
        double successes, trials, low, high;
    } known[] = {{81, 263, 0.25528851987827428, 0.36620957698280016},
                 {1, 29, 0.006113214292762661, 0.17175521879320282},
                 {29, 29, 0.88303020150025935, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct interval interval = interval_wilson(known[i].successes, known[i].trials, 0.95);
        assert_close(interval.low, known[i].low, 1e-12);
        assert_close(interval.high, known[i].high, 1e-12);
    }
    assert_true(isnan(interval_wilson(0, 0, 0.95).low));
}

static void normal_quantiles_equal_those_of_qnorm(void **state)
{
    (void)state;
    assert_close(normal_quantile(0.975), 1.9599639845400536, 1e-15);
    assert_close(normal_quantile(0.5001), 0.00025066283008800752, 1e-12);
    assert_close(normal_quantile(0.99999), 4.2648907939238399, 1e-11);
    assert_close(normal_quantile(1e-300), -37.047096299361201, 1e-14);
    assert_close(normal_quantile(0.07), -1.4757910281791702, 1e-14);
}

/* First numbers of the generator for seed 1: they must never change, or intervals would. */
static void random_numbers_are_the_same_for_ever(void **state)
{
    (void)state;
    _cleanup_(half_tables_free_ptr) struct half_tables *tables = half_tables_new();
    struct random random;
    random_init(&random, 1, 0, tables);
    uint64_t first = random_next(&random);
    uint64_t drawn = random_binomial(&random, 10000000, 3, 100);
    uint64_t again = random_below(&random, 1000000);

    assert_int_equal(17254933023648552173ULL, first);
    assert_int_equal(299765, drawn);
    assert_int_equal(200731, again);
}

/* Moments of 20,000 draws, of small counts and of those that come out of tables. */
static void binomial_counts_have_the_mean_and_variance_of_their_distribution(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 7, 300, 5000, 200000};
    _cleanup_(half_tables_free_ptr) struct half_tables *tables = half_tables_new();
    enum { DRAWS = 20000 };
    struct random random;
    random_init(&random, 42, 0, tables);
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        double n = (double)counts[i], p = 0.3, sum = 0, squares = 0;
        for (int k = 0; k < DRAWS; k++) {
            double x = (double)random_binomial(&random, counts[i], 3, 10);
            sum += x - n * p;
            squares += (x - n * p) * (x - n * p);
        }
        double variance = n * p * (1 - p);
        assert_true(fabs(sum / DRAWS) < 5 * sqrt(variance / DRAWS));
        assert_true(fabs(squares / DRAWS / variance - 1) < 0.06);
    }
}

static void a_multinomial_shares_out_every_draw(void **state)
{
    (void)state;
    static const uint64_t cumulative[] = {0, 1, 1, 500, 1000};
    _cleanup_(half_tables_free_ptr) struct half_tables *tables = half_tables_new();
    struct random random;
    uint64_t counts[4];
    random_init(&random, 3, 0, tables);
    for (int i = 0; i < 1000; i++) {
        random_multinomial(&random, 1000, cumulative, 4, counts);
        assert_int_equal(1000, counts[0] + counts[1] + counts[2] + counts[3]);
        assert_int_equal(0, counts[1]); /* an empty cell gets none */
    }
}

/* Φ, of the standard normal distribution. */
static double share_below(double z)
{
    return erfc(-z / sqrt(2)) / 2;
}

/* Of intervals at 95 % about 95 in 100 hold what is true: the AUC of two normal distributions one
 * apart is Φ(1/√2) and at the middle the MCC is 2 Φ(1/2) - 1. */
static void intervals_hold_the_truth_as_often_as_they_say(void **state)
{
    (void)state;
    enum { ROWS = 400, TRIALS = 200 };
    static bool labels[ROWS];
    static double scores[ROWS];
    struct random random;
    int held = 0, recalled = 0;
    random_init(&random, 11, 0, NULL);
    for (int trial = 0; trial < TRIALS; trial++) {
        _cleanup_(metric_list_clear) struct metric_list list = {0};
        struct mlops_error err = {0};
        for (int i = 0; i < ROWS; i++) {
            labels[i] = i % 2;
            double u = ((double)(random_next(&random) >> 12) + 0.5) / 4503599627370496.0;
            scores[i] = normal_quantile(u) + labels[i];
        }
        const struct binary_rows rows = {.labels = labels, .scores = scores, .count = ROWS};
        const struct metric_options options = {
            .threshold = 0.5, .confidence = 0.95, .replicates = 200};
        assert_int_equal(0, metrics_binary(&rows, &options, &list, &err));
        const struct metric *auc = metric_list_find(&list, "auc"),
                            *mcc = metric_list_find(&list, "mcc");
        double truth = share_below(1 / sqrt(2)), correlation = 2 * share_below(0.5) - 1;
        held += auc->interval.low <= truth && truth <= auc->interval.high;
        recalled += mcc->interval.low <= correlation && correlation <= mcc->interval.high;
    }
    assert_in_range(held, 180, 199);
    assert_in_range(recalled, 178, 199);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delong_intervals_equal_those_of_pROC),
        cmocka_unit_test(delong_covariances_equal_those_of_pROC),
        cmocka_unit_test(wilson_intervals_equal_those_of_prop_test),
        cmocka_unit_test(normal_quantiles_equal_those_of_qnorm),
        cmocka_unit_test(random_numbers_are_the_same_for_ever),
        cmocka_unit_test(binomial_counts_have_the_mean_and_variance_of_their_distribution),
        cmocka_unit_test(a_multinomial_shares_out_every_draw),
        cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
