/* tests/unit/trial/test_performance.c - performance suites: predictions found, measured, and judged
 * by what is required of them. */
#include "trial/session.h"

#include "base/json.h"
#include "bundle/project.h"
#include <math.h>
#include <sys/stat.h>

#define SUITE(run, require)                                                                        \
    "model: fraud\ncode: data/\ntests:\n  holdout:\n    kind: performance\n    run: " run          \
    "\n    predictions: out/p.csv\n    score: p\n    label: y\n" require

#define WRITE "mkdir out && cp data/good.csv out/p.csv"

/* accuracy 0.75, recall 0.5, auc 0.75 */
static void given_predictions(struct session *s)
{
    _cleanup_(free_string) char *data = path_join(s->project, "data");
    assert_true(mkdir(data, 0755) == 0 || errno == EEXIST);
    given_file(s, "data/good.csv", "p,y\n0.9,1\n0.2,1\n0.3,0\n0.1,0\n");
}

static const struct mlops_suite_result *run(struct session *s, const char *yaml)
{
    given_predictions(s);
    (void)given_version(s, yaml);
    mlops_test_report_clear(&s->report);
    assert_ok(s, mlops_test(s->registry, "fraud", NULL, &s->report, &s->err));
    return s->report.suites;
}

static double value(const struct mlops_suite_result *result, const char *name)
{
    for (size_t i = 0; i < result->metric_count; i++)
        if (str_equal(result->metrics[i].name, name))
            return result->metrics[i].value;
    fail_msg("there is no metric '%s'", name);
    return NAN;
}

#define assert_status(result, wanted)                                                              \
    assert_string_equal(mlops_suite_status_name(wanted), mlops_suite_status_name((result)->status))

static void assert_error(struct session *s, const char *command, const char *message)
{
    _cleanup_(free_string) char *yaml = xprintf(
        "model: fraud\ncode: data/\ntests:\n  holdout:\n    kind: performance\n    run: |\n      "
        "%s\n    predictions: out/p.csv\n    score: p\n    label: y\n",
        command);
    const struct mlops_suite_result *result = run(s, yaml);
    assert_status(result, MLOPS_SUITE_ERROR);
    assert_string_equal(message, result->message);
    assert_int_equal(0, result->metric_count);
}

/* ---- predictions ----------------------------------------------------------------------------- */

static void metrics_are_computed_and_recorded(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    const struct mlops_suite_result *result =
        run(s, SUITE(WRITE, "    threshold: 0.25\n    require: {recall: '>= 0.5', fpr: < 0.6}\n"));
    assert_status(result, MLOPS_SUITE_PASSED);
    assert_true(value(result, "accuracy") == 0.5);
    assert_true(value(result, "auc") == 0.75);
    assert_int_equal(2, result->requirement_count);
    assert_string_equal("recall", result->requirements[0].metric);
    assert_string_equal(">= 0.5", result->requirements[0].demand);
    assert_string_equal("0.5 >= 0.5", result->requirements[0].detail);
    assert_true(result->requirements[0].met);

    assert_ok(s,
              mlops_evidence_list(s->registry, s->report.version.bundle, "test", &list, &s->err));
    _cleanup_(json_free) cJSON *body = NULL;
    assert_ok(s,
              json_parse(list.items[0].body, strlen(list.items[0].body), "body", &body, &s->err));
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(body, "metrics");
    assert_true(json_number(metrics, "auc", -1) == 0.75);
    assert_int_equal(2, cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(body, "requirements")));
    assert_null(cJSON_GetObjectItemCaseSensitive(body, "positive_class"));
    mlops_evidence_list_clear(&list);
}

static void a_command_that_fails_is_not_judged_by_its_predictions(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run(s, SUITE(WRITE "; exit 9", ""));
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_string_equal("exit status 9", result->message);
    assert_int_equal(0, result->metric_count);
}

static void predictions_that_are_not_there_are_an_error_with_the_output(void **state)
{
    struct session *s = *state;
    assert_error(s, "echo nothing today", "it wrote no 'out/p.csv'");
    assert_string_equal("nothing today\n", s->report.suites[0].output);
}

