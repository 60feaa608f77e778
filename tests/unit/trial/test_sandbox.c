/*
 * tests/unit/trial/test_sandbox.c - suites that mean harm are stopped or refused, each with its own
 * message, and leave neither process nor file: in the best sandbox of this machine, and with limits
 * alone.
 */
#include "trial/session.h"

#include "base/json.h"
#include "registry/handle.h"
#include "trial/sandbox.h"

#define SLEEPER "SLEEPER" /* session.h */

static const enum mlops_sandbox_wish both[] = {MLOPS_SANDBOX_AUTO, MLOPS_SANDBOX_NONE};

/* A version whose only suite has this `body`, lines of YAML, tested as `wish` says. */
static const struct mlops_suite_result *run_in(struct session *s, enum mlops_sandbox_wish wish,
                                               const char *body)
{
    _cleanup_(free_string) char *yaml =
        xprintf("model: fraud\ntests:\n  only:\n    kind: unit\n%s", body);
    (void)given_version(s, yaml);
    mlops_test_report_clear(&s->report);
    const struct mlops_test_options options = {.sandbox = wish, .no_cache = true};
    assert_ok(s, mlops_test(s->registry, "fraud", &options, &s->report, &s->err));
    return s->report.suites;
}

/* It fails for `reason`, says `message`, and leaves nobody. */
static void assert_stopped(struct session *s, enum mlops_sandbox_wish wish, const char *body,
                           const char *reason, const char *message)
{
    const struct mlops_suite_result *result = run_in(s, wish, body);
    assert_false(s->report.passed);
    if (!str_equal(reason, result->reason))
        print_error("%s\n%s\n", result->message, result->output);
    assert_string_equal(reason, result->reason);
    assert_contains(result->message, message);
    assert_false(session_sleeps());
    assert_int_equal(0, count_scratch(s));
}

static void assert_stopped_everywhere(struct session *s, const char *body, const char *reason,
                                      const char *message)
{
    for (size_t i = 0; i < ARRAY_LENGTH(both); i++)
        assert_stopped(s, both[i], body, reason, message);
}

static bool has_namespaces(void)
{
    struct mlops_sandbox_check check;
    mlops_sandbox_check(&check);
    if (check.level < MLOPS_SANDBOX_NAMESPACES)
        print_message("not tried, for this machine gives no namespaces: %s\n", check.bubblewrap);
    return check.level >= MLOPS_SANDBOX_NAMESPACES;
}

static bool has_filter(void)
{
    struct mlops_sandbox_check check;
    mlops_sandbox_check(&check);
    return !*check.seccomp;
}

/* Find no bubblewrap for the length of a scope: `_cleanup_(path_restore) char *path =
 * path_hide();` */
static char *path_hide(void)
{
    char *path = xstrdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    return path;
}

static void path_restore(char **path)
{
    setenv("PATH", *path, 1);
    free(*path);
}

/* What the others look for can be found. */
static void a_sleeper_that_runs_is_seen(void **state)
{
    (void)state;
    _cleanup_(free_string) char *sleeper = session_sleeper();
    pid_t child = fork();
    if (child == 0) {
        (void)execlp("sleep", "sleep", sleeper + strlen("sleep "), (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 6000 && !session_sleeps(); i++)
        usleep(10000);
    assert_true(session_sleeps());
    assert_int_equal(0, kill(child, SIGKILL));
    assert_int_equal(child, waitpid(child, NULL, 0));
    assert_false(session_sleeps());
}

/* ---- processes ------------------------------------------------------------------------------- */

static void what_leaves_its_session_is_ended(void **state)
{
    struct session *s = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(both); i++) {
        const struct mlops_suite_result *result =
            run_in(s, both[i],
                   "    run: |\n"
                   "      setsid sh -c ': > a; exec " SLEEPER "' >/dev/null 2>&1 &\n"
                   "      (setsid sh -c '" SLEEPER " & : > b; exit 0' >/dev/null 2>&1 &)\n"
                   "      (trap '' TERM HUP INT; setsid sh -c ': > c; exec " SLEEPER "' &)\n"
                   "      until [ -e a ] && [ -e b ] && [ -e c ]; do sleep 0.01; done\n");
        assert_string_equal("", result->message);
        assert_int_equal(MLOPS_SUITE_PASSED, result->status);
        assert_false(session_sleeps());
    }
}

static void a_suite_that_ignores_sigterm_is_killed(void **state)
{
    assert_stopped_everywhere(*state,
                              "    timeout: 300ms\n"
                              "    run: trap '' TERM; " SLEEPER "; " SLEEPER "\n",
                              "timeout", "stopped at its time limit of 0.3 s");
}

/* It is asked first. A busy machine may need longer until the suite can hear. */
static void a_suite_that_heeds_sigterm_may_say_a_last_word(void **state)
{
    struct session *s = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(both); i++) {
        const struct mlops_suite_result *result = NULL;
        for (int limit_ms = 300; limit_ms < 60000; limit_ms *= 2) {
            _cleanup_(free_string) char *body =
                xprintf("    timeout: %dms\n"
                        "    run: trap 'echo goodbye; exit 0' TERM; " SLEEPER " & wait\n",
                        limit_ms);
            result = run_in(s, both[i], body);
            assert_int_equal(MLOPS_SUITE_TIMEOUT, result->status);
            if (*result->output)
                break;
        }
        assert_string_equal("goodbye\n", result->output);
    }
}

