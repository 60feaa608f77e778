/*
 * lib/trial/keeper.c - the process that everything a suite starts falls to. Between fork and exec
 * only what is async-signal-safe is called, for the caller may have threads.
 */
#include "trial/keeper.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the keeper writes to its report, once. */
struct message {
    int failure; /* errno of what kept the program from starting; 0: it ran */
    int status;  /* how it ended */
};

/* ---- in the program's process ---------------------------------------------------------------- */

static bool put_limits(const struct keeper_options *options)
{
    for (size_t i = 0; i < options->limit_count; i++) {
        const struct keeper_limit *limit = &options->limits[i];
        struct rlimit now, wanted = {limit->value, limit->value};
        if (getrlimit((__rlimit_resource_t)limit->resource, &now) < 0)
            return false;
        if (now.rlim_max < wanted.rlim_max) /* nobody raises what was lowered before */
            wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
        if (setrlimit((__rlimit_resource_t)limit->resource, &wanted) < 0)
            return false;
    }
    return true;
}

/* Nothing is inherited that is not meant to be. */
static bool close_others(const struct keeper_options *options)
{
    if (syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) < 0)
        for (int fd = 3; fd < 4096; fd++)
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* most are not open */
    for (const int *fd = options->inherited; fd && *fd >= 0; fd++)
        if (fcntl(*fd, F_SETFD, 0) < 0)
            return false;
    return true;
}

/* Where memory runs out, a suite goes before anything else on the machine. */
static void offer_to_the_kernel(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    (void)!write(fd, "1000", 4); /* without it, it is as any other process */
    if (fd >= 0)
        (void)close(fd);
}

static bool put_filter(const struct sock_fprog *filter)
{
    return !filter || (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0) == 0);
}

static _Noreturn void become_program(const struct keeper_options *options, int report)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < 32; number++)
        (void)signal(number, SIG_DFL); /* SIGKILL and SIGSTOP refuse: fine */
    offer_to_the_kernel();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* should it kill its keeper */
    int input = options->input ? options->input : open("/dev/null", O_RDONLY);
    if (setsid() >= 0 && input >= 0 && dup2(input, STDIN_FILENO) >= 0 &&
        dup2(options->output, STDOUT_FILENO) >= 0 && dup2(options->errors, STDERR_FILENO) >= 0 &&
        (!options->group || cgroup_join(options->group)) &&
        (!options->layer || layer_enter(options->layer)) && chdir(options->directory) == 0 &&
        close_others(options) && put_limits(options) && put_filter(options->filter))
        (void)execve(options->argv[0], (char *const *)(uintptr_t)options->argv,
                     (char *const *)(uintptr_t)options->environment);
    const struct message message = {.failure = errno};
    (void)!write(report, &message, sizeof(message)); /* the keeper sees the end either way */
    _exit(127);
}

/* ---- in the keeper's process ----------------------------------------------------------------- */

/* Kill every child; those of theirs fall to us and are killed the next time. */
static void kill_children(pid_t command)
{
    char text[4096];
    int list = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t n = list < 0 ? -1 : read(list, text, sizeof(text));
    if (list >= 0)
        (void)close(list);
    if (n < 0) /* a kernel without CONFIG_PROC_CHILDREN: the caller looks through /proc */
        (void)kill(-command, SIGKILL);
    long pid = 0;
    for (ssize_t i = 0; i < n; i++) {
        if (text[i] >= '0' && text[i] <= '9')
            pid = pid * 10 + (text[i] - '0');
        else if (pid > 1) {
            (void)kill((pid_t)pid, SIGKILL);
            pid = 0;
        }
    }
}

/* Who would have removed the group may be gone. */
static void end_group(const struct cgroup *group, bool orphaned)
{
    if (!group)
        return;
    cgroup_kill(group);
    if (orphaned)
        cgroup_forget(group);
}

static _Noreturn void keep(pid_t command, int report, pid_t parent, const struct cgroup *group)
{
    static const struct timespec second = {.tv_sec = 1}, moment = {.tv_nsec = 5000000};
    bool ending = false;
    sigset_t wanted;
    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGCHLD);
    (void)sigaddset(&wanted, SIGTERM);
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended < 0 && errno == ECHILD) {
            end_group(group, getppid() != parent);
            _exit(0);
        }
        if (ended == command) {
            const struct message message = {.status = status};
            (void)!write(report, &message, sizeof(message)); /* nobody is there: end all the same */
            (void)close(report);
            ending = true;
        }
        if (ended > 0)
            continue;
        if (ending) {
            end_group(group, false);
            kill_children(command);
        }
        int got = sigtimedwait(&wanted, NULL, ending ? &moment : &second);
        ending = ending || got == SIGTERM || getppid() != parent;
    }
}

static _Noreturn void become_keeper(const struct keeper_options *options, int report, pid_t parent)
{
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    for (int number = 1; number < 32; number++)
        (void)signal(number, SIG_DFL); /* an ignored SIGCHLD would reap for us */
    (void)setpgid(0, 0);               /* Ctrl-C is for who started us */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    pid_t command = fork();
    if (command == 0)
        become_program(options, report);
    if (command < 0) {
        const struct message message = {.failure = errno};
        (void)!write(report, &message, sizeof(message));
        _exit(1);
    }
    for (const int *fd = (const int[]){options->output, options->errors, -1}; *fd >= 0; fd++)
        (void)close(*fd); /* so that the pipes end with the suite */
    if (options->input)
        (void)close(options->input);
    keep(command, report, parent, options->group);
}

/* ---- in ours --------------------------------------------------------------------------------- */

int keeper_start(const struct keeper_options *options, struct keeper *keeper,
                 struct mlops_error *err)
{
    int reports[2];
    *keeper = (struct keeper){.pid = -1, .report = -1};
    if (pipe2(reports, O_CLOEXEC) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a pipe");
    pid_t parent = getpid();
    keeper->pid = fork();
    int failure = errno;
    if (keeper->pid == 0) {
        (void)close(reports[0]);
        become_keeper(options, reports[1], parent);
    }
    fd_close(&reports[1]);
    keeper->report = reports[0];
    if (keeper->pid > 0)
        return MLOPS_OK;
    fd_close(&keeper->report);
    return mlops_fail_errno(err, MLOPS_IO, failure, "start '%s'", options->argv[0]);
}

bool keeper_command_ended(struct keeper *keeper, int *status)
{
    struct pollfd poller = {.fd = keeper->report, .events = POLLIN};
    struct message message;
    if (keeper->report < 0 || poll(&poller, 1, 0) <= 0)
        return false;
    ssize_t n = read(keeper->report, &message, sizeof(message));
    if (n < 0 && errno == EINTR)
        return false;
    /* A keeper that was killed itself says nothing: what it kept was killed, too. */
    *status = n != (ssize_t)sizeof(message) ? SIGKILL
              : message.failure             ? (message.failure == ENOENT ? 127 : 126) << 8
                                            : message.status;
    fd_close(&keeper->report);
    return true;
}

void keeper_dismiss(const struct keeper *keeper)
{
    if (keeper->pid > 0)
        (void)kill(keeper->pid, SIGTERM);
}

bool keeper_reap(struct keeper *keeper, struct rusage *usage)
{
    int status;
    if (keeper->pid > 0 && wait4(keeper->pid, &status, WNOHANG, usage) != keeper->pid)
        return false;
    keeper->pid = -1;
    return true;
}