static void old_predictions_that_were_packaged_are_not_judged(void **state)
{
    struct session *s = *state;
    _cleanup_(free_string) char *out = path_join(s->project, "out");
    assert_int_equal(0, mkdir(out, 0755));
    given_file(s, "out/p.csv", "p,y\n0.9,1\n0.1,0\n");
    const struct mlops_suite_result *result =
        run(s, "model: fraud\ncode: [data/, out/]\ntests:\n  holdout:\n    kind: performance\n"
               "    run: 'true'\n    predictions: out/p.csv\n    score: p\n    label: y\n");
    assert_status(result, MLOPS_SUITE_ERROR);
    assert_string_equal("it wrote no 'out/p.csv'", result->message);
}

static void predictions_are_a_file_in_the_suites_own_folder(void **state)
{
    struct session *s = *state;
    assert_error(s, "mkdir out; ln -s /etc/passwd out/p.csv",
                 "'out/p.csv' leads out of the suite's folder");
    _cleanup_(free_string) char *outside = path_join(s->folder, "p.csv");
    _cleanup_(free_string) char *link = xprintf("ln -s %s out", s->folder);
    assert_ok(s, file_write_durable(outside, "p,y\n0.1,1\n", 10, 0644, &s->err));
    assert_error(s, link, "'out/p.csv' leads out of the suite's folder");
    assert_error(s, "mkdir out; mkfifo out/p.csv", "'out/p.csv' is not a regular file");
    assert_error(s, "mkdir -p out/p.csv", "'out/p.csv' is not a regular file");
    assert_error(s, "mkdir out; ln -s p.csv out/p.csv",
                 "'out/p.csv' cannot be read: Too many levels of symbolic links");
    assert_error(s, "echo > out", "'out/p.csv' cannot be read: Not a directory");
    /* a link inside the folder is as good as the file */
    assert_status(run(s, SUITE("mkdir out; ln -s ../data/good.csv out/p.csv", "")),
                  MLOPS_SUITE_PASSED);
}

static void predictions_that_cannot_be_read_are_named_without_the_private_folder(void **state)
{
    struct session *s = *state;
    assert_error(s, "mkdir out; printf 'p,y\\n0.1,1\\nx,0\\n' > out/p.csv",
                 "out/p.csv:3: 'x' in column 'p' is not of its type, float");
    assert_error(s, "mkdir out; printf 'q,y\\n0.1,1\\n' > out/p.csv",
                 "out/p.csv has no column 'p'; its columns are q, y");
    assert_error(s, "mkdir out; printf 'p,y\\n0.1,\\377\\n0.1,1\\n' > out/p.csv",
                 "out/p.csv:3: column 'y': '\xef\xbf\xbd' and '1' are not 0 and 1, nor two texts; "
                 "a binary task has two classes; for more say 'task: multiclass'");
    assert_error(s, "mkdir out; touch out/p.csv", "out/p.csv is empty: not even a header");
}

static void which_text_is_positive_is_told_and_recorded(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    const struct mlops_suite_result *result =
        run(s, SUITE("mkdir out; printf 'p,y\\n0.9,ok\\n0.1,bad\\n' > out/p.csv", ""));
    assert_status(result, MLOPS_SUITE_PASSED);
    assert_true(value(result, "tp") == 1);
    assert_contains(s->warnings.data, "takes 'ok' for the positive class of 'y'");
    assert_ok(s,
              mlops_evidence_list(s->registry, s->report.version.bundle, "test", &list, &s->err));
    assert_contains(list.items[0].body, "\"positive_class\":\"ok\"");
    mlops_evidence_list_clear(&list);
}

/* ---- requirements ---------------------------------------------------------------------------- */

static void a_requirement_that_is_not_met_fails_the_suite(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run(s, SUITE(WRITE, "    require: {recall: '>= 0.85', fpr: '<= 0.1', auc: '> 0.75'}\n"));
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_string_equal("recall >= 0.85 is not met (0.5 < 0.85); auc > 0.75 is not met "
                        "(0.75 <= 0.75)",
                        result->message);
    assert_false(result->requirements[0].met);
    assert_true(result->requirements[1].met);
    assert_true(result->metric_count > 0);
}

static void a_metric_that_is_not_defined_meets_nothing(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run(s, SUITE("mkdir out; printf 'p,y\\n0.9,1\\n0.1,1\\n' > out/p.csv",
                     "    require: {auc: '>= 0', rmse: '<= 9', fpr: '<= 0'}\n"));
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_true(isnan(value(result, "auc")));
    assert_string_equal("auc is not defined on these predictions", result->requirements[0].detail);
    assert_string_equal("rmse is not defined on these predictions", result->requirements[1].detail);
    assert_true(result->requirements[2].met);
}

