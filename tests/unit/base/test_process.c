/* tests/unit/base/test_process.c - programs run to their end, and nothing left of them. */
#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/process_stat.h"
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(const char *command, int64_t timeout_ns, struct process_result *result,
               struct mlops_error *err)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct process_options options = {.argv = argv, .timeout_ns = timeout_ns};
    return process_run(&options, result, err);
}

static void output_and_exit_status_come_back(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    assert_int_equal(0, run("echo out; echo err >&2; exit 7", 0, &result, &err));
    assert_int_equal(7, result.exit_status);
    assert_string_equal("out\nerr\n", result.output.data);
    assert_false(result.timed_out);
}

static void a_signal_is_told_from_an_exit(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    assert_int_equal(0, run("kill -SEGV $$", 0, &result, &err));
    assert_int_equal(-1, result.exit_status);
    assert_int_equal(SIGSEGV, result.signal);
}

static void only_the_tail_of_much_output_is_kept(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    assert_int_equal(0, run("seq 1 200000", 0, &result, &err));
    assert_int_equal(0, result.exit_status);
    assert_true(result.output.length <= 65536);
    assert_non_null(strstr(result.output.data, "\n200000\n"));
}

/* The pipe may hold more than is kept when the program ends: all of it must be gone through. */
static void the_very_end_is_kept_however_little_is(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    for (size_t max = 1024; max <= 16384; max *= 2)
        for (int i = 0; i < 20; i++) {
            _cleanup_(process_result_clear) struct process_result result;
            const char *const argv[] = {"/bin/sh", "-c", "seq 20000; echo the last word", NULL};
            struct process_options options = {.argv = argv, .output_max = max};
            assert_int_equal(0, process_run(&options, &result, &err));
            assert_int_equal(max, result.output.length);
            assert_non_null(strstr(result.output.data, "\n20000\nthe last word\n"));
        }
}

static void a_program_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    const char *const argv[] = {"no-such-program-here", NULL};
    struct process_options options = {.argv = argv};
    assert_int_equal(MLOPS_NOT_FOUND, process_run(&options, &result, &err));
    assert_string_equal("start 'no-such-program-here': No such file or directory", err.message);
}

/* The number that a program printed first. */
static pid_t told(const struct process_result *result)
{
    assert_non_null(result->output.data);
    pid_t pid = (pid_t)strtol(result->output.data, NULL, 10);
    assert_true(pid > 0);
    return pid;
}

static bool runs(pid_t pid)
{
    struct process_stat stat;
    return process_stat_read(pid, &stat) && stat.state != 'Z'; /* perhaps nobody reaps here */
}

static void assert_ends(pid_t pid)
{
    for (int i = 0; i < 12000 && runs(pid); i++)
        clock_sleep_ns(5000000);
    assert_false(runs(pid));
}

/* The limit of a program that is to be stopped as soon as it has made the file. */
struct limit {
    const char *file;
    struct process_options *options;
};

static bool limit_once_there(void *context)
{
    const struct limit *limit = context;
    if (path_exists(limit->file))
        limit->options->timeout_ns = 1;
    return false;
}

static void at_the_time_limit_the_whole_group_ends(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    _cleanup_(free_string) char *folder = NULL;
    assert_int_equal(0, directory_make_temporary("/tmp", "test-process", &folder, &err));
    _cleanup_(free_string) char *file = path_join(folder, "ready");
    /* the shell and its child ignore SIGTERM */
    const char *const argv[] = {
        "/bin/sh", "-c", "trap '' TERM; sleep 1000 & echo $!; : > \"$0\"; sleep 1000", file, NULL};
    struct process_options options = {.argv = argv};
    struct limit limit = {.file = file, .options = &options};
    const struct mlops_observer observer = {.context = &limit, .cancelled = limit_once_there};
    options.observer = &observer;
    assert_int_equal(0, process_run(&options, &result, &err));
    assert_true(result.timed_out);
    assert_int_equal(SIGKILL, result.signal);
    assert_ends(told(&result));
    assert_int_equal(0, tree_remove(folder, &err));
}

static void what_stays_in_the_background_is_ended_too(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    assert_int_equal(0, run("sleep 1000 & echo $!", 0, &result, &err));
    assert_int_equal(0, result.exit_status);
    assert_ends(told(&result));
}

static void who_has_ended_and_is_not_reaped_is_not_waited_for(void **state)
{
    struct process_result result;
    struct mlops_error err;
    int status;
    (void)state;
    /* orphans come to us, as to the first process of a container, and we do not reap them */
    assert_int_equal(0, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
    assert_int_equal(MLOPS_OK, run("sleep 60 & exec true", 0, &result, &err));
    process_result_clear(&result);
    assert_true(waitpid(-1, &status, 0) > 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(0, prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0));
}

/* It runs yet when we are back: nobody waited for it, nor for the end of what it may print. */
static void who_leaves_the_group_with_the_pipe_open_does_not_hang_us(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    _cleanup_(free_string) char *folder = NULL;
    assert_int_equal(0, directory_make_temporary("/tmp", "test-process", &folder, &err));
    _cleanup_(free_string) char *command =
        xprintf("setsid sh -c 'echo $$; : > %s/left; exec sleep 1000' & "
                "until test -e %s/left; do sleep 0.01; done; echo done",
                folder, folder);
    assert_int_equal(0, run(command, 0, &result, &err));
    assert_int_equal(0, result.exit_status);
    assert_non_null(strstr(result.output.data, "\ndone\n"));
    pid_t stranger = told(&result);
    assert_true(runs(stranger));
    assert_int_equal(0, kill(stranger, SIGKILL));
    assert_int_equal(0, tree_remove(folder, &err));
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void cancellation_stops_it(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    struct mlops_observer observer = {.cancelled = at_once};
    const char *const argv[] = {"sleep", "1000", NULL};
    struct process_options options = {.argv = argv, .observer = &observer};
    assert_int_equal(MLOPS_CANCELLED, process_run(&options, &result, &err));
}

static void directory_and_environment_are_the_given_ones(void **state)
{
    (void)state;
    struct mlops_error err = {0};
    _cleanup_(process_result_clear) struct process_result result;
    const char *const argv[] = {"/bin/sh", "-c", "pwd; echo $A-$HOME; cat", NULL};
    const char *const environment[] = {"A=b", NULL};
    struct process_options options = {
        .argv = argv, .directory = "/usr/bin", .environment = environment};
    assert_int_equal(0, process_run(&options, &result, &err));
    assert_string_equal("/usr/bin\nb-\n", result.output.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_exit_status_come_back),
        cmocka_unit_test(a_signal_is_told_from_an_exit),
        cmocka_unit_test(only_the_tail_of_much_output_is_kept),
        cmocka_unit_test(the_very_end_is_kept_however_little_is),
        cmocka_unit_test(a_program_that_is_not_there_is_not_found),
        cmocka_unit_test(at_the_time_limit_the_whole_group_ends),
        cmocka_unit_test(what_stays_in_the_background_is_ended_too),
        cmocka_unit_test(who_has_ended_and_is_not_reaped_is_not_waited_for),
        cmocka_unit_test(who_leaves_the_group_with_the_pipe_open_does_not_hang_us),
        cmocka_unit_test(cancellation_stops_it),
        cmocka_unit_test(directory_and_environment_are_the_given_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
