/* tests/unit/stats/test_ranking.c - sorting by score, and areas against their definitions. */
#include "test.h"

#include "stats/ranking.h"
#include <float.h>
#include <math.h>

static uint64_t seed = 1;
static uint64_t next(void)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return seed >> 33;
}

/* The share of pairs of a positive and a negative in which the positive scores higher, ties one
 * half: what the area under the ROC curve is (Hanley and McNeil 1982). */
static double auc_by_pairs(const bool *labels, const double *scores, size_t count)
{
    double right = 0, pairs = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; labels[i] && j < count; j++)
            if (!labels[j]) {
                right += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
                pairs++;
            }
    return right / pairs;
}

static int make(const bool *labels, const double *scores, size_t count, struct ranking *ranking,
                struct mlops_error *err)
{
    const struct binary_rows rows = {.labels = labels, .scores = scores, .count = count};
    return ranking_make(&rows, ranking, err);
}

static double auc_of(const bool *labels, const double *scores, size_t count)
{
    struct mlops_error err = {0};
    _cleanup_(ranking_clear) struct ranking ranking = {0};
    assert_int_equal(0, make(labels, scores, count, &ranking, &err));
    return ranking_auc(&ranking);
}

static void every_kind_of_double_is_in_its_place(void **state)
{
    (void)state;
    static const double falling[] = {DBL_MAX, 1e300,   1 + DBL_EPSILON, 1,        0.5,    DBL_MIN,
                                     5e-324,  0,       -5e-324,         -DBL_MIN, -1e-10, -1,
                                     -1e300,  -DBL_MAX};
    enum { COUNT = sizeof(falling) / sizeof(falling[0]) };
    for (int from = 1; from < COUNT; from++) {
        bool labels[COUNT];
        for (int i = 0; i < COUNT; i++)
            labels[i] = i < from;
        assert_true(auc_of(labels, falling, COUNT) == 1);
        for (int i = 0; i < COUNT; i++)
            labels[i] = i >= from;
        assert_true(auc_of(labels, falling, COUNT) == 0);
    }
}

static void zero_and_minus_zero_are_a_tie(void **state)
{
    (void)state;
    static const bool labels[] = {true, false};
    static const double scores[] = {-0.0, 0.0};
    assert_true(auc_of(labels, scores, 2) == 0.5);
}

static void equal_scores_are_a_tie_however_many(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static bool labels[COUNT];
    static double scores[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        labels[i] = i % 3 == 0;
        scores[i] = 0.125;
    }
    assert_true(auc_of(labels, scores, COUNT) == 0.5);
}

/* Few rows are sorted by comparison, many by radix: both must give what the definition gives. */
static void areas_are_the_shares_of_pairs(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static bool labels[COUNT];
    static double scores[COUNT];
    for (int kind = 0; kind < 12; kind++) {
        size_t count = kind % 2 ? COUNT : 2 + next() % 200;
        for (size_t i = 0; i < count; i++) {
            labels[i] = i == 0 || (i > 1 && next() % 4 == 0);
            double random = (double)next() / 2147483648.0;
            scores[i] = kind < 4    ? random
                        : kind < 6  ? (double)(next() % 7)
                        : kind < 8  ? (random - 0.5) * 1e9
                        : kind < 10 ? ldexp(random - 0.5, (int)(next() % 2000) - 1000)
                                    : 1 + (double)(next() % 5) * DBL_EPSILON;
        }
        assert_true(fabs(auc_of(labels, scores, count) - auc_by_pairs(labels, scores, count)) <
                    1e-14);
    }
}

static void one_class_has_no_area(void **state)
{
    (void)state;
    static const bool labels[] = {true, true};
    static const double scores[] = {0.1, 0.2};
    struct mlops_error err = {0};
    _cleanup_(ranking_clear) struct ranking ranking = {0};
    assert_int_equal(0, make(labels, scores, 2, &ranking, &err));
    assert_true(isnan(ranking_auc(&ranking)));
    ranking_clear(&ranking);
    assert_int_equal(0, make(labels, scores, 0, &ranking, &err));
    assert_true(isnan(ranking_auc(&ranking)));
}

static void what_is_not_finite_is_refused_with_its_row(void **state)
{
    (void)state;
    static const bool labels[] = {true, false, true};
    static const double scores[] = {0.1, 0.2, -INFINITY};
    struct mlops_error err = {0};
    _cleanup_(ranking_clear) struct ranking ranking = {0};
    assert_int_equal(MLOPS_INVALID, make(labels, scores, 3, &ranking, &err));
    assert_string_equal("the score in row 3 is not a finite number", err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_double_is_in_its_place),
        cmocka_unit_test(zero_and_minus_zero_are_a_tie),
        cmocka_unit_test(equal_scores_are_a_tie_however_many),
        cmocka_unit_test(areas_are_the_shares_of_pairs),
        cmocka_unit_test(one_class_has_no_area),
        cmocka_unit_test(what_is_not_finite_is_refused_with_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
