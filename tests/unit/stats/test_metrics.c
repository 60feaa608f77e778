/* tests/unit/stats/test_metrics.c - metrics by hand, at the edges of their definitions. What
 * scikit-learn says is in test_metrics_sklearn.c. */
#include "test.h"

#include "stats/metrics.h"
#include <float.h>
#include <math.h>

struct fixture {
    struct metric_list list;
    struct mlops_error err;
};

static int setup(void **state)
{
    *state = xcalloc(1, sizeof(struct fixture));
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    metric_list_clear(&f->list);
    free(f);
    return 0;
}

static double value(const struct fixture *f, const char *name)
{
    const struct metric *metric = metric_list_find(&f->list, name);
    if (!metric)
        fail_msg("there is no metric '%s'", name);
    return metric->value;
}

static void assert_value(const struct fixture *f, const char *name, double expected)
{
    double found = value(f, name);
    if (!(fabs(found - expected) <= 1e-15 * fmax(1, fabs(expected))))
        fail_msg("%s is %.17g, not %.17g", name, found, expected);
}

static int binary(struct fixture *f, const bool *labels, const double *scores,
                  const bool *decisions, size_t count, double threshold)
{
    const struct binary_rows rows = {
        .labels = labels, .scores = scores, .decisions = decisions, .count = count};
    const struct metric_options options = {.threshold = threshold};
    return metrics_binary(&rows, &options, &f->list, &f->err);
}

static int multiclass(struct fixture *f, const uint32_t *labels, const uint32_t *predictions,
                      size_t count, uint32_t classes)
{
    const struct class_rows rows = {
        .labels = labels, .predictions = predictions, .count = count, .classes = classes};
    return metrics_multiclass(&rows, &(struct metric_options){0}, &f->list, &f->err);
}

static int regression(struct fixture *f, const double *labels, const double *predictions,
                      size_t count)
{
    const struct number_rows rows = {.labels = labels, .predictions = predictions, .count = count};
    return metrics_regression(&rows, &(struct metric_options){0}, &f->list, &f->err);
}

static void a_confusion_matrix_is_counted_by_hand(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, true, true, false, false};
    static const double scores[] = {0.9, 0.6, 0.2, 0.7, 0.1};
    assert_int_equal(0, binary(f, labels, scores, NULL, 5, 0.5));
    assert_value(f, "n", 5);
    assert_value(f, "tp", 2);
    assert_value(f, "fp", 1);
    assert_value(f, "fn", 1);
    assert_value(f, "tn", 1);
    assert_value(f, "accuracy", 3.0 / 5);
    assert_value(f, "precision", 2.0 / 3);
    assert_value(f, "recall", 2.0 / 3);
    assert_value(f, "f1", 2.0 / 3);
    assert_value(f, "fpr", 1.0 / 2);
    assert_value(f, "specificity", 1.0 / 2);
    assert_value(f, "balanced_accuracy", (2.0 / 3 + 1.0 / 2) / 2);
    assert_value(f, "mcc", 1 / 6.0); /* (2·1 - 1·1) / sqrt(3·3·2·2) */
    assert_value(f, "auc", 4.0 / 6); /* pairs that stand in the right order */
    assert_value(f, "pr_auc", (1 + 2 / 3.0 + 3 / 4.0) / 3);
    assert_value(f, "brier", (0.01 + 0.16 + 0.64 + 0.49 + 0.01) / 5);
    assert_null(metric_list_find(&f->list, "rmse"));
}

static void a_score_at_the_threshold_is_positive(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, false};
    static const double scores[] = {0.3, 0.29999999999999993};
    assert_int_equal(0, binary(f, labels, scores, NULL, 2, 0.3));
    assert_value(f, "tp", 1);
    assert_value(f, "tn", 1);
}

static void given_predictions_are_taken_before_the_threshold(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, false, true}, predictions[] = {false, true, true};
    static const double scores[] = {0.9, 0.1, 0.8};
    assert_int_equal(0, binary(f, labels, scores, predictions, 3, 0.5));
    assert_value(f, "tp", 1);
    assert_value(f, "fp", 1);
    assert_value(f, "fn", 1);
    assert_value(f, "auc", 1);
}

