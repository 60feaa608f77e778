/* tests/unit/trial/test_schedule.c - suites that need others, are repeated, or vary. */
#include "trial/session.h"

static void run(struct session *s, const char *tests, const struct mlops_test_options *options)
{
    _cleanup_(free_string) char *yaml = xprintf("model: fraud\ntests:\n%s", tests);
    (void)given_version(s, yaml);
    mlops_test_report_clear(&s->report);
    assert_ok(s, mlops_test(s->registry, "fraud", options, &s->report, &s->err));
}

static void assert_result(const struct session *s, size_t index, const char *name,
                          const char *status, const char *message)
{
    const struct mlops_suite_result *result = &s->report.suites[index];
    assert_string_equal(name, result->name);
    assert_string_equal(status, mlops_suite_status_name(result->status));
    assert_string_equal(message, result->message);
}

static void refused(struct session *s, const char *tests, const char *message)
{
    struct mlops_package package;
    _cleanup_(free_string) char *yaml = xprintf("model: fraud\ntests:\n%s", tests);
    given_file(s, "mlops.yaml", yaml);
    const struct mlops_package_options options = {.directory = s->project};
    assert_fails(s, MLOPS_INVALID,
                 mlops_package_directory(s->registry, &options, &package, &s->err));
    assert_says(s, message);
}

/* ---- needs ----------------------------------------------------------------------------------- */

static void what_a_suite_needs_runs_before_it(void **state)
{
    struct session *s = *state;
    run(s,
        "  last:  {kind: unit, needs: [middle], run: exit 0}\n"
        "  middle: {kind: unit, needs: first, run: exit 0}\n"
        "  first: {kind: unit, run: sleep 0.1}\n",
        &(struct mlops_test_options){.jobs = 3});
    assert_true(s->report.passed);
    const char *first = strstr(s->progress.data, "first 0/3"),
               *middle = strstr(s->progress.data, "middle 1/3"),
               *last = strstr(s->progress.data, "last 2/3");
    assert_true(first && middle && last && first < middle && middle < last);
}

static void what_needs_one_that_failed_is_skipped_and_recorded_as_that(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    run(s,
        "  a: {kind: unit, run: exit 1}\n"
        "  b: {kind: unit, needs: [a, d], run: exit 0}\n"
        "  c: {kind: unit, needs: [b], run: exit 0}\n"
        "  d: {kind: unit, run: exit 0}\n",
        NULL);
    assert_false(s->report.passed);
    assert_result(s, 1, "b", "skipped", "it needs 'a', which did not pass");
    assert_result(s, 2, "c", "skipped", "it needs 'b', which did not pass");
    assert_result(s, 3, "d", "passed", "");
    assert_string_equal("needs", s->report.suites[1].reason);
    assert_ok(s, mlops_evidence_list(s->registry, s->report.version.bundle, "test", &list,
                                     &s->err));
    assert_int_equal(4, list.count);
    assert_string_equal("skipped", list.items[1].status);
    mlops_evidence_list_clear(&list);
}

static void asking_for_a_suite_asks_for_what_it_needs(void **state)
{
    struct session *s = *state;
    static const char *const names[] = {"b", NULL};
    run(s,
        "  a: {kind: unit, run: exit 0}\n  b: {kind: unit, needs: a, run: exit 0}\n"
        "  c: {kind: unit, run: exit 1}\n",
        &(struct mlops_test_options){.suites = names});
    assert_result(s, 0, "a", "passed", "");
    assert_result(s, 1, "b", "passed", "");
    assert_result(s, 2, "c", "skipped", "");
    assert_true(s->report.passed);
}

static void needs_that_cannot_be_met_are_refused(void **state)
{
    refused(*state, "  alpha: {kind: unit, run: x}\n  b: {kind: unit, needs: alhpa, run: x}\n",
            "mlops.yaml:2: suite 'b' needs 'alhpa', which is no suite (did you mean 'alpha'?)");
    refused(*state, "  a: {kind: unit, needs: b, run: x}\n  b: {kind: unit, needs: a, run: x}\n",
            "needs what needs itself");
    refused(*state, "  a: {kind: unit, needs: a, run: x}\n", "'a' needs what needs itself");
    refused(*state, "  a: {kind: unit, needs: {b: c}, run: x}\n",
            "'needs' must be a suite's name or a list");
}

/* ---- retries --------------------------------------------------------------------------------- */

/* The only place that outlives an attempt is outside: the sandbox is left out. */
static void run_flaky(struct session *s, unsigned fails, unsigned retries, bool allow)
{
    _cleanup_(free_string) char *yaml =
        xprintf("  only:\n    kind: unit\n    retries: %u\n    run: |\n"
                "      echo x >> %s/count; test $(wc -l < %s/count) -gt %u\n",
                retries, s->folder, s->folder, fails);
    run(s, yaml,
        &(struct mlops_test_options){.sandbox = MLOPS_SANDBOX_NONE, .allow_flaky = allow});
}

