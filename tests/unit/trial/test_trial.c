/* tests/unit/trial/test_trial.c - suites run, told apart, recorded, and nothing left of them. */
#include "trial/session.h"

#include "base/json.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

static const struct mlops_suite_result *run(struct session *s, const char *ref)
{
    mlops_test_report_clear(&s->report);
    assert_ok(s, mlops_test(s->registry, ref, NULL, &s->report, &s->err));
    return s->report.suites;
}

/* A version whose only suite runs `command`, tested. */
static const struct mlops_suite_result *run_command(struct session *s, const char *command)
{
    _cleanup_(free_string) char *yaml =
        xprintf("model: fraud\ntests:\n  only:\n    kind: unit\n    timeout: 4m\n    run: |\n"
                "      %s\n",
                command);
    (void)given_version(s, yaml);
    return run(s, "fraud");
}

#define assert_status(result, wanted)                                                              \
    assert_string_equal(mlops_suite_status_name(wanted), mlops_suite_status_name((result)->status))

/* ---- what the end of a command means --------------------------------------------------------- */

static void a_suite_that_exits_with_0_passes(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run_command(s, "echo all is well");
    assert_status(result, MLOPS_SUITE_PASSED);
    assert_true(s->report.passed);
    assert_string_equal("", result->message);
    assert_string_equal("", result->output);
    assert_string_equal("only", result->name);
    assert_string_equal("unit", result->kind);
    assert_true(result->seconds > 0);
}

static void a_suite_that_exits_with_another_status_failed_and_shows_its_output(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run_command(s, "echo out; echo err >&2; exit 3");
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_false(s->report.passed);
    assert_string_equal("exit status 3", result->message);
    assert_string_equal("out\nerr\n", result->output);
}

static void a_command_that_is_not_there_is_an_error(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run_command(s, "no-such-command-at-all --now");
    assert_status(result, MLOPS_SUITE_ERROR);
    assert_contains(result->message, "command not found (exit status 127): no-such-command-at-all");
}

static void a_command_that_cannot_be_run_is_an_error(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = run_command(s, "./mlops.yaml");
    assert_status(result, MLOPS_SUITE_ERROR);
    assert_contains(result->message, "exit status 126");
}

static void a_crash_names_the_signal(void **state)
{
    struct session *s = *state;
    assert_string_equal("crashed: signal 11 (Segmentation fault)",
                        run_command(s, "kill -SEGV $$")->message);
    assert_status(s->report.suites, MLOPS_SUITE_FAILED);
    assert_string_equal("crash", s->report.suites->reason);
    /* of a program that the shell started: the shell says it in its exit status */
    assert_string_equal("crashed: signal 6 (Aborted)",
                        run_command(s, "sh -c 'kill -ABRT $$'; exit $?")->message);
}

/* A busy machine may need longer until the suite has come to print anything. */
static void a_suite_that_hangs_is_stopped_with_all_that_it_started(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result = NULL;
    for (int limit_ms = 300; limit_ms < 60000; limit_ms *= 2) {
        _cleanup_(free_string) char *yaml = xprintf("model: fraud\ntests:\n"
                                                    "  hangs:\n    kind: unit\n    timeout: %dms\n"
                                                    "    run: SLEEPER & echo started; SLEEPER\n",
                                                    limit_ms);
        _cleanup_(free_string) char *message =
            xprintf("stopped at its time limit of %g s", limit_ms / 1000.0);
        (void)given_version(s, yaml);
        result = run(s, "fraud");
        assert_status(result, MLOPS_SUITE_TIMEOUT);
        assert_string_equal(message, result->message);
        assert_false(session_sleeps());
        if (*result->output)
            break;
    }
    assert_string_equal("started\n", result->output);
}

static void what_a_suite_leaves_running_is_ended_with_it(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run_command(s, "SLEEPER >/dev/null 2>&1 & echo started; exit 1");
    assert_string_equal("started\n", result->output);
    assert_false(session_sleeps());
}

static void cancelling_stops_the_suite_and_records_nothing(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    struct mlops_version version =
        given_version(s, "model: fraud\ntests: {slow: {kind: unit, run: sleep 60}}\n");
    s->cancel = true;
    assert_fails(s, MLOPS_CANCELLED, mlops_test(s->registry, "fraud", NULL, &s->report, &s->err));
    s->cancel = false;
    assert_ok(s, mlops_evidence_list(s->registry, version.bundle, NULL, &list, &s->err));
    assert_int_equal(0, list.count);
    mlops_evidence_list_clear(&list);
}