static void predictions_alone_have_no_ranking(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, false}, predictions[] = {true, false};
    assert_int_equal(0, binary(f, labels, NULL, predictions, 2, 0.5));
    assert_value(f, "accuracy", 1);
    assert_null(metric_list_find(&f->list, "auc"));
    assert_null(metric_list_find(&f->list, "log_loss"));
}

static void with_one_class_auc_is_undefined_and_the_rest_is_not(void **state)
{
    struct fixture *f = *state;
    static const bool positive[] = {true, true}, negative[] = {false, false};
    static const double scores[] = {0.25, 0.75};
    assert_int_equal(0, binary(f, positive, scores, NULL, 2, 0.5));
    assert_true(isnan(value(f, "auc")));
    assert_value(f, "pr_auc", 1);
    assert_value(f, "fpr", 0); /* zero_division=0 */
    assert_value(f, "recall", 0.5);
    assert_value(f, "balanced_accuracy", 0.5); /* of the one class */
    assert_value(f, "mcc", 0);
    assert_value(f, "log_loss", -(log(0.25) + log(0.75)) / 2);
    metric_list_clear(&f->list);
    assert_int_equal(0, binary(f, negative, scores, NULL, 2, 0.5));
    assert_true(isnan(value(f, "auc")));
    assert_true(isnan(value(f, "pr_auc")));
    assert_value(f, "recall", 0);
    assert_value(f, "fpr", 0.5);
}

static void scores_that_are_no_probabilities_are_ranked_only(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, false, true};
    static const double scores[] = {3.5, -2, 0.5};
    assert_int_equal(0, binary(f, labels, scores, NULL, 3, 0));
    assert_value(f, "auc", 1);
    assert_value(f, "tp", 2);
    assert_true(isnan(value(f, "log_loss")));
    assert_true(isnan(value(f, "brier")));
}

static void a_certain_error_costs_what_the_clipping_leaves(void **state)
{
    struct fixture *f = *state;
    static const bool label = true;
    static const double score = 0;
    assert_int_equal(0, binary(f, &label, &score, NULL, 1, 0.5));
    assert_value(f, "log_loss", -log(DBL_EPSILON)); /* scikit-learn >= 1.2, eps="auto" */
}

static void nothing_and_what_is_no_number_are_refused(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, false};
    static const double scores[] = {0.5, NAN}, infinite[] = {INFINITY, 0};
    static const uint32_t classes[] = {0, 3};
    assert_int_equal(MLOPS_INVALID, binary(f, labels, scores, NULL, 0, 0.5));
    assert_int_equal(MLOPS_INVALID, binary(f, labels, scores, NULL, 2, 0.5));
    assert_string_equal("the score in row 2 is not a finite number", f->err.message);
    assert_int_equal(MLOPS_INVALID, binary(f, labels, infinite, NULL, 2, 0.5));
    assert_int_equal(MLOPS_INVALID, regression(f, scores, scores, 2));
    assert_int_equal(MLOPS_INVALID, regression(f, scores, infinite, 1));
    assert_int_equal(MLOPS_INVALID, regression(f, scores, scores, 0));
    assert_int_equal(MLOPS_INVALID, multiclass(f, classes, classes, 2, 3));
    assert_string_equal("row 2 is of no class below 3", f->err.message);
    assert_int_equal(MLOPS_INVALID, multiclass(f, classes, classes, 0, 3));
    assert_int_equal(0, f->list.count);
}