static void a_suite_that_forks_without_end_is_stopped(void **state)
{
    assert_stopped_everywhere(*state,
                              "    limits: {processes: 30}\n"
                              "    run: 'while :; do " SLEEPER " & sleep 0.01; done'\n",
                              "processes", "stopped at its limit of 30 processes and threads");
}

/* ---- what it uses ---------------------------------------------------------------------------- */

static void a_suite_that_eats_memory_is_stopped(void **state)
{
    /* tail keeps the last line, which is all of it, and waits for its end */
    assert_stopped_everywhere(*state,
                              "    limits: {memory: 50 MB}\n"
                              "    run: (head -c 200000000 /dev/zero && " SLEEPER
                              ") | tail -n 1 | wc -c\n",
                              "memory", "out of memory: stopped at its limit of 50 MB");
}

static void a_suite_that_burns_time_on_every_core_is_stopped(void **state)
{
    assert_stopped_everywhere(*state,
                              "    limits: {cpu: 300ms}\n"
                              "    run: 'while :; do :; done & while :; do :; done'\n",
                              "cpu", "stopped at its limit of 0.3 s of CPU time");
}

static void a_file_that_fills_the_disk_is_cut_off(void **state)
{
    assert_stopped_everywhere(*state,
                              "    limits: {disk: 2 MB}\n"
                              "    run: head -c 50000000 /dev/zero > big || exit 1\n",
                              "disk", "stopped at its disk limit of 2 MB");
}

static void many_files_that_fill_the_disk_are_seen(void **state)
{
    assert_stopped_everywhere(
        *state,
        "    limits: {disk: 2 MB}\n"
        "    run: |\n"
        "      i=0; while :; do i=$((i+1)); head -c 100000 /dev/zero > $TMPDIR/$i; done\n",
        "disk", "stopped at its disk limit of 2 MB");
}

static void a_suite_that_prints_without_end_is_stopped(void **state)
{
    assert_stopped_everywhere(*state, "    limits: {output: 1 MB}\n    run: 'yes'\n", "output",
                              "stopped after it had printed more than 1 MB");
}

static void within_its_limits_a_suite_passes(void **state)
{
    struct session *s = *state;
    const struct mlops_suite_result *result =
        run_in(s, MLOPS_SANDBOX_AUTO,
               "    limits: {memory: 500 MB, cpu: 20s, processes: 50, disk: 5 MB, output: 1 MB}\n"
               "    run: head -c 1000000 /dev/zero > big; echo done\n");
    assert_string_equal("", result->message);
    assert_true(s->report.passed);
}

/* ---- what it reaches ------------------------------------------------------------------------- */

#define CONNECT "python3 -c \"import socket; socket.create_connection(('192.0.2.7', 80), 2)\""

static void the_network_is_closed_and_the_attempt_is_told(void **state)
{
    if (!has_namespaces())
        skip();
    assert_stopped(*state, MLOPS_SANDBOX_AUTO, "    run: " CONNECT "\n", "network",
                   "it tried to reach the network, which is closed to it");
    assert_stopped(*state, MLOPS_SANDBOX_AUTO,
                   "    run: python3 -c \"import socket; socket.gethostbyname('example.com')\"\n",
                   "network", "it tried to reach the network, which is closed to it");
}

static void a_server_of_its_own_is_reached(void **state)
{
    struct session *s = *state;
    if (!has_namespaces())
        skip();
    const struct mlops_suite_result *result =
        run_in(s, MLOPS_SANDBOX_AUTO,
               "    run: |\n"
               "      python3 -c \"import socket; a = socket.create_server(('localhost', 0)); "
               "socket.create_connection(a.getsockname())\"\n");
    assert_string_equal("", result->message);
}