static void figures_that_differ_look_different(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run(s, SUITE(WRITE, "    require: {recall: '>= 0.50000001'}\n"));
    assert_string_equal("0.5 < 0.50000001", result->requirements[0].detail);
}

#define RELATIVE SUITE(WRITE, "    require: {auc: '>= production - 0.01'}\n")

static void against_an_empty_stage_a_requirement_is_met(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run(s, RELATIVE);
    assert_status(result, MLOPS_SUITE_PASSED);
    assert_string_equal("nothing is in production yet", result->requirements[0].detail);
}

static void against_itself_a_requirement_is_met(void **state)
{
    struct session *s = *state;
    run(s, RELATIVE);
    given_in_stage(s, &s->report.version, "production", 0);
    const struct mlops_suite_result *result = run(s, RELATIVE);
    assert_status(result, MLOPS_SUITE_PASSED);
    assert_string_equal("production holds this very version", result->requirements[0].detail);
}

static void against_a_version_that_was_never_tested_a_requirement_is_not_met(void **state)
{
    struct session *s = *state;
    given_predictions(s);
    struct mlops_version first = given_version(s, SUITE(WRITE, ""));
    given_in_stage(s, &first, "production", 0);
    const struct mlops_suite_result *result = run(s, RELATIVE);
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_string_equal("auc of 'holdout' is not known of @1, which is in production: run 'mlops "
                        "test fraud@1'",
                        result->requirements[0].detail);
    /* evidence without the metric is none */
    given_evidence(s, &first, "holdout", "passed", "{\"auc\":null,\"recall\":1}");
    assert_status(run(s, RELATIVE), MLOPS_SUITE_FAILED);
    given_evidence(s, &first, "another", "passed", "{\"auc\":0.1}");
    assert_status(run(s, RELATIVE), MLOPS_SUITE_FAILED);
}

static void against_the_newest_evidence_of_what_a_stage_holds_a_requirement_is_judged(void **state)
{
    struct session *s = *state;
    given_predictions(s);
    struct mlops_version first = given_version(s, SUITE(WRITE, ""));
    given_in_stage(s, &first, "production", 0);
    given_evidence(s, &first, "holdout", "passed", "{\"auc\":0.1}");
    given_evidence(s, &first, "holdout", "passed", "{\"auc\":0.77}");
    const struct mlops_suite_result *result = run(s, RELATIVE);
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_string_equal("0.75 < 0.76: production is @1 with 0.77", result->requirements[0].detail);
    given_evidence(s, &first, "holdout", "passed", "{\"auc\":0.755}");
    result = run(s, RELATIVE);
    assert_status(result, MLOPS_SUITE_PASSED);
    assert_string_equal("0.75 >= 0.745: production is @1 with 0.755",
                        result->requirements[0].detail);
}

static void what_other_stages_and_models_hold_does_not_count(void **state)
{
    struct session *s = *state;
    given_predictions(s);
    struct mlops_version other = given_version(s, "model: churn\ncode: data/\n");
    struct mlops_version first = given_version(s, SUITE(WRITE, ""));
    given_in_stage(s, &other, "production", 0);
    given_in_stage(s, &first, "staging", 0);
    given_evidence(s, &other, "holdout", "passed", "{\"auc\":1}");
    given_evidence(s, &first, "holdout", "passed", "{\"auc\":1}");
    const struct mlops_suite_result *result = run(s, RELATIVE);
    assert_status(result, MLOPS_SUITE_PASSED);
    assert_string_equal("nothing is in production yet", result->requirements[0].detail);
}

/* ---- slices, weights and other tasks --------------------------------------------------------- */

static const struct mlops_suite_result *run_on(struct session *s, const char *csv, const char *keys)
{
    _cleanup_(free_string) char *data = path_join(s->project, "data");
    assert_true(mkdir(data, 0755) == 0 || errno == EEXIST);
    given_file(s, "data/p.csv", csv);
    _cleanup_(free_string) char *yaml =
        xprintf("model: fraud\ncode: data/\ntests:\n  holdout:\n    kind: performance\n    run: cp "
                "data/p.csv out.csv\n    predictions: out.csv\n%s",
                keys);
    (void)given_version(s, yaml);
    mlops_test_report_clear(&s->report);
    assert_ok(s, mlops_test(s->registry, "fraud", NULL, &s->report, &s->err));
    return s->report.suites;
}

#define COUNTRIES                                                                                  \
    "y,p,country,amount\n1,0.9,DE,5\n0,0.1,DE,2000\n1,0.8,DE,10\n1,0.2,FR,3000\n0,0.7,FR,1\n"      \
    "1,0.9,FR,2\n0,0.1,,7\n"