static void many_classes_are_averaged_by_hand(void **state)
{
    struct fixture *f = *state;
    /* class 3 is only predicted, class 4 is nowhere */
    static const uint32_t labels[] = {0, 0, 0, 1, 1, 2}, predictions[] = {0, 0, 1, 1, 3, 2};
    assert_int_equal(0, multiclass(f, labels, predictions, 6, 5));
    assert_value(f, "accuracy", 4.0 / 6);
    assert_value(f, "balanced_accuracy", (2 / 3.0 + 1 / 2.0 + 1) / 3);
    assert_value(f, "precision_macro", (1 + 1 / 2.0 + 1 + 0) / 4);
    assert_value(f, "recall_macro", (2 / 3.0 + 1 / 2.0 + 1 + 0) / 4);
    assert_value(f, "f1_macro", (4 / 5.0 + 1 / 2.0 + 1 + 0) / 4);
    assert_value(f, "precision_weighted", (3 * 1 + 2 * 0.5 + 1) / 6);
    assert_value(f, "recall_weighted", 4.0 / 6);
}

static void errors_of_a_regression_are_measured_by_hand(void **state)
{
    struct fixture *f = *state;
    static const double labels[] = {1, 2, 3, 6}, predictions[] = {1, 3, 3, 3};
    assert_int_equal(0, regression(f, labels, predictions, 4));
    assert_value(f, "rmse", sqrt(10.0 / 4));
    assert_value(f, "mae", 1);
    assert_value(f, "r2", 1 - 10.0 / 14);
}

static void r2_of_equal_labels_and_of_one_row_is_settled(void **state)
{
    struct fixture *f = *state;
    static const double labels[] = {0.1, 0.1, 0.1}, wrong[] = {0.1, 0.1, 0.2};
    assert_int_equal(0, regression(f, labels, wrong, 3));
    assert_value(f, "r2", 0);
    metric_list_clear(&f->list);
    assert_int_equal(0, regression(f, labels, labels, 3));
    assert_value(f, "r2", 1);
    metric_list_clear(&f->list);
    assert_int_equal(0, regression(f, labels, wrong, 1));
    assert_true(isnan(value(f, "r2")));
}

static void costs_are_money(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, true, false, false}, yes[] = {true, false, true, true};
    const struct binary_rows rows = {.labels = labels, .decisions = yes, .count = 4};
    const struct metric_options options = {.costs = true, .cost_fp = 5, .cost_fn = 120, .beta = 2};
    assert_int_equal(0, metrics_binary(&rows, &options, &f->list, &f->err));
    assert_value(f, "cost", 130);
    assert_value(f, "cost_per_row", 32.5);
    assert_value(f, "fbeta", 5.0 / (5 + 4 * 1 + 2));
}

static void of_a_tie_at_the_top_the_lift_takes_the_share_that_is_wanted(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, false, false, true, false};
    static const double scores[] = {0.9, 0.8, 0.8, 0.1, 0.1};
    const struct binary_rows rows = {.labels = labels, .scores = scores, .count = 5};
    const struct metric_options options = {.lift_share = 0.4, .threshold = 0.5, .at_fpr = 0.7};
    assert_int_equal(0, metrics_binary(&rows, &options, &f->list, &f->err));
    assert_value(f, "lift", 0.5 / 0.4); /* one of two positives in the first two rows */
    assert_value(f, "recall_at_fpr", 0.5);
    assert_value(f, "threshold_at_fpr", 0.9); /* the highest that reaches this recall */
    assert_value(f, "precision_at_fpr", 1);
    assert_value(f, "ks", 0.5);
}

static void bad_weights_are_refused(void **state)
{
    struct fixture *f = *state;
    static const bool labels[] = {true, false};
    static const double scores[] = {0.5, 0.5}, none[] = {0, 0}, negative[] = {1, -1},
                        nan_weight[] = {1, NAN};
    struct binary_rows rows = {.labels = labels, .scores = scores, .count = 2, .weights = none};
    const struct metric_options options = {.threshold = 0.5};
    assert_int_equal(MLOPS_INVALID, metrics_binary(&rows, &options, &f->list, &f->err));
    rows.weights = negative;
    assert_int_equal(MLOPS_INVALID, metrics_binary(&rows, &options, &f->list, &f->err));
    rows.weights = nan_weight;
    assert_int_equal(MLOPS_INVALID, metrics_binary(&rows, &options, &f->list, &f->err));
}

