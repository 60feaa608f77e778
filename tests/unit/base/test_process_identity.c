/* tests/unit/base/test_process_identity.c - which processes are surely gone, and which may not be. */
#include "test.h"

#include "base/process_identity.h"
#include <sys/wait.h>
#include <unistd.h>

/* A child that waits until `*end` is closed, and its identity; the caller reaps it. */
static pid_t given_child(char **identity, int *end)
{
    int waits[2], says[2];
    char text[512];
    assert_int_equal(0, pipe(waits));
    assert_int_equal(0, pipe(says));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char *own = process_identity();
        (void)close(waits[1]);
        (void)!write(says[1], own, strlen(own) + 1);
        (void)!read(waits[0], text, 1);
        _exit(0);
    }
    (void)close(waits[0]);
    (void)close(says[1]);
    ssize_t got = read(says[0], text, sizeof(text));
    (void)close(says[0]);
    assert_true(got > 0 && text[got - 1] == '\0');
    *identity = xstrdup(text);
    *end = waits[1];
    return pid;
}

static void this_process_is_there(void **state)
{
    _cleanup_(free_string) char *own = process_identity();
    (void)state;
    assert_true(*own);
    assert_false(process_identity_gone(own));
}

static void a_process_that_ended_is_gone_whether_or_not_it_was_reaped(void **state)
{
    _cleanup_(free_string) char *identity = NULL;
    siginfo_t ended;
    int end;
    (void)state;
    pid_t pid = given_child(&identity, &end);
    assert_false(process_identity_gone(identity));
    (void)close(end);
    assert_int_equal(0, waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT));
    assert_true(process_identity_gone(identity));
    assert_int_equal(pid, waitpid(pid, NULL, 0));
    assert_true(process_identity_gone(identity));
}

static void a_number_that_another_process_has_now_is_not_the_same_process(void **state)
{
    _cleanup_(free_string) char *own = process_identity();
    const char *place = strchr(strchr(own, ' ') + 1, ' ');
    _cleanup_(free_string) char *earlier = xprintf("%ld 1%s", (long)getpid(), place);
    (void)state;
    assert_true(process_identity_gone(earlier));
}

static void what_is_elsewhere_may_be_there(void **state)
{
    static const char *const others[] = {
        "", "4711", "4711 1", "4711 1 ", "x 1 y", "-1 1 y", "0 1 y",
        "4711 1 00000000-0000-0000-0000-000000000000 pid:[4026531836] time:[4026531834]"};
    _cleanup_(free_string) char *own = process_identity();
    _cleanup_(free_string) char *other = xprintf("%ld 1%s1", (long)getpid(), strchr(strchr(own, ' ') + 1, ' '));
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_false(process_identity_gone(others[i]));
    assert_false(process_identity_gone(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_process_is_there),
        cmocka_unit_test(a_process_that_ended_is_gone_whether_or_not_it_was_reaped),
        cmocka_unit_test(a_number_that_another_process_has_now_is_not_the_same_process),
        cmocka_unit_test(what_is_elsewhere_may_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
