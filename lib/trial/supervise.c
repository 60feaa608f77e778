/*
 * lib/trial/supervise.c - a suite's command from its start to its end: what it prints is taken,
 * what it uses is looked at some twenty times a second, and where it is too much, it is stopped.
 */
#include "trial/supervise.h"
#include "base/clock.h"
#include "base/file.h"
#include "trial/disk_usage.h"
#include "trial/process_tree.h"
#include "trial/supervision.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_NS 2000000000LL /* between SIGTERM and SIGKILL */
#define LOOK_NS 50000000LL    /* between two looks at what it uses */
#define LOOK_SHARE 20         /* looking may take one part in so many of the time */
#define LINGER_NS 100000000LL /* that the keeper gets to end what the command left */
#define STATUS_MAX 4096       /* bytes of what bubblewrap tells */
#define READ_ROUNDS 64        /* of 64 KiB in one step: a flood must not keep us from looking */

/* ---- what it prints -------------------------------------------------------------------------- */

static void keep_tail(struct supervision *supervision, const char *data, size_t length)
{
    struct buffer *tail = &supervision->result.tail;
    size_t max = supervision->tail_max;
    buffer_append(tail, data, length);
    if (tail->length <= 2 * max)
        return;
    memmove(tail->data, tail->data + tail->length - max, max);
    tail->length = max;
    tail->data[max] = '\0';
}

