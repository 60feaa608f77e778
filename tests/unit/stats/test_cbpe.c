/* tests/unit/stats/test_cbpe.c - calibration and expected performance on what can be worked out. */
#include "test.h"

#include "stats/cbpe.h"
#include <math.h>

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

/* scikit-learn 1.2.1: IsotonicRegression(out_of_bounds="clip").fit([1,2,3,4,5,6], [1,3,2,4,3,5]) has
 * 1, 2.5, 2.5, 3.5, 3.5, 5 there, 1.75 at 1.5 and 4.25 at 5.5. */
static void adjacent_violators_are_pooled(void **state)
{
    double x[] = {6, 2, 3, 1, 5, 4}, y[] = {5, 3, 2, 1, 3, 4};
    static const double expected[] = {1, 2.5, 2.5, 3.5, 3.5, 5};
    struct isotonic isotonic;
    (void)state;
    isotonic_fit(&isotonic, x, y, 6);
    for (size_t i = 0; i < 6; i++)
        assert_true(near(isotonic_value(&isotonic, (double)i + 1), expected[i]));
    assert_true(near(isotonic_value(&isotonic, 1.5), 1.75));
    assert_true(near(isotonic_value(&isotonic, 5.5), 4.25));
    assert_true(near(isotonic_value(&isotonic, -9), 1) && near(isotonic_value(&isotonic, 99), 5));
    isotonic_clear(&isotonic);
}

static void equal_scores_have_one_value(void **state)
{
    double x[] = {0.5, 0.5, 0.5, 0.5, 0.1}, y[] = {1, 0, 1, 1, 0};
    struct isotonic isotonic;
    (void)state;
    isotonic_fit(&isotonic, x, y, 5);
    assert_true(near(isotonic_value(&isotonic, 0.5), 0.75));
    assert_true(near(isotonic_value(&isotonic, 0.3), 0.375));
    isotonic_clear(&isotonic);
    isotonic_fit(&isotonic, x, y, 0); /* of nothing: scores stay as they are */
    assert_true(near(isotonic_value(&isotonic, 0.3), 0.3));
    isotonic_clear(&isotonic);
}

static void expectations_are_those_of_the_scores(void **state)
{
    struct cbpe_answer answers[] = {{0.2, false}, {0.9, true}, {0.6, true}, {0.3, false}};
    const struct isotonic none = {.x = NULL};
    struct cbpe estimate;
    (void)state;
    cbpe_estimate(answers, 4, &none, &estimate);
    assert_true(near(estimate.accuracy, (0.8 + 0.9 + 0.6 + 0.7) / 4));
    assert_true(near(estimate.precision, 1.5 / 2));
    assert_true(near(estimate.recall, 1.5 / 2));
    assert_true(near(estimate.fpr, 0.5 / 2));
    assert_true(near(estimate.auc, (0.1 * 0.45 + 0.4 * 1.2 + 0.7 * 1.65 + 0.8 * 1.9) / 4));
    cbpe_estimate(answers, 0, &none, &estimate);
    assert_true(isnan(estimate.accuracy) && isnan(estimate.auc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adjacent_violators_are_pooled),
        cmocka_unit_test(equal_scores_have_one_value),
        cmocka_unit_test(expectations_are_those_of_the_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