static void with_network_true_the_interfaces_are_the_machines(void **state)
{
    struct session *s = *state;
    char link[64] = "";
    assert_true(readlink("/proc/self/ns/net", link, sizeof(link) - 1) > 0);
    _cleanup_(free_string) char *same = xprintf(
        "    network: true\n    run: test \"$(readlink /proc/self/ns/net)\" = '%s'\n", link);
    assert_string_equal("", run_in(s, MLOPS_SANDBOX_AUTO, same)->message);
}

static void writing_outside_is_refused_and_told(void **state)
{
    if (!has_namespaces())
        skip();
    static const char *const places[] = {"/usr/x", "/x", "/etc/x", "/home/x"};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        _cleanup_(free_string) char *body = xprintf("    run: echo mine > %s\n", places[i]);
        assert_stopped(*state, MLOPS_SANDBOX_AUTO, body, "write",
                       "it tried to write outside its folder, where everything is read-only");
        assert_false(path_exists(places[i]));
    }
}

static void what_it_writes_into_temporary_folders_and_its_home_is_gone(void **state)
{
    struct session *s = *state;
    if (!has_namespaces())
        skip();
    const struct mlops_suite_result *result =
        run_in(s, MLOPS_SANDBOX_AUTO,
               "    run: |\n"
               "      touch /tmp/left-by-test-sandbox ~/left-by-test-sandbox &&\n"
               "      echo $HOME $TMPDIR $PWD; exit 1\n");
    assert_string_equal("/home/suite /tmp /bundle\n", result->output);
    assert_false(path_exists("/tmp/left-by-test-sandbox"));
}

static void files_of_the_caller_are_not_there(void **state)
{
    struct session *s = *state;
    if (!has_namespaces())
        skip();
    _cleanup_(free_string) char *body =
        xprintf("    run: ls -A %s /root /var /run /home 2>&1; exit 1\n", s->folder);
    const struct mlops_suite_result *result = run_in(s, MLOPS_SANDBOX_AUTO, body);
    assert_contains(result->output, "No such file or directory");
    assert_null(strstr(result->output, ".mlops\n"));
    assert_null(strstr(result->output, ".ssh"));
    assert_null(strstr(result->output, "docker.sock"));
}

static void it_has_no_rights_and_a_filter(void **state)
{
    struct session *s = *state;
    if (!has_namespaces())
        skip();
    const struct mlops_suite_result *result =
        run_in(s, MLOPS_SANDBOX_AUTO, "    run: cat /proc/self/status; exit 1\n");
    assert_contains(result->output, "CapEff:\t0000000000000000\n");
    assert_contains(result->output, "CapBnd:\t0000000000000000\n");
    assert_contains(result->output, "NoNewPrivs:\t1\n");
    if (has_filter())
        assert_contains(result->output, "Seccomp:\t2\n");
}

static void system_calls_that_break_out_are_refused(void **state)
{
    struct session *s = *state;
    if (!has_filter())
        skip();
    assert_contains(run_in(s, MLOPS_SANDBOX_AUTO, "    run: unshare -U true\n")->output,
                    "Operation not permitted");
    assert_contains(run_in(s, MLOPS_SANDBOX_AUTO,
                           "    run: |\n"
                           "      python3 -c \"import socket; socket.socket(40, 1)\" # vsock\n")
                        ->output,
                    "Operation not permitted");
}

/* The filter alone, as where user namespaces are off: put on by the keeper. */
static void without_namespaces_the_filter_keeps_the_network_away(void **state)
{
    struct session *s = *state;
    if (!has_filter())
        skip();
    _cleanup_(path_restore) char *path = path_hide(); /* the suite says where its programs are */
    assert_non_null(path);
    const struct mlops_suite_result *result =
        run_in(s, MLOPS_SANDBOX_AUTO, "    run: PATH=/usr/bin:/bin; " CONNECT "\n");
    assert_int_equal(MLOPS_SANDBOX_FILTER, s->report.sandbox);
    assert_contains(result->output, "PermissionError: [Errno 13]");
    assert_contains(s->warnings.data,
                    "suites can reach your files, each in a checkout of its own, for "
                    "there is no sandbox of namespaces: bubblewrap is not installed");
}

/* ---- which sandbox --------------------------------------------------------------------------- */

static void strict_runs_nothing_where_it_cannot_be_had(void **state)
{
    struct session *s = *state;
    (void)given_version(s, "model: fraud\ntests: {only: {kind: unit, run: exit 1}}\n");
    _cleanup_(path_restore) char *path = path_hide();
    assert_non_null(path);
    int code = mlops_test(s->registry, "fraud",
                          &(struct mlops_test_options){.sandbox = MLOPS_SANDBOX_STRICT}, &s->report,
                          &s->err);
    assert_int_equal(MLOPS_IO, code);
    assert_says(s, "no suite is run, for this machine gives no full sandbox: bubblewrap is not "
                   "installed");
    assert_contains(s->err.hint, "apt install bubblewrap");
}