/* Take what lies in one pipe; what is over the limit is read, and let go. */
static int take_stream(struct supervision *supervision, struct stream *stream,
                       struct mlops_error *err)
{
    char chunk[65536];
    for (int i = 0; i < READ_ROUNDS && stream->pipe >= 0; i++) {
        ssize_t n = read(stream->pipe, chunk, sizeof(chunk));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return MLOPS_OK;
        if (n < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read what a suite prints");
        if (n == 0) {
            fd_close(&stream->pipe);
            return MLOPS_OK;
        }
        struct supervise_result *result = &supervision->result;
        uint64_t room = supervision->limits.output_bytes > result->output_bytes
                            ? supervision->limits.output_bytes - result->output_bytes
                            : 0;
        size_t kept = room < (uint64_t)n ? (size_t)room : (size_t)n;
        result->output_bytes += (uint64_t)n;
        if (kept > 0)
            keep_tail(supervision, chunk, kept);
        TRY(fd_write_full(stream->file, chunk, kept, err));
    }
    return MLOPS_OK;
}

/* Since Linux 5.14 the kernel counts a user's processes in each user namespace by itself: a hard
 * limit just beyond ours keeps those that fork faster than we look within sight. Root has none. */
static void limit_processes(struct supervision *supervision)
{
    struct utsname machine;
    unsigned major = 0, minor = 0;
    rlim_t most = supervision->limits.processes + NAMESPACE_PROCESSES + 8;
    if (!supervision->group.processes && uname(&machine) == 0 &&
        sscanf(machine.release, "%u.%u", &major, &minor) == 2 &&
        (major > 5 || (major == 5 && minor >= 14)))
        (void)prlimit(supervision->init, RLIMIT_NPROC, &(struct rlimit){most, most}, NULL);
}

/* Bubblewrap says {"child-pid": N} before the suite starts, and waits until it has been heard. */
static void take_status(struct supervision *supervision)
{
    char chunk[512];
    ssize_t n;
    while (supervision->status_pipe >= 0 && supervision->status.length < STATUS_MAX &&
           (n = read(supervision->status_pipe, chunk, sizeof(chunk))) != 0) {
        if (n < 0)
            break;
        buffer_append(&supervision->status, chunk, (size_t)n);
    }
    const char *text = supervision->status.data ? supervision->status.data : "";
    const char *at = strstr(text, "\"child-pid\":");
    if (supervision->init || !at || !strchr(at, '\n'))
        return;
    supervision->init = (pid_t)strtol(at + 12, NULL, 10);
    supervision->init_fd = (int)syscall(SYS_pidfd_open, supervision->init, 0U);
    limit_processes(supervision);
    network_count_open(&supervision->network, supervision->init);
    (void)!write(supervision->block_pipe, "", 1); /* where it has ended, nobody waits */
    fd_close(&supervision->block_pipe);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void kill_all(struct supervision *supervision)
{
    supervision->killed = true;
    if (supervision->init_fd >= 0) /* with process 1 of a namespace goes all that is in it */
        (void)syscall(SYS_pidfd_send_signal, supervision->init_fd, SIGKILL, NULL, 0U);
    cgroup_kill(&supervision->group);
    process_tree_kill(supervision->keeper.pid);
    keeper_dismiss(&supervision->keeper);
}

/* SIGTERM to the suite's own processes: bubblewrap would end at once, and all with it. */
static void ask_to_end(struct supervision *supervision)
{
    _cleanup_(process_tree_clear) struct process_tree tree = {0};
    pid_t keeper = supervision->keeper.pid;
    (void)process_tree_read(keeper, &tree); /* who is not asked is killed */
    for (size_t i = 0; i < tree.count; i++) {
        const struct tree_process *process = &tree.items[i];
        bool ours = supervision->sandbox->bubblewrap &&
                    (process->parent == keeper || process->pid == supervision->init);
        if (!ours)
            (void)kill(process->pid, SIGTERM); /* it may have ended */
        if (!ours)
            (void)kill(process->pid, SIGCONT);
    }
}

static void stop(struct supervision *supervision, enum ending why)
{
    if (supervision->stopping || supervision->command_ended)
        return;
    supervision->stopping = true;
    supervision->stopping_ns = clock_monotonic_ns();
    supervision->result.ending = why;
    if (why == ENDING_TIMEOUT || why == ENDING_CPU)
        ask_to_end(supervision);
    else /* it is taking what others need */
        kill_all(supervision);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void look_at_processes(struct supervision *supervision)
{
    _cleanup_(process_tree_clear) struct process_tree tree = {0};
    struct supervise_result *result = &supervision->result;
    uint64_t memory = 0, threads = 0;
    (void)process_tree_read(supervision->keeper.pid, &tree); /* the next look has the rest */
    int64_t cpu_ns = tree.root_cpu_ns;
    for (size_t i = 0; i < tree.count; i++) {
        memory += tree.items[i].anonymous;
        cpu_ns += tree.items[i].cpu_ns;
        threads += tree.items[i].threads;
    }
    if (memory > supervision->limits.memory_bytes) /* pages shared since a fork counted twice? */
        memory = process_tree_memory(&tree);
    if (memory > result->memory_bytes)
        result->memory_bytes = memory;
    if (cpu_ns > result->cpu_ns)
        result->cpu_ns = cpu_ns;
    uint64_t ours = supervision->sandbox->bubblewrap ? NAMESPACE_PROCESSES : 0;
    if (memory > supervision->limits.memory_bytes)
        stop(supervision, ENDING_MEMORY);
    else if (threads > supervision->limits.processes + ours)
        stop(supervision, ENDING_PROCESSES);
    else if (cpu_ns > supervision->limits.cpu_ns)
        stop(supervision, ENDING_CPU);
}

/* What the kernel did about limits that it holds itself. True where it was at one. */
static bool was_held(const struct supervision *supervision, enum ending *why)
{
    struct cgroup_events events;
    cgroup_look(&supervision->group, &events);
    if (events.memory_kills > 0)
        *why = events.memory_reached > 0 ? ENDING_MEMORY : ENDING_OUT_OF_MEMORY;
    else if (events.forks_refused > 0)
        *why = ENDING_PROCESSES;
    return events.memory_kills > 0 || events.forks_refused > 0;
}

/* Time between looks that cost `cost_ns` each. */
static int64_t pause_after(int64_t cost_ns)
{
    return cost_ns * LOOK_SHARE > LOOK_NS ? cost_ns * LOOK_SHARE : LOOK_NS;
}

/* How much of the disk is taken, by whomever, in the measure of disk_usage. */
static uint64_t taken_of_disk(const struct supervision *supervision)
{
    struct statvfs disk;
    if (statvfs(supervision->places[0], &disk) < 0)
        return 0;
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize +
           (disk.f_files - disk.f_ffree) * DISK_USAGE_ENTRY;
}

/* Looking at many files takes long, and is done the less often; but not while the disk fills. */
static bool is_time_for_disk(const struct supervision *supervision, int64_t now_ns)
{
    int64_t since_ns = now_ns - supervision->disk_looked_ns;
    return since_ns >= pause_after(supervision->disk_cost_ns) ||
           (since_ns >= LOOK_NS &&
            taken_of_disk(supervision) > supervision->disk_taken + supervision->limits.disk_bytes);
}

static void look(struct supervision *supervision, int64_t now_ns)
{
    enum ending why;
    if (was_held(supervision, &why))
        stop(supervision, why);
    if (now_ns - supervision->started_ns >= supervision->timeout_ns)
        stop(supervision, ENDING_TIMEOUT);
    if (supervision->result.output_bytes > supervision->limits.output_bytes)
        stop(supervision, ENDING_OUTPUT);
    if (now_ns - supervision->looked_ns >= pause_after(supervision->look_cost_ns)) {
        look_at_processes(supervision);
        supervision->looked_ns = clock_monotonic_ns();
        supervision->look_cost_ns = supervision->looked_ns - now_ns;
    }
    now_ns = clock_monotonic_ns();
    if (is_time_for_disk(supervision, now_ns)) {
        supervision->disk_taken = taken_of_disk(supervision);
        if (supervision_disk(supervision) > supervision->limits.disk_bytes)
            stop(supervision, ENDING_DISK);
        supervision->disk_looked_ns = clock_monotonic_ns();
        supervision->disk_cost_ns = supervision->disk_looked_ns - now_ns;
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Through bubblewrap and shells a signal comes as 128 and its number. */
static void note_status(struct supervision *supervision, int status)
{
    struct supervise_result *result = &supervision->result;
    supervision->command_ended = true;
    supervision->command_ended_ns = clock_monotonic_ns();
    result->wall_ns = supervision->command_ended_ns - supervision->started_ns;
    if (supervision->stopping)
        return;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result->exit_status = code;
    result->signal = WIFSIGNALED(status)              ? WTERMSIG(status)
                     : code > 128 && code <= 128 + 64 ? code - 128
                                                      : 0;
    result->ending = result->signal ? ENDING_SIGNAL : ENDING_EXIT;
}

static bool says(const struct buffer *tail, const char *const *words)
{
    bool found = false;
    for (; tail->data && *words && !found; words++)
        found = strstr(tail->data, *words);
    return found;
}

/* What it says of an error that a limit gave it: in words of the C library, of Python, of Node, of
 * shells. Nothing of its own is read-only. */
static void hear(struct supervise_result *result, bool namespaces)
{
    static const char *const read_only[] = {"Read-only file system", "[Errno 30]", "EROFS", NULL};
    static const char *const no_process[] = {"annot fork", "fork: Resource temporarily",
                                             "fork: retry", "can't start new thread", NULL};
    static const char *const no_room[] = {": File too large", "[Errno 27]", "EFBIG",
                                          "File size limit exceeded", NULL};
    result->wrote_outside = namespaces && says(&result->tail, read_only);
    result->found_no_process = says(&result->tail, no_process);
    result->found_no_room = says(&result->tail, no_room);
}

/* What the kernel's limits did, and what no look has seen because it was too quick. */
static void judge_end(struct supervision *supervision)
{
    struct supervise_result *result = &supervision->result;
    result->network_refused = network_count_read(&supervision->network);
    hear(result, supervision->sandbox->bubblewrap);
    enum ending held;
    bool machine_killed = !supervision->group.memory && result->signal == SIGKILL &&
                          supervision_memory_kills() > supervision->kills_before;
    if (supervision->stopping || was_held(supervision, &held)) {
        result->ending = supervision->stopping ? result->ending : held;
        result->exit_status = -1;
        result->signal = 0;
    } else if (result->output_bytes > supervision->limits.output_bytes)
        result->ending = ENDING_OUTPUT;
    else if (result->signal == SIGXFSZ ||
             supervision_disk(supervision) + (result->exit_status ? 4096 : 0) >
                 supervision->limits.disk_bytes)
        result->ending =
            ENDING_DISK; /* after a write that did not fit, less than a block is free */
    else if (result->signal == SIGXCPU || result->cpu_ns > supervision->limits.cpu_ns)
        result->ending = ENDING_CPU;
    else if (machine_killed)
        result->ending = ENDING_OUT_OF_MEMORY;
}

/* After the command: the keeper ends what it left, and then itself. */
static int see_it_out(struct supervision *supervision, struct mlops_error *err)
{
    struct rusage usage = {0};
    if (!keeper_reap(&supervision->keeper, &usage)) {
        if (clock_monotonic_ns() - supervision->command_ended_ns > LINGER_NS)
            kill_all(supervision);
        return MLOPS_OK;
    }
    if (supervision->mark) /* what it orphaned by killing its keeper */
        process_kill_marked(supervision->mark);
    struct supervise_result *result = &supervision->result;
    int64_t cpu_ns = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
                     (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
    uint64_t largest = (uint64_t)usage.ru_maxrss * 1024;
    if (cpu_ns > result->cpu_ns)
        result->cpu_ns = cpu_ns;
    if (largest > result->memory_bytes)
        result->memory_bytes = largest;
    for (size_t i = 0; i < ARRAY_LENGTH(supervision->streams); i++)
        TRY(take_stream(supervision, &supervision->streams[i], err));
    judge_end(supervision);
    supervision->ended = true;
    return MLOPS_OK;
}

int supervise_start(const struct supervise_options *options, struct supervision **supervision,
                    struct mlops_error *err)
{
    struct supervision *made = xcalloc(1, sizeof(*made));
    *made = (struct supervision){.sandbox = options->sandbox,
                                 .limits = options->limits,
                                 .timeout_ns = options->timeout_ns,
                                 .tail_max = options->tail_max,
                                 .result = {.exit_status = -1},
                                 .streams = {{-1, -1}, {-1, -1}},
                                 .group = CGROUP_NONE,
                                 .keeper = {-1, -1},
                                 .init_fd = -1,
                                 .status_pipe = -1,
                                 .block_pipe = -1,
                                 .network = NETWORK_COUNT_NONE};
    *supervision = made;
    return launch(made, options, err);
}

int supervise_step(struct supervision *supervision, bool *ended, struct mlops_error *err)
{
    int status;
    take_status(supervision);
    for (size_t i = 0; i < ARRAY_LENGTH(supervision->streams); i++)
        TRY(take_stream(supervision, &supervision->streams[i], err));
    if (!supervision->command_ended && keeper_command_ended(&supervision->keeper, &status))
        note_status(supervision, status);
    if (supervision->command_ended)
        TRY(see_it_out(supervision, err));
    else {
        int64_t now_ns = clock_monotonic_ns();
        look(supervision, now_ns);
        if (supervision->stopping && now_ns - supervision->stopping_ns > GRACE_NS)
            kill_all(supervision);
    }
    *ended = supervision->ended;
    return MLOPS_OK;
}

void supervise_wait(struct supervision *const *supervisions, size_t count, int wait_ms)
{
    struct pollfd *pollers = xcalloc(count * 4 + 1, sizeof(*pollers));
    nfds_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct supervision *one = supervisions[i];
        const int fds[] = {one->streams[0].pipe, one->streams[1].pipe,
                           one->init ? -1 : one->status_pipe, one->keeper.report};
        for (size_t j = 0; j < ARRAY_LENGTH(fds); j++)
            pollers[n++] = (struct pollfd){.fd = fds[j], .events = POLLIN};
        if (one->command_ended && !one->ended && wait_ms > 2)
            wait_ms = 2; /* its keeper is about to end */
    }
    (void)poll(pollers, n, wait_ms); /* interrupted: a shorter wait */
    free(pollers);
}

const struct supervise_result *supervise_result(const struct supervision *supervision)
{
    return &supervision->result;
}

static bool is_blank(char c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

void supervise_last_line(const struct supervision *supervision, char *line, size_t size)
{
    const struct buffer *tail = &supervision->result.tail;
    size_t end = tail->length, begin;
    while (end > 0 && is_blank(tail->data[end - 1]))
        end--;
    /* a bar of progress is drawn over and over, from a carriage return to the next */
    for (begin = end; begin > 0 && tail->data[begin - 1] != '\n' && tail->data[begin - 1] != '\r';)
        begin--;
    size_t length = end - begin < size - 1 ? end - begin : size - 1;
    if (length > 0)
        memcpy(line, tail->data + begin, length);
    line[length] = '\0';
}

static void end_now(struct supervision *supervision)
{
    struct rusage usage;
    while (!keeper_reap(&supervision->keeper, &usage)) {
        kill_all(supervision);
        clock_sleep_ns(2000000);
    }
    if (supervision->mark)
        process_kill_marked(supervision->mark);
}

void supervise_free(struct supervision *supervision)
{
    if (!supervision)
        return;
    if (supervision->keeper.pid > 0)
        end_now(supervision);
    for (size_t i = 0; i < ARRAY_LENGTH(supervision->streams); i++) {
        fd_close(&supervision->streams[i].pipe);
        fd_close(&supervision->streams[i].file);
    }
    cgroup_remove(&supervision->group);
    fd_close(&supervision->keeper.report);
    fd_close(&supervision->init_fd);
    fd_close(&supervision->status_pipe);
    fd_close(&supervision->block_pipe);
    network_count_close(&supervision->network);
    for (size_t i = 0; i < ARRAY_LENGTH(supervision->places); i++)
        free(supervision->places[i]);
    free(supervision->mark);
    buffer_clear(&supervision->status);
    buffer_clear(&supervision->result.tail);
    free(supervision);
}