static void output_that_is_no_text_is_kept_as_text(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run_command(s, "printf 'caf\\303\\251 \\377\\000 end\\n'; exit 1");
    assert_string_equal("caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd end\n", result->output);
}

static void of_much_output_the_end_is_kept_in_whole_lines(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run_command(s, "seq 100000; echo the last word; exit 1");
    size_t length = strlen(result->output);
    assert_true(length > 3900 && length <= 4000);
    assert_contains(result->output, "\n100000\nthe last word\n");
    assert_int_equal(5, strcspn(result->output, "\n"));
}

/* ---- where a suite runs ---------------------------------------------------------------------- */

static void each_suite_has_a_fresh_copy_of_the_bundle(void **state)
{
    struct session *s = *state;
    given_file(s, "data.txt", "as packaged");
    (void)given_version(
        s, "model: fraud\ncode: data.txt\ntests:\n"
           "  first: {kind: unit, run: echo spoilt > data.txt && mkdir new && chmod 500 new}\n"
           "  second: {kind: unit, run: 'test ! -e new && test \"$(cat data.txt)\" = \"as "
           "packaged\"'}\n");
    run(s, "fraud");
    assert_status(&s->report.suites[0], MLOPS_SUITE_PASSED);
    assert_status(&s->report.suites[1], MLOPS_SUITE_PASSED);
}

static void a_suite_sees_what_it_runs_for_and_no_secrets(void **state)
{
    struct session *s = *state;
    setenv("AWS_SECRET_ACCESS_KEY", "hush", 1);
    setenv("LC_TEST", "kept", 1);
    const struct mlops_suite_result *result = run_command(s, "env; cat; exit 1");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("LC_TEST");
    assert_contains(result->output, "MLOPS_MODEL=fraud\n");
    assert_contains(result->output, "MLOPS_VERSION=1\n");
    assert_contains(result->output, "MLOPS_SUITE=only\n");
    assert_contains(result->output, "PYTHONHASHSEED=0\n");
    assert_contains(result->output, "PYTHONDONTWRITEBYTECODE=1\n");
    assert_contains(result->output, "LC_TEST=kept\n");
    assert_contains(result->output, "PATH=/");
    assert_null(strstr(result->output, "hush"));
    assert_null(strstr(result->output, "MLOPS_ACTOR"));
}

static void make_aged(struct session *s, const char *name, int days)
{
    _cleanup_(free_string) char *path = xprintf("%s/.mlops/tmp/%s", s->folder, name);
    _cleanup_(free_string) char *tmp = xprintf("%s/.mlops/tmp", s->folder);
    struct timespec times[2] = {{.tv_sec = time(NULL) - days * 86400}};
    times[1] = times[0];
    assert_ok(s, directory_make(tmp, 0755, &s->err));
    assert_int_equal(0, mkdir(path, 0700));
    assert_int_equal(0, utimensat(AT_FDCWD, path, times, 0));
}

static void what_a_killed_run_left_is_removed_by_a_later_one(void **state)
{
    struct session *s = *state;
    char host[256] = "";
    const long dead = 1L << 30; /* no process has such a number, ever */
    assert_int_equal(0, gethostname(host, sizeof(host) - 1));
    _cleanup_(free_string) char *of_dead = xprintf("test-%ld@%s-AAAAAA", dead, host);
    _cleanup_(free_string) char *new_of_dead = xprintf("test-%ld@%s-BBBBBB", dead, host);
    _cleanup_(free_string) char *of_living = xprintf("test-%ld@%s-CCCCCC", (long)getpid(), host);
    make_aged(s, of_dead, 2);
    make_aged(s, "test-1@elsewhere-DDDDDD", 40);
    make_aged(s, new_of_dead, 0);
    make_aged(s, of_living, 2);
    make_aged(s, "test-1@elsewhere-EEEEEE", 2);
    make_aged(s, "package-1", 40);
    run_command(s, "true");
    assert_int_equal(4, count_scratch(s));
    const char *const kept[] = {new_of_dead, of_living, "test-1@elsewhere-EEEEEE", "package-1"};
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        _cleanup_(free_string) char *path = xprintf("%s/.mlops/tmp/%s", s->folder, kept[i]);
        assert_int_equal(0, rmdir(path));
    }
}

/* ---- which suites ---------------------------------------------------------------------------- */

#define THREE                                                                                      \
    "model: fraud\ntests:\n  a: {kind: unit, run: 'true'}\n  b: {kind: integration, run: 'false'}" \
    "\n  c: {kind: unit, run: 'true'}\n"