static void every_slice_is_measured_and_the_worst_is_judged(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run_on(s, COUNTRIES,
               "    score: p\n    label: y\n    slices: [country, amount > 1000]\n"
               "    every_slice: {min_rows: 2, recall: '>= 0.6'}\n");
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_int_equal(4, result->slice_count);
    assert_string_equal("country = DE", result->slices[0].name);
    assert_string_equal("country = FR", result->slices[1].name);
    assert_string_equal("country is missing", result->slices[2].name);
    assert_string_equal("amount > 1000", result->slices[3].name);
    assert_int_equal(3, result->slices[1].rows);
    assert_int_equal(1, result->requirement_count);
    assert_string_equal("recall", result->requirements[0].metric);
    assert_string_equal(">= 0.6 in every slice", result->requirements[0].demand);
    assert_contains(result->requirements[0].detail, "0 < 0.6: 'amount > 1000', 2 rows, 0 to 0.7");
    assert_false(result->requirements[0].met);
}

static void slices_that_are_good_enough_or_too_small_are_passed(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run_on(s, COUNTRIES,
               "    score: p\n    label: y\n    slices: [country]\n"
               "    every_slice: {min_rows: 3, recall: '>= 0.5'}\n");
    assert_status(result, MLOPS_SUITE_PASSED);
    assert_contains(result->requirements[0].detail, "'country = FR', 3 rows");
    result = run_on(s, COUNTRIES,
                    "    score: p\n    label: y\n    slices: [country]\n"
                    "    every_slice: {recall: '>= 0.5'}\n");
    assert_status(result, MLOPS_SUITE_FAILED); /* nobody was asked: that is no answer */
    assert_contains(result->requirements[0].detail, "no slice of 30 rows or more");
}

static void intervals_are_told_and_recorded(void **state)
{
    struct session *s = *state;
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    const struct mlops_suite_result *result =
        run_on(s, COUNTRIES, "    score: p\n    label: y\n    cost: {fp: 5, fn: 120}\n");
    assert_true(value(result, "cost") == 125);
    for (size_t i = 0; i < result->metric_count; i++)
        if (str_equal(result->metrics[i].name, "recall")) {
            assert_string_equal("wilson", result->metrics[i].method);
            assert_true(result->metrics[i].low < 0.75 && result->metrics[i].high > 0.75);
        }
    assert_ok(s,
              mlops_evidence_list(s->registry, s->report.version.bundle, "test", &list, &s->err));
    assert_contains(list.items[0].body, "\"intervals\":{\"accuracy\":{\"high\":");
    assert_contains(list.items[0].body, "\"method\":\"delong\"");
}

static void a_result_that_is_reused_has_its_intervals_and_slices(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run_on(s, COUNTRIES, "    score: p\n    label: y\n    slices: [country]\n");
    double low = result->metrics[1].low, slice_low = result->slices[1].metrics[1].low;
    mlops_test_report_clear(&s->report);
    assert_ok(s, mlops_test(s->registry, "fraud", NULL, &s->report, &s->err));
    result = s->report.suites;
    assert_true(result->cached);
    for (size_t i = 0; i < result->metric_count; i++)
        if (str_equal(result->metrics[i].name, "accuracy")) {
            assert_true(result->metrics[i].low == low);
            assert_string_equal("wilson", result->metrics[i].method);
        }
    assert_int_equal(3, result->slice_count);
    assert_string_equal("country = FR", result->slices[1].name);
    assert_int_equal(3, result->slices[1].rows);
    for (size_t i = 0; i < result->slices[1].metric_count; i++)
        if (str_equal(result->slices[1].metrics[i].name, "accuracy"))
            assert_true(result->slices[1].metrics[i].low == slice_low);
}

static void a_demand_at_a_confidence_is_held_against_the_interval(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run_on(
        s, COUNTRIES,
        "    score: p\n    label: y\n    require: {recall: '>= 0.7', accuracy: '>= 0.7 at 95%',"
        " fpr: '<= 0.99 at 95%', f1: '>= 0.1 at 90%', n: '>= 1 at 95%'}\n");
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_true(result->requirements[0].met);
    assert_false(result->requirements[1].met); /* 0.714, but as little as 0.36 */
    assert_contains(result->requirements[1].detail,
                    "0.3589 < 0.7: 0.7143, at 95% 0.3589 to 0.9178");
    assert_true(result->requirements[2].met);
    assert_false(result->requirements[3].met);
    assert_contains(result->requirements[3].detail, "intervals are at 95%: say 'confidence: 90%'");
    assert_string_equal("n has no interval", result->requirements[4].detail);
}

