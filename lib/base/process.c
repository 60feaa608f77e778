/* lib/base/process.c - run a program to its end, with a time limit, and leave nothing behind. */
#include "base/process.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process_stat.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX_DEFAULT 65536
#define GRACE_NS 2000000000LL /* between SIGTERM and SIGKILL */
#define POLL_MS 50

struct child {
    pid_t pid;
    int output; /* read end of its stdout and stderr; -1 after the end */
    bool reaped;
    int status;
};

/* Keep the last `max` bytes. */
static void keep_tail(struct buffer *output, size_t max)
{
    if (output->length <= max)
        return;
    size_t drop = output->length - max;
    memmove(output->data, output->data + drop, max);
    output->length = max;
    output->data[max] = '\0';
}

static void exec_child(const struct process_options *options, int input, int output, int report)
{
    /* Only async-signal-safe calls from here: the parent may have threads. */
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < 32; number++)
        (void)signal(number, SIG_DFL); /* SIGKILL and SIGSTOP refuse: fine */
    if (input < 0)
        input = open("/dev/null", O_RDONLY);
    if (setpgid(0, 0) < 0 || input < 0 || dup2(input, STDIN_FILENO) < 0 ||
        dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
        (options->directory && chdir(options->directory) < 0))
        goto failed;
    if (options->environment)
        environ = (char **)(uintptr_t)options->environment;
    (void)execvp(options->argv[0], (char *const *)(uintptr_t)options->argv);
failed:;
    int failure = errno;
    (void)!write(report, &failure, sizeof(failure)); /* the parent sees the end either way */
    _exit(127);
}