static void suites_run_in_the_order_of_the_project_file_and_tell_how_far_they_are(void **state)
{
    struct session *s = *state;
    (void)given_version(s, THREE);
    run(s, "fraud@1");
    assert_int_equal(4, s->report.suite_count);
    assert_string_equal("b", s->report.suites[1].name);
    assert_string_equal("integration", s->report.suites[1].kind);
    assert_status(&s->report.suites[1], MLOPS_SUITE_FAILED);
    assert_status(&s->report.suites[2], MLOPS_SUITE_PASSED); /* a failure stops nothing */
    assert_string_equal("scan", s->report.suites[3].name);
    assert_string_equal("security", s->report.suites[3].kind);
    assert_status(&s->report.suites[3], MLOPS_SUITE_PASSED);
    const char *const steps[] = {"\na 0/3\n", "\nb 1/3\n", "\nc 2/3\n", "\nc 3/3\n"};
    const char *told = s->progress.data;
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++, told++) {
        assert_contains(told, steps[i]);
        told = strstr(told, steps[i]);
    }
}

static void only_those_asked_for_run_and_the_rest_is_skipped(void **state)
{
    struct session *s = *state;
    static const char *const names[] = {"c", NULL}, *const none[] = {NULL};
    struct mlops_evidence_list list;
    struct mlops_version version = given_version(s, THREE);
    struct mlops_test_options options = {.suites = names};
    assert_ok(s, mlops_test(s->registry, "fraud", &options, &s->report, &s->err));
    assert_true(s->report.passed);
    assert_status(&s->report.suites[0], MLOPS_SUITE_SKIPPED);
    assert_status(&s->report.suites[2], MLOPS_SUITE_PASSED);
    assert_status(&s->report.suites[3], MLOPS_SUITE_SKIPPED); /* the scan */
    assert_ok(s, mlops_evidence_list(s->registry, version.bundle, NULL, &list, &s->err));
    assert_int_equal(1, list.count);
    assert_string_equal("c", list.items[0].name);
    mlops_evidence_list_clear(&list);

    mlops_test_report_clear(&s->report);
    options.suites = none; /* nothing is not what "passed" may mean */
    assert_ok(s, mlops_test(s->registry, "fraud", &options, &s->report, &s->err));
    assert_false(s->report.passed);
}

static void an_unknown_suite_is_refused_with_those_that_there_are(void **state)
{
    struct session *s = *state;
    static const char *const names[] = {"a", "d", NULL};
    (void)given_version(s, THREE);
    const struct mlops_test_options options = {.suites = names};
    assert_fails(s, MLOPS_NOT_FOUND,
                 mlops_test(s->registry, "fraud", &options, &s->report, &s->err));
    assert_says(s, "'d'");
    assert_contains(s->err.hint, "a, b, c, scan");
}

static void a_bundle_without_suites_is_still_scanned(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    struct mlops_version version = given_version(s, "model: fraud\n");
    run(s, "fraud");
    assert_int_equal(1, s->report.suite_count);
    assert_string_equal("scan", s->report.suites[0].name);
    assert_true(s->report.passed);
    assert_ok(s, mlops_evidence_list(s->registry, version.bundle, NULL, &list, &s->err));
    assert_int_equal(1, list.count);
    assert_string_equal("scan", list.items[0].kind);
    assert_string_equal("safe", list.items[0].status);
    mlops_evidence_list_clear(&list);
    assert_log_is_sound(s);
}

/* By scripts or by hand, it is the scan that says what is in a pickle. */
static void a_pickle_that_runs_a_program_fails_the_scan(void **state)
{
    struct session *s = *state;
    given_file(s, "model.pkl", "cos\nsystem\n(S'true'\ntR.");
    (void)given_version(s, "model: fraud\nartifacts: model.pkl\n");
    const struct mlops_suite_result *result = run(s, "fraud");
    assert_status(result, MLOPS_SUITE_FAILED);
    assert_false(s->report.passed);
    assert_contains(result->message, "unsafe: model.pkl imports os.system");
    assert_contains(result->output, "model.pkl: critical: imports os.system");
}

static void a_bundle_without_version_is_refused(void **state)
{
    struct session *s = *state;
    struct mlops_package package;
    (void)given_version(s, "model: fraud\n");
    given_packaged(s, THREE, &package);
    assert_fails(s, MLOPS_INVALID,
                 mlops_test(s->registry, package.bundle, NULL, &s->report, &s->err));
    assert_says(s, "is not registered");
    assert_fails(s, MLOPS_NOT_FOUND, mlops_test(s->registry, "froud", NULL, &s->report, &s->err));
}

