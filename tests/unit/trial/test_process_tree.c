/* tests/unit/trial/test_process_tree.c - what descends from a process, and that a look which could
 * not see everything says so. */
#include "test.h"

#include "child.h"
#include "trial/process_tree.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start_child(void)
{
    pid_t child = fork_with_test();
    if (child == 0) {
        (void)pause();
        _exit(0);
    }
    assert_true(child > 0);
    return child;
}

static bool has(const struct process_tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->items[i].pid == pid)
            return true;
    return false;
}

static void end_child(pid_t child)
{
    assert_int_equal(0, kill(child, SIGKILL));
    assert_int_equal(child, waitpid(child, NULL, 0));
}

static void children_are_seen_and_threads_counted(void **state)
{
    _cleanup_(process_tree_clear) struct process_tree tree = {0};
    uint64_t threads;
    pid_t child = start_child();
    (void)state;
    assert_true(process_tree_read(getpid(), &tree));
    assert_true(has(&tree, child));
    assert_true(process_threads_of(getuid(), &threads));
    assert_true(threads >= 2);
    end_child(child);
}

/* Room for no file at all, and for the folder /proc alone. */
static void a_look_that_could_not_see_everything_says_so(void **state)
{
    pid_t child = start_child();
    (void)state;
    for (rlim_t room = 0; room < 2; room++) {
        _cleanup_(process_tree_clear) struct process_tree tree = {0};
        struct rlimit before, few;
        uint64_t threads;
        int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(lowest >= 0);
        assert_int_equal(0, close(lowest));
        assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
        few = before;
        few.rlim_cur = (rlim_t)lowest + room;
        assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &few));
        bool whole = process_tree_read(getpid(), &tree);
        bool counted = process_threads_of(getuid(), &threads);
        assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
        assert_false(whole);
        assert_false(counted);
        assert_false(has(&tree, child));
    }
    end_child(child);
}

static void a_tree_is_killed(void **state)
{
    int status;
    pid_t child = start_child();
    (void)state;
    process_tree_kill(getpid());
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_are_seen_and_threads_counted),
        cmocka_unit_test(a_look_that_could_not_see_everything_says_so),
        cmocka_unit_test(a_tree_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
