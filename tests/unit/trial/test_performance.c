/* tests/unit/trial/test_performance.c - performance suites: predictions found, measured, and judged
 * by what is required of them. */
#include "trial/session.h"

#include "base/json.h"
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