/* ---- evidence -------------------------------------------------------------------------------- */

static void a_run_is_recorded_as_evidence_with_one_entry_in_the_log(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    struct mlops_log log;
    struct mlops_version version = given_version(s, THREE);
    run(s, "fraud");
    assert_ok(s, mlops_evidence_list(s->registry, version.bundle, "test", &list, &s->err));
    assert_int_equal(3, list.count);
    assert_string_equal("b", list.items[1].name);
    assert_string_equal("failed", list.items[1].status);
    assert_string_equal("alice@host", list.items[1].actor);
    _cleanup_(json_free) cJSON *body = NULL;
    assert_ok(s,
              json_parse(list.items[1].body, strlen(list.items[1].body), "body", &body, &s->err));
    assert_string_equal("integration", json_string(body, "kind", ""));
    assert_string_equal("exit status 1", json_string(body, "message", ""));
    assert_string_equal("", json_string(body, "output_tail", "?"));
    assert_true(json_number(body, "exit_status", -1) == 1);
    assert_true(json_number(body, "timeout_seconds", -1) == 600);
    assert_true(json_number(body, "seconds", -1) >= 0);
    assert_true(cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(body, "metrics")));
    assert_true(cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(body, "requirements")));
    mlops_evidence_list_clear(&list);

    assert_ok(s, mlops_log_read(s->registry, &(struct mlops_log_filter){.model = "fraud"}, &log,
                                &s->err));
    assert_int_equal(2, log.count); /* after the registration */
    assert_string_equal("test", log.items[0].action);
    assert_int_equal(1, log.items[0].version);
    assert_string_equal("not passed", log.items[0].reason);
    mlops_log_clear(&log);
    assert_log_is_sound(s);
}

/* The log names each piece of evidence by its digest, and an entry has room for some 600. */
static void more_suites_than_a_log_entry_holds_are_recorded_in_several(void **state)
{
    struct session *s = *state;
    struct mlops_evidence_list list;
    struct mlops_log log;
    struct buffer yaml = {0};
    buffer_puts(&yaml, "model: fraud\ntests:\n");
    for (int i = 0; i < 251; i++)
        buffer_printf(&yaml, "  s%d: {kind: unit, run: ':'}\n", i);
    struct mlops_version version = given_version(s, yaml.data);
    buffer_clear(&yaml);
    run(s, "fraud");
    assert_true(s->report.passed);
    assert_ok(s, mlops_evidence_list(s->registry, version.bundle, "test", &list, &s->err));
    assert_int_equal(251, list.count);
    mlops_evidence_list_clear(&list);
    assert_ok(s, mlops_log_read(s->registry, &(struct mlops_log_filter){.model = "fraud"}, &log,
                                &s->err));
    assert_int_equal(3, log.count);
    mlops_log_clear(&log);
    assert_log_is_sound(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(a_suite_that_exits_with_0_passes),
        session_test(a_suite_that_exits_with_another_status_failed_and_shows_its_output),
        session_test(a_command_that_is_not_there_is_an_error),
        session_test(a_command_that_cannot_be_run_is_an_error),
        session_test(a_crash_names_the_signal),
        session_test(a_suite_that_hangs_is_stopped_with_all_that_it_started),
        session_test(what_a_suite_leaves_running_is_ended_with_it),
        session_test(cancelling_stops_the_suite_and_records_nothing),
        session_test(output_that_is_no_text_is_kept_as_text),
        session_test(of_much_output_the_end_is_kept_in_whole_lines),
        session_test(each_suite_has_a_fresh_copy_of_the_bundle),
        session_test(a_suite_sees_what_it_runs_for_and_no_secrets),
        session_test(what_a_killed_run_left_is_removed_by_a_later_one),
        session_test(suites_run_in_the_order_of_the_project_file_and_tell_how_far_they_are),
        session_test(only_those_asked_for_run_and_the_rest_is_skipped),
        session_test(an_unknown_suite_is_refused_with_those_that_there_are),
        session_test(a_bundle_without_suites_is_still_scanned),
        session_test(a_pickle_that_runs_a_program_fails_the_scan),
        session_test(a_bundle_without_version_is_refused),
        session_test(a_run_is_recorded_as_evidence_with_one_entry_in_the_log),
        session_test(more_suites_than_a_log_entry_holds_are_recorded_in_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
