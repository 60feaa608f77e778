/* tests/unit/monitor/test_outcome.c - measures of labelled predictions, and taking back. */
#include "test.h"

#include "monitor/outcome.h"
#include <math.h>

static void count(struct performance *performance, double score, int label, int sign)
{
    const struct outcome outcome = {score, 0, label ? CLASS_POSITIVE : CLASS_NEGATIVE};
    performance_count(performance, &outcome, sign);
}

/* scikit-learn 1.2.1, y = [0,0,1,1,1,0], p = [.1,.6,.4,.8,.9,.3]: roc_auc_score 8/9,
 * brier_score_loss 0.145, precision_score 2/3 and recall_score 2/3 at 0.5, accuracy 4/6. */
static void measures_are_those_of_scikit_learn(void **state)
{
    static const double scores[] = {0.1, 0.6, 0.4, 0.8, 0.9, 0.3};
    static const int labels[] = {0, 0, 1, 1, 1, 0};
    struct performance performance = {0};
    struct mlops_monitor_performance measures;
    (void)state;
    for (size_t i = 0; i < 6; i++)
        count(&performance, scores[i], labels[i], 1);
    performance_measure(&performance, &measures);
    assert_int_equal(6, measures.labelled);
    assert_true(fabs(measures.auc.value - 8.0 / 9) < 1e-12);
    assert_true(measures.auc_error == 0);
    assert_true(fabs(measures.brier.value - 0.145) < 1e-9);
    assert_true(fabs(measures.precision.value - 2.0 / 3) < 1e-12);
    assert_true(fabs(measures.recall.value - 2.0 / 3) < 1e-12);
    assert_true(fabs(measures.fpr.value - 1.0 / 3) < 1e-12);
    assert_true(fabs(measures.accuracy.value - 4.0 / 6) < 1e-12);
    assert_true(measures.accuracy.low < 4.0 / 6 && measures.accuracy.high > 4.0 / 6);
    performance_clear(&performance);
}

static void what_is_taken_back_leaves_nothing(void **state)
{
    struct performance plain = {0}, changed = {0}, delta = {0};
    struct buffer x = {0}, y = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        double score = (double)(i * 37 % 1000) / 999;
        count(&plain, score, i % 3 == 0, 1);
        count(&changed, score, i % 3 != 0, 1);
        count(&delta, score, i % 3 != 0, -1);
        count(&delta, score, i % 3 == 0, 1);
    }
    performance_merge(&changed, &delta);
    performance_encode(&plain, &x);
    performance_encode(&changed, &y);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.data, y.data, x.length);
    struct wire wire = {.at = (uint8_t *)x.data, .end = (uint8_t *)x.data + x.length};
    struct performance back;
    performance_decode(&wire, &back);
    assert_false(wire.failed);
    assert_int_equal(plain.square, back.square);
    performance_clear(&back);
    performance_clear(&plain);
    performance_clear(&changed);
    performance_clear(&delta);
    buffer_clear(&x);
    buffer_clear(&y);
}

static void classes_are_told_by_what_they_say(void **state)
{
    (void)state;
    assert_int_equal(CLASS_POSITIVE, outcome_class("True", 4));
    assert_int_equal(CLASS_NEGATIVE, outcome_class("0", 1));
    assert_int_equal(0, outcome_class("", 0));
    assert_int_not_equal(outcome_class("cat", 3), outcome_class("dog", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_are_those_of_scikit_learn),
        cmocka_unit_test(what_is_taken_back_leaves_nothing),
        cmocka_unit_test(classes_are_told_by_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