/* A file in memory that holds the input: who does not read it keeps nobody waiting. */
static int open_input(const struct process_options *options, int *fd, struct mlops_error *err)
{
    if (!options->input)
        return MLOPS_OK;
    *fd = memfd_create("input", MFD_CLOEXEC);
    if (*fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a file in memory");
    TRY(fd_write_full(*fd, options->input, options->input_length, err));
    if (lseek(*fd, 0, SEEK_SET) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "rewind a file in memory");
    return MLOPS_OK;
}

static int start(const struct process_options *options, struct child *child,
                 struct mlops_error *err)
{
    int pipes[2], reports[2];
    _cleanup_(fd_close) int input = -1;
    TRY(open_input(options, &input, err));
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a pipe");
    if (pipe2(reports, O_CLOEXEC) < 0) {
        int failure = errno;
        fd_close(&pipes[0]);
        fd_close(&pipes[1]);
        return mlops_fail_errno(err, MLOPS_IO, failure, "make a pipe");
    }
    _cleanup_(fd_close) int output = pipes[0];
    _cleanup_(fd_close) int report = reports[0];
    child->pid = fork();
    int failure = errno;
    if (child->pid == 0)
        exec_child(options, input, pipes[1], reports[1]);
    fd_close(&pipes[1]);
    fd_close(&reports[1]);
    if (child->pid < 0)
        return mlops_fail_errno(err, MLOPS_IO, failure, "start '%s'", options->argv[0]);
    (void)setpgid(child->pid, child->pid); /* the child does it too: whoever is first */

    size_t got;
    int code = fd_read_full(report, &failure, sizeof(failure), &got, err);
    if (!code && got < sizeof(failure)) { /* it runs */
        child->output = output;
        output = -1;
        return MLOPS_OK;
    }
    if (code)
        (void)kill(-child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    return code ? code : mlops_fail_errno(err, MLOPS_OK, failure, "start '%s'", options->argv[0]);
}

/* Read what is there within `wait_ms`; `*any` false where nothing came. */
static int read_output(struct child *child, struct buffer *output, size_t max, int wait_ms,
                       bool *any, struct mlops_error *err)
{
    *any = false;
    struct pollfd poller = {.fd = child->output, .events = POLLIN};
    int ready = poll(&poller, 1, wait_ms);
    if (ready < 0 && errno != EINTR)
        return mlops_fail_errno(err, MLOPS_IO, errno, "wait for a program");
    if (ready <= 0)
        return MLOPS_OK;
    char chunk[16384];
    ssize_t n = read(child->output, chunk, sizeof(chunk));
    if (n < 0 && errno != EINTR)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read what a program prints");
    if (n == 0)
        fd_close(&child->output);
    if (n > 0) {
        *any = true;
        buffer_append(output, chunk, (size_t)n);
        if (output->length > 2 * max)
            keep_tail(output, max);
    }
    return MLOPS_OK;
}

static void reap(struct child *child)
{
    if (!child->reaped && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
        child->reaped = true;
}

/* Who has ended and was not reaped does not count: they are no children of ours, and where the
 * first process of a container reaps nobody they stay. */
static bool group_lives(const struct child *child)
{
    if (kill(-child->pid, 0) != 0 && errno != EPERM)
        return false;
    _cleanup_(folder_close) DIR *proc = opendir("/proc");
    const struct dirent *entry = NULL;
    struct mlops_error ignored = {0}; /* then it lives, as far as we know */
    bool lives = !proc, ended = false;
    while (!lives && folder_next(proc, "/proc", &entry, &ignored) == MLOPS_OK && entry) {
        struct process_stat stat;
        pid_t pid = process_number(entry->d_name);
        if (pid == 0 || !process_stat_read(pid, &stat) || stat.group != child->pid)
            continue;
        lives = !process_has_ended(&stat);
        ended |= !lives;
    }
    return lives || !ended || ignored.code; /* /proc may hide those of others */
}

/* End whatever is left of the group: politely, then not. The leader is reaped here at the latest,
 * so its number cannot have gone to another process before. */
static void end_group(struct child *child)
{
    (void)kill(-child->pid, SIGTERM);
    (void)kill(-child->pid, SIGCONT);
    for (int64_t until = clock_monotonic_ns() + GRACE_NS; clock_monotonic_ns() < until;) {
        reap(child);
        if (child->reaped && !group_lives(child))
            return;
        clock_sleep_ns(5000000);
    }
    (void)kill(-child->pid, SIGKILL);
    while (!child->reaped && waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
        continue;
    child->reaped = true;
}

static int attend(const struct process_options *options, struct child *child,
                  struct process_result *result, struct mlops_error *err)
{
    size_t max = options->output_max ? options->output_max : OUTPUT_MAX_DEFAULT;
    int64_t from = clock_monotonic_ns();
    while (!child->reaped) {
        bool any;
        if (child->output >= 0)
            TRY(read_output(child, &result->output, max, POLL_MS, &any, err));
        else
            clock_sleep_ns(1000000);
        reap(child);
        result->wall_ns = clock_monotonic_ns() - from;
        if (child->reaped)
            break;
        const struct mlops_observer *observer = options->observer;
        if (observer && observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while '%s' ran", options->argv[0]);
        if (options->timeout_ns && result->wall_ns >= options->timeout_ns) {
            result->timed_out = true;
            break;
        }
    }
    return MLOPS_OK;
}

int process_run(const struct process_options *options, struct process_result *result,
                struct mlops_error *err)
{
    *result = (struct process_result){0};
    size_t max = options->output_max ? options->output_max : OUTPUT_MAX_DEFAULT;
    struct child child = {.output = -1};
    TRY(start(options, &child, err));
    int code = attend(options, &child, result, err);
    if (!child.reaped || group_lives(&child))
        end_group(&child);
    /* What lies in the pipe still; a stranger that holds it open cannot make us wait. */
    bool any = true;
    for (int i = 0; code == MLOPS_OK && child.output >= 0 && any && i < 64; i++)
        code = read_output(&child, &result->output, max, 0, &any, err);
    fd_close(&child.output);
    if (code)
        return code;
    keep_tail(&result->output, max);
    result->exit_status = WIFEXITED(child.status) ? WEXITSTATUS(child.status) : -1;
    result->signal = WIFSIGNALED(child.status) ? WTERMSIG(child.status) : 0;
    return MLOPS_OK;
}

void process_result_clear(struct process_result *result)
{
    buffer_clear(&result->output);
    *result = (struct process_result){0};
}

static bool same_name(const char *a, const char *b)
{
    size_t length = strcspn(a, "=");
    return length == strcspn(b, "=") && memcmp(a, b, length) == 0;
}

char **process_environment(const char *const *more)
{
    size_t count = 0, inherited = 0, added = 0;
    while (environ[inherited])
        inherited++;
    while (more[added])
        added++;
    char **environment = xcalloc(inherited + added + 1, sizeof(*environment));
    for (size_t i = 0; i < inherited; i++) {
        bool replaced = false;
        for (size_t j = 0; j < added && !replaced; j++)
            replaced = same_name(environ[i], more[j]);
        if (!replaced)
            environment[count++] = xstrdup(environ[i]);
    }
    for (size_t j = 0; j < added; j++)
        environment[count++] = xstrdup(more[j]);
    return environment;
}