static void what_passes_when_repeated_is_flaky_and_not_passed(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    run_flaky(s, 2, 2, false);
    assert_result(s, 0, "only", "flaky", "passed at attempt 3; the first one: exit status 1");
    assert_int_equal(3, s->report.suites[0].attempts);
    assert_false(s->report.passed);
    assert_ok(s, mlops_evidence_list(s->registry, s->report.version.bundle, "test", &list,
                                     &s->err));
    assert_string_equal("flaky", list.items[0].status);
    assert_contains(list.items[0].body, "\"first_failure\":\"exit status 1\"");
    mlops_evidence_list_clear(&list);
}

static void flaky_suites_pass_where_that_is_allowed(void **state)
{
    struct session *s = *state;
    run_flaky(s, 1, 1, true);
    assert_result(s, 0, "only", "flaky", "passed at attempt 2; the first one: exit status 1");
    assert_true(s->report.passed);
}

static void what_never_passes_failed(void **state)
{
    struct session *s = *state;
    run_flaky(s, 9, 2, true);
    assert_result(s, 0, "only", "failed", "exit status 1");
    assert_int_equal(3, s->report.suites[0].attempts);
    assert_false(s->report.passed);
    refused(s, "  a: {kind: unit, retries: 11, run: x}\n", "'retries' must be a number of 0 to 10");
}

/* ---- matrix ---------------------------------------------------------------------------------- */

static void a_matrix_is_a_suite_for_each_combination(void **state)
{
    struct session *s = *state;
    static const char *const names[] = {"train", NULL};
    run(s,
        "  train:\n    kind: unit\n    matrix: {seed: [1, 2], size: [small, 'very large']}\n"
        "    run: echo {seed} $MLOPS_MATRIX_SEED ${seed} $MLOPS_MATRIX_SIZE '{other}'; exit {seed}\n"
        "  after: {kind: unit, needs: train, run: exit 0}\n",
        NULL);
    assert_int_equal(6, s->report.suite_count);
    assert_result(s, 0, "train-1-small", "failed", "exit status 1");
    assert_result(s, 1, "train-1-very_large", "failed", "exit status 1");
    assert_result(s, 3, "train-2-very_large", "failed", "exit status 2");
    assert_string_equal("2 2 very large {other}\n", s->report.suites[3].output);
    assert_result(s, 4, "after", "skipped", "it needs 'train-1-small', which did not pass");

    mlops_test_report_clear(&s->report);
    assert_ok(s, mlops_test(s->registry, "fraud", &(struct mlops_test_options){.suites = names},
                            &s->report, &s->err));
    assert_string_equal("failed", mlops_suite_status_name(s->report.suites[3].status));
}

static void a_matrix_that_makes_no_sense_is_refused(void **state)
{
    struct session *s = *state;
    refused(s, "  a: {kind: unit, matrix: [1], run: x}\n", "'matrix' must be a map");
    refused(s, "  a: {kind: unit, matrix: {b: 1}, run: x}\n", "'matrix' must be a map");
    refused(s, "  a: {kind: unit, matrix: {b: []}, run: x}\n", "'matrix' must be a map");
    refused(s, "  a: {kind: unit, matrix: {b-c: [1]}, run: x}\n", "'b-c' is not a parameter's name");
    refused(s, "  a: {kind: unit, matrix: {b: [x y, x_y]}, run: x}\n",
            "the matrix of 'a' makes a second suite 'a-x_y'");
    refused(s, "  a: {kind: unit, matrix: {b: [1]}, run: x}\n  a-1: {kind: unit, run: x}\n",
            "the matrix of 'a' makes a second suite 'a-1'");
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void limits_that_make_no_sense_are_refused(void **state)
{
    struct session *s = *state;
    refused(s, "  a: {kind: unit, limits: 3, run: x}\n", "'limits' must be a map");
    refused(s, "  a: {kind: unit, limits: {ram: 3}, run: x}\n", "unknown limit 'ram'");
    assert_contains(s->err.hint, "cpu, memory, processes, disk, output");
    refused(s, "  a: {kind: unit, limits: {memory: lots}, run: x}\n",
            "mlops.yaml:3: the limit 'memory' must be one such as 2 GB");
    refused(s, "  a: {kind: unit, limits: {memory: 2 XB}, run: x}\n", "the limit 'memory'");
    refused(s, "  a: {kind: unit, limits: {processes: 1.5}, run: x}\n", "the limit 'processes'");
    refused(s, "  a: {kind: unit, limits: {disk: -1}, run: x}\n", "the limit 'disk'");
    refused(s, "  a: {kind: unit, limits: {cpu: 5}, run: x}\n", "the limit 'cpu'");
    refused(s, "  a: {kind: unit, network: maybe, run: x}\n", "'network' must be true or false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(what_a_suite_needs_runs_before_it),
        session_test(what_needs_one_that_failed_is_skipped_and_recorded_as_that),
        session_test(asking_for_a_suite_asks_for_what_it_needs),
        session_test(needs_that_cannot_be_met_are_refused),
        session_test(what_passes_when_repeated_is_flaky_and_not_passed),
        session_test(flaky_suites_pass_where_that_is_allowed),
        session_test(what_never_passes_failed),
        session_test(a_matrix_is_a_suite_for_each_combination),
        session_test(a_matrix_that_makes_no_sense_is_refused),
        session_test(limits_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