static void the_level_in_force_is_in_the_evidence(void **state)
{
    struct session *s = *state;
    struct mlops_sandbox_check check;
    mlops_sandbox_check(&check);
    for (size_t i = 0; i < ARRAY_LENGTH(both); i++) {
        struct mlops_evidence_list list;
        enum mlops_sandbox_level wanted = i ? MLOPS_SANDBOX_LIMITS : check.level;
        (void)run_in(s, both[i], "    run: exit 0\n");
        assert_int_equal(wanted, s->report.sandbox);
        assert_ok(
            s, mlops_evidence_list(s->registry, s->report.version.bundle, "test", &list, &s->err));
        assert_int_equal(i + 1, list.count);
        _cleanup_(free_string) char *part =
            xprintf("\"sandbox\":\"%s\"", mlops_sandbox_level_name(wanted));
        assert_contains(list.items[i].body, part);
        assert_contains(list.items[i].body, "\"cpu_seconds\":");
        assert_contains(list.items[i].body, "\"memory_bytes\":");
        mlops_evidence_list_clear(&list);
    }
}

static void stop_at_three(void *context, const struct mlops_running *items, size_t count,
                          uint64_t done, uint64_t total)
{
    struct session *s = context;
    (void)items, (void)done, (void)total;
    s->cancel = s->cancel || count == 3;
}

/* Three that never end: if one had to wait for another, there would never be three. */
static void suites_run_side_by_side(void **state)
{
    struct session *s = *state;
    const struct mlops_test_options options = {.jobs = 3, .no_cache = true};
    (void)given_version(s, "model: fraud\ntests:\n"
                           "  a: {kind: unit, network: true, run: " SLEEPER "}\n"
                           "  b: {kind: unit, run: " SLEEPER "}\n"
                           "  c: {kind: unit, run: " SLEEPER "}\n");
    s->registry->observer.running = stop_at_three;
    assert_fails(s, MLOPS_CANCELLED,
                 mlops_test(s->registry, "fraud", &options, &s->report, &s->err));
    assert_true(s->cancel);
    assert_false(session_sleeps());
    s->cancel = false;
    s->registry->observer.running = NULL;
    mlops_test_report_clear(&s->report);
    (void)given_version(s, "model: fraud\ntests:\n"
                           "  a: {kind: unit, network: true, run: sleep 0.1}\n"
                           "  b: {kind: unit, run: sleep 0.1; exit 4}\n"
                           "  c: {kind: unit, run: sleep 0.1}\n");
    assert_ok(s, mlops_test(s->registry, "fraud", &options, &s->report, &s->err));
    assert_int_equal(MLOPS_SUITE_PASSED, s->report.suites[0].status);
    assert_string_equal("exit status 4", s->report.suites[1].message);
    assert_int_equal(MLOPS_SUITE_PASSED, s->report.suites[2].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(a_sleeper_that_runs_is_seen),
        session_test(what_leaves_its_session_is_ended),
        session_test(a_suite_that_ignores_sigterm_is_killed),
        session_test(a_suite_that_heeds_sigterm_may_say_a_last_word),
        session_test(a_suite_that_forks_without_end_is_stopped),
        session_test(a_suite_that_eats_memory_is_stopped),
        session_test(a_suite_that_burns_time_on_every_core_is_stopped),
        session_test(a_file_that_fills_the_disk_is_cut_off),
        session_test(many_files_that_fill_the_disk_are_seen),
        session_test(a_suite_that_prints_without_end_is_stopped),
        session_test(within_its_limits_a_suite_passes),
        session_test(the_network_is_closed_and_the_attempt_is_told),
        session_test(a_server_of_its_own_is_reached),
        session_test(with_network_true_the_interfaces_are_the_machines),
        session_test(writing_outside_is_refused_and_told),
        session_test(what_it_writes_into_temporary_folders_and_its_home_is_gone),
        session_test(files_of_the_caller_are_not_there),
        session_test(it_has_no_rights_and_a_filter),
        session_test(system_calls_that_break_out_are_refused),
        session_test(without_namespaces_the_filter_keeps_the_network_away),
        session_test(strict_runs_nothing_where_it_cannot_be_had),
        session_test(the_level_in_force_is_in_the_evidence),
        session_test(suites_run_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