static void weights_count(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run_on(s, "y,p,w\n1,0.9,3\n1,0.1,1\n0,0.2,2\n",
                                                     "    score: p\n    label: y\n    weight: w\n");
    assert_true(value(result, "recall") == 0.75);
    assert_true(value(result, "n") == 3);
}

static void a_class_can_be_required(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run_on(
        s, "y,p,a,b\ncat,cat,0.9,0.1\ncat,dog,0.4,0.6\ndog,dog,0.2,0.8\n",
        "    label: y\n    prediction: p\n    task: multiclass\n    scores: {cat: a, dog: b}\n"
        "    require: {'recall[cat]': '>= 0.6', auc_macro: '>= 0.9'}\n");
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_false(result->requirements[0].met);
    assert_true(result->requirements[1].met);
    assert_true(value(result, "precision[dog]") == 0.5);
}

static void sets_of_labels_and_rankings_are_measured(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run_on(s, "a,b,pa,pb\n1,0,1,0\n1,1,1,0\n",
               "    task: multilabel\n    labels: {red: [a, pa], blue: [b, pb]}\n");
    assert_true(value(result, "accuracy") == 0.5);
    assert_true(value(result, "recall[red]") == 1);
    result = run_on(s, "q,rel,s\n1,1,0.9\n1,0,0.5\n2,0,0.9\n2,1,0.1\n",
                    "    task: ranking\n    label: rel\n    score: s\n    group: q\n");
    assert_true(value(result, "groups") == 2);
    assert_true(value(result, "map") == 0.75);
}

static void what_makes_no_sense_is_refused_with_its_line(void **state)
{
    struct session *s = *state;
    static const char *const keys[][2] = {
        {"at_fpr: 2", "mlops.yaml:7: 'at_fpr' must be a share"},
        {"cost: {fx: 1}", "'cost' must be a map of 'fp' and 'fn'"},
        {"every_slice: {recall: '>= 0.5'}", "there are none"},
        {"slices: [amount > much]", "is not a slice"},
        {"confidence: 1", "'confidence' must be a share"},
        {"beta: x", "'beta' must be a number"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        _cleanup_(free_string) char *yaml =
            xprintf("model: fraud\ntests:\n  holdout:\n    kind: performance\n    run: 'true'\n"
                    "    score: p\n    %s\n    predictions: p.csv\n    label: y\n",
                    keys[i][0]);
        struct project project;
        memset(&s->err, 0, sizeof(s->err));
        assert_int_equal(MLOPS_INVALID,
                         project_parse(yaml, strlen(yaml), "mlops.yaml", &project, &s->err));
        assert_contains(s->err.message, keys[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(metrics_are_computed_and_recorded),
        session_test(a_command_that_fails_is_not_judged_by_its_predictions),
        session_test(predictions_that_are_not_there_are_an_error_with_the_output),
        session_test(old_predictions_that_were_packaged_are_not_judged),
        session_test(predictions_are_a_file_in_the_suites_own_folder),
        session_test(predictions_that_cannot_be_read_are_named_without_the_private_folder),
        session_test(which_text_is_positive_is_told_and_recorded),
        session_test(a_requirement_that_is_not_met_fails_the_suite),
        session_test(a_metric_that_is_not_defined_meets_nothing),
        session_test(figures_that_differ_look_different),
        session_test(against_an_empty_stage_a_requirement_is_met),
        session_test(against_itself_a_requirement_is_met),
        session_test(against_a_version_that_was_never_tested_a_requirement_is_not_met),
        session_test(against_the_newest_evidence_of_what_a_stage_holds_a_requirement_is_judged),
        session_test(what_other_stages_and_models_hold_does_not_count),
        session_test(every_slice_is_measured_and_the_worst_is_judged),
        session_test(slices_that_are_good_enough_or_too_small_are_passed),
        session_test(intervals_are_told_and_recorded),
        session_test(weights_count),
        session_test(a_demand_at_a_confidence_is_held_against_the_interval),
        session_test(a_result_that_is_reused_has_its_intervals_and_slices),
        session_test(a_class_can_be_required),
        session_test(sets_of_labels_and_rankings_are_measured),
        session_test(what_makes_no_sense_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
