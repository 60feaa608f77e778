/* tests/unit/child.h - children that do not outlive a test which fails. */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* fork(2), the child killed when the test ends: one that waits for ever would keep the test's
 * output open, and whoever runs it waiting, after an assertion has failed. */
static inline pid_t fork_with_test(void)
{
    pid_t test = getpid(), child = fork();

    if (child == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != test))
        _exit(1);
    return child;
}
#endif
