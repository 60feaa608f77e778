/* tests/unit/stats/test_metrics.c - metrics by hand, and against scikit-learn's on many cases. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "stats/metrics.h"
#include <math.h>
#include <stdio.h>

static uint64_t seed = 1;
static uint64_t next(void)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return seed >> 33;
}

static void a_confusion_matrix_is_counted_by_hand(void **state)
{
    (void)state;
    static const bool labels[] = {true, true, true, false, false};
    static const double scores[] = {0.9, 0.6, 0.2, 0.7, 0.1};
    struct mlops_error err = {0};
    _cleanup_(metric_list_clear) struct metric_list list = {0};
    assert_int_equal(0, metrics_binary(labels, scores, NULL, 5, 0.5, &list, &err));
    assert_true(metric_list_find(&list, "tp")->value == 2);
    assert_true(metric_list_find(&list, "fp")->value == 1);
    assert_true(metric_list_find(&list, "fn")->value == 1);
    assert_true(metric_list_find(&list, "tn")->value == 1);
    assert_true(fabs(metric_list_find(&list, "auc")->value - 4.0 / 6) < 1e-15);
    assert_null(metric_list_find(&list, "rmse"));
}

static void nothing_and_nan_are_refused(void **state)
{
    (void)state;
    static const bool label = true;
    static const double score = NAN;
    struct mlops_error err = {0};
    _cleanup_(metric_list_clear) struct metric_list list = {0};
    assert_int_equal(MLOPS_INVALID, metrics_binary(&label, &score, NULL, 0, 0.5, &list, &err));
    assert_int_equal(MLOPS_INVALID, metrics_binary(&label, &score, NULL, 1, 0.5, &list, &err));
    assert_int_equal(MLOPS_INVALID, metrics_regression(&score, &score, 1, &list, &err));
}

static void every_metric_has_a_known_name(void **state)
{
    (void)state;
    static const bool label = true;
    static const double score = 0.5;
    static const uint32_t class = 0;
    struct mlops_error err = {0};
    _cleanup_(metric_list_clear) struct metric_list list = {0};
    assert_int_equal(0, metrics_binary(&label, &score, NULL, 1, 0.5, &list, &err));
    assert_int_equal(0, metrics_multiclass(&class, &class, 1, 1, &list, &err));
    assert_int_equal(0, metrics_regression(&score, &score, 1, &list, &err));
    for (size_t i = 0; i < list.count; i++) {
        bool known = false;
        for (const char *const *name = metric_names(); *name; name++)
            known = known || str_equal(*name, list.items[i].name);
        assert_true(known);
    }
}

/* Case `i`: labels and scores that are random, tied, constant, one-sided or few. */
static size_t make_binary(int i, bool *labels, double *scores)
{
    size_t count = i % 10 == 0 ? 1 + next() % 3 : 1 + next() % 300;
    for (size_t j = 0; j < count; j++) {
        labels[j] = i % 13 == 0 ? true : i % 17 == 0 ? false : next() % 3 == 0;
        scores[j] = i % 7 == 0   ? 0.5
                    : i % 3 == 0 ? (double)(next() % 5) / 4
                    : i % 5 == 0 ? (next() % 2 ? 0.0 : 1.0)
                                 : (double)(next() % 1000003) / 1000003;
    }
    return count;
}

static void compare(const struct metric_list *list, const char *line, int number)
{
    for (const char *c = line; *c && *c != '\n';) {
        char name[64];
        int length;
        assert_int_equal(1, sscanf(c, "%63[^=]=%n", name, &length));
        char *end;
        double expected = strtod(c + length, &end), found = metric_list_find(list, name)->value;
        bool same = (isnan(expected) && isnan(found)) ||
                    fabs(expected - found) <= 1e-12 * fmax(1, fabs(expected));
        if (!same)
            fail_msg("case %d: %s is %.17g, scikit-learn says %.17g", number, name, found,
                     expected);
        c = end + strspn(end, " ");
    }
}

enum { BINARY = 600, MULTI = 200, REGRESSION = 200, ALL = BINARY + MULTI + REGRESSION };

static void measure_case(int i, struct buffer *text, struct metric_list *list)
{
    static bool labels[300];
    static double scores[300], truth[300];
    static uint32_t classes[300], guesses[300];
    struct mlops_error err = {0};
    size_t count = 1 + next() % 300;
    if (i < BINARY) {
        count = make_binary(i, labels, scores);
        buffer_printf(text, "binary %zu\n", count);
        for (size_t j = 0; j < count; j++)
            buffer_printf(text, "%d %.17g\n", labels[j], scores[j]);
        assert_int_equal(0, metrics_binary(labels, scores, NULL, count, 0.5, list, &err));
        return;
    }
    buffer_printf(text, "%s %zu\n", i < BINARY + MULTI ? "multi" : "regression", count);
    for (size_t j = 0; j < count; j++) {
        classes[j] = (uint32_t)(next() % (unsigned)(1 + i % 7));
        guesses[j] = (uint32_t)(next() % 7);
        truth[j] = i % 9 == 0 ? 3 : (double)(next() % 100000) / 7;
        scores[j] = i % 11 == 0 ? truth[j] : truth[j] + (double)(next() % 1000) / 13;
        if (i < BINARY + MULTI)
            buffer_printf(text, "%u %u\n", classes[j], guesses[j]);
        else
            buffer_printf(text, "%.17g %.17g\n", truth[j], scores[j]);
    }
    if (i < BINARY + MULTI)
        assert_int_equal(0, metrics_multiclass(classes, guesses, count, 7, list, &err));
    else
        assert_int_equal(0, metrics_regression(truth, scores, count, list, &err));
}

static void a_thousand_cases_agree_with_scikit_learn(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(free_string) char *folder = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(process_result_clear) struct process_result result = {0};
    struct metric_list *lists = xcalloc(ALL, sizeof(*lists));
    if (system("/usr/bin/python3 -c 'import sklearn' 2>/dev/null") != 0) {
        print_message("skipped: /usr/bin/python3 has no sklearn (apt install python3-sklearn)\n");
        free(lists);
        skip();
    }
    for (int i = 0; i < ALL; i++)
        measure_case(i, &text, &lists[i]);
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-metrics", &folder, &err));
    _cleanup_(free_string) char *input = path_join(folder, "cases");
    assert_int_equal(0, file_write_durable(input, text.data, text.length, 0644, &err));
    _cleanup_(free_string) char *command = xprintf(
        "/usr/bin/python3 '%s/tests/unit/stats/sklearn_metrics.py' < '%s'", SOURCE_ROOT, input);
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct process_options options = {.argv = argv, .output_max = 16 << 20};
    assert_int_equal(0, process_run(&options, &result, &err));
    if (result.exit_status != 0)
        fail_msg("%s", result.output.data);
    const char *line = result.output.data;
    for (int i = 0; i < ALL; i++) {
        compare(&lists[i], line, i);
        line = strchr(line, '\n');
        assert_non_null(line);
        line++;
        metric_list_clear(&lists[i]);
    }
    free(lists);
    assert_int_equal(0, tree_remove(folder, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confusion_matrix_is_counted_by_hand),
        cmocka_unit_test(nothing_and_nan_are_refused),
        cmocka_unit_test(every_metric_has_a_known_name),
        cmocka_unit_test(a_thousand_cases_agree_with_scikit_learn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