/* Every metric of every task, with intervals. */
static void measure_all(struct fixture *f)
{
    static const bool labels[] = {true, false, true, false};
    static const double scores[] = {0.5, 0.25, 0.75, 0.625},
                        halves[] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    static const uint32_t classes[] = {0, 1, 1, 0};
    static const char *const names[] = {"a", "b"};
    const struct metric_options options = {
        .threshold = 0.5, .beta = 2, .at_fpr = 0.5, .costs = true, .confidence = 0.95, .seed = 7};
    const struct binary_rows rows = {.labels = labels, .scores = scores, .count = 4};
    const struct class_rows many = {.labels = classes,
                                    .predictions = classes,
                                    .count = 4,
                                    .classes = 2,
                                    .probabilities = halves,
                                    .names = names};
    const struct label_rows sets = {
        .labels = labels, .predictions = labels, .count = 2, .width = 2, .names = names};
    const struct number_rows numbers = {.labels = scores, .predictions = halves, .count = 4};
    const struct ranked_rows ranked = {
        .groups = classes, .relevance = scores, .scores = scores, .count = 4, .group_count = 2};
    assert_int_equal(0, metrics_binary(&rows, &options, &f->list, &f->err));
    assert_int_equal(0, metrics_multiclass(&many, &options, &f->list, &f->err));
    assert_int_equal(0, metrics_multilabel(&sets, &options, &f->list, &f->err));
    assert_int_equal(0, metrics_regression(&numbers, &options, &f->list, &f->err));
    assert_int_equal(0, metrics_ranking(&ranked, &options, &f->list, &f->err));
}

static void every_metric_has_a_known_name_and_every_name_a_metric(void **state)
{
    struct fixture *f = *state;
    measure_all(f);
    for (size_t i = 0; i < f->list.count; i++) {
        bool known = metric_has_classes(f->list.items[i].name);
        for (const char *const *name = metric_names(); *name; name++)
            known = known || str_equal(*name, f->list.items[i].name);
        assert_true(known);
    }
    for (const char *const *name = metric_names(); *name; name++)
        (void)value(f, *name);
}

static void an_interval_holds_the_value_and_comes_out_the_same_again(void **state)
{
    struct fixture *f = *state;
    measure_all(f);
    struct metric_list first = f->list;
    f->list = (struct metric_list){0};
    measure_all(f);
    for (size_t i = 0; i < first.count; i++) {
        const struct metric *metric = &first.items[i];
        assert_memory_equal(&metric->interval, &f->list.items[i].interval, 2 * sizeof(double));
        if (!isnan(metric->interval.low))
            assert_true(metric->interval.low <= metric->value + 1e-12 &&
                        metric->value <= metric->interval.high + 1e-12);
    }
    metric_list_clear(&first);
}

#define metrics_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        metrics_test(a_confusion_matrix_is_counted_by_hand),
        metrics_test(a_score_at_the_threshold_is_positive),
        metrics_test(given_predictions_are_taken_before_the_threshold),
        metrics_test(predictions_alone_have_no_ranking),
        metrics_test(with_one_class_auc_is_undefined_and_the_rest_is_not),
        metrics_test(scores_that_are_no_probabilities_are_ranked_only),
        metrics_test(a_certain_error_costs_what_the_clipping_leaves),
        metrics_test(nothing_and_what_is_no_number_are_refused),
        metrics_test(many_classes_are_averaged_by_hand),
        metrics_test(errors_of_a_regression_are_measured_by_hand),
        metrics_test(r2_of_equal_labels_and_of_one_row_is_settled),
        metrics_test(costs_are_money),
        metrics_test(of_a_tie_at_the_top_the_lift_takes_the_share_that_is_wanted),
        metrics_test(bad_weights_are_refused),
        metrics_test(an_interval_holds_the_value_and_comes_out_the_same_again),
        metrics_test(every_metric_has_a_known_name_and_every_name_a_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
