/*
 * lib/trial/supervise.c - a suite's command from its start to its end: what it prints is taken, what
 * it uses is looked at some twenty times a second, and where it is too much, it is stopped.
 */
#include "trial/supervise.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "trial/disk_usage.h"
#include "trial/keeper.h"
#include "trial/network_count.h"
#include "trial/process_tree.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_NS 2000000000LL  /* between SIGTERM and SIGKILL */
#define LOOK_NS 50000000LL     /* between two looks at what it uses */
#define LOOK_SHARE 20          /* looking may take one part in so many of the time */
#define LINGER_NS 100000000LL  /* that the keeper gets to end what the command left */
#define STATUS_MAX 4096        /* bytes of what bubblewrap tells */
#define READ_ROUNDS 64         /* of 64 KiB in one step: a flood must not keep us from looking */

/* Of a second stream the tail comes where it was read: as it was written, within a moment. */
struct stream {
    int pipe; /* -1: ended */
    int file;
};

struct supervision {
    struct supervise_result result;
    const struct sandbox *sandbox;
    struct execution_limits limits;
    int64_t timeout_ns, started_ns, looked_ns, disk_looked_ns;
    int64_t look_cost_ns, disk_cost_ns;
    char *places[3]; /* whose disk usage counts: tree, home, scratch */
    uint64_t disk_before;
    uint64_t kills_before; /* of the kernel for want of memory, on this machine */
    size_t tail_max;
    struct stream streams[2];
    struct keeper keeper;
    int status_pipe, block_pipe; /* from and to bubblewrap; -1: none */
    struct buffer status;
    pid_t init; /* process 1 of the namespace, as we see it; 0: none */
    struct network_count network;
    bool command_ended, stopping, killed, ended;
    int64_t command_ended_ns, stopping_ns;
};

/* ---- what the kernel did --------------------------------------------------------------------- */

/* How many processes the kernel has killed for want of memory. */
static uint64_t memory_kills(void)
{
    struct mlops_error ignored = {0}; /* a kernel before 4.13 does not count them */
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (file_read("/proc/vmstat", 1 << 20, &text, &ignored))
        return 0;
    const char *at = strstr(text.data, "\noom_kill ");
    return at ? strtoull(at + 10, NULL, 10) : 0;
}

static uint64_t used_disk(const struct supervision *supervision)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(supervision->places); i++)
        sum += disk_usage(supervision->places[i]);
    return sum > supervision->disk_before ? sum - supervision->disk_before : 0;
}

/* ---- starting -------------------------------------------------------------------------------- */

static int make_pipe(int ends[2], bool nonblocking, struct mlops_error *err)
{
    if (pipe2(ends, O_CLOEXEC) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a pipe");
    if (nonblocking)
        (void)fcntl(ends[0], F_SETFL, O_NONBLOCK); /* cannot fail on a pipe of ours */
    return MLOPS_OK;
}

static int open_stream(const char *folder, const char *name, struct stream *stream, int *writer,
                       struct mlops_error *err)
{
    int ends[2];
    _cleanup_(free_string) char *path = path_join(folder, name);
    TRY(make_pipe(ends, true, err));
    stream->pipe = ends[0];
    *writer = ends[1];
    stream->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return stream->file < 0 ? mlops_fail_errno(err, MLOPS_IO, errno, "write %s", path) : MLOPS_OK;
}

/* Names are looked up nowhere, at once: 192.0.2.1 is nobody's (RFC 5737), and without a route the
 * attempt is counted. */
static int make_folders(struct supervision *supervision, const struct supervise_options *options,
                        char **resolver, struct mlops_error *err)
{
    static const char nowhere[] = "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n";
    supervision->places[0] = xstrdup(options->tree);
    supervision->places[1] = path_join(options->folder, "home");
    supervision->places[2] = path_join(options->folder, "tmp");
    *resolver = path_join(options->folder, "resolv.conf");
    for (size_t i = 1; i < ARRAY_LENGTH(supervision->places); i++)
        TRY(directory_make(supervision->places[i], 0700, err));
    _cleanup_(fd_close) int fd = open(*resolver, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write %s", *resolver);
    return fd_write_full(fd, nowhere, sizeof(nowhere) - 1, err);
}

static int make_filter_file(const struct sandbox *sandbox, int *fd, struct mlops_error *err)
{
    *fd = -1;
    if (!sandbox->bubblewrap || sandbox->filter.length == 0)
        return MLOPS_OK;
    *fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (*fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a file in memory");
    TRY(fd_write_full(*fd, sandbox->filter.data, sandbox->filter.length, err));
    return lseek(*fd, 0, SEEK_SET) < 0 ? mlops_fail_errno(err, MLOPS_IO, errno, "rewind a filter")
                                       : MLOPS_OK;
}

/* Descriptors of the child; closed here when it has them. */
struct handed {
    int output, errors, filter, status, block;
};

static void handed_close(struct handed *handed)
{
    fd_close(&handed->output);
    fd_close(&handed->errors);
    fd_close(&handed->filter);
    fd_close(&handed->status);
    fd_close(&handed->block);
}

static int open_pipes(struct supervision *supervision, const char *folder, struct handed *handed,
                      struct mlops_error *err)
{
    int ends[2];
    TRY(open_stream(folder, SUPERVISE_STDOUT, &supervision->streams[0], &handed->output, err));
    TRY(open_stream(folder, SUPERVISE_STDERR, &supervision->streams[1], &handed->errors, err));
    TRY(make_filter_file(supervision->sandbox, &handed->filter, err));
    if (!supervision->sandbox->bubblewrap)
        return MLOPS_OK;
    TRY(make_pipe(ends, true, err));
    supervision->status_pipe = ends[0];
    handed->status = ends[1];
    TRY(make_pipe(ends, false, err));
    handed->block = ends[0];
    supervision->block_pipe = ends[1];
    return MLOPS_OK;
}

static int start_keeper(struct supervision *supervision, const struct supervise_options *options,
                        const char *resolver, const struct handed *handed, struct mlops_error *err)
{
    const struct sandbox_suite suite = {.tree = options->tree,
                                        .home = supervision->places[1],
                                        .scratch = supervision->places[2],
                                        .resolver = resolver,
                                        .network = options->network,
                                        .command = options->command,
                                        .environment = options->environment,
                                        .shared_bytes = options->limits.memory_bytes,
                                        .filter_fd = handed->filter,
                                        .status_fd = handed->status,
                                        .block_fd = handed->block};
    const int inherited[] = {handed->status, handed->block, handed->filter, -1};
    const struct keeper_limit limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, options->limits.disk_bytes},
        {RLIMIT_CPU, (rlim_t)(options->limits.cpu_ns / 1000000000 + 2)}};
    struct sock_fprog program;
    _cleanup_(free_strings) char **argv = sandbox_arguments(options->sandbox, &suite);
    return keeper_start(
        &(struct keeper_options){.argv = (const char *const *)argv,
                                 .directory = options->tree,
                                 .environment = (const char *const *)options->environment,
                                 .output = handed->output,
                                 .errors = handed->errors,
                                 .inherited = inherited,
                                 .limits = limits,
                                 .limit_count = ARRAY_LENGTH(limits),
                                 .filter = sandbox_filter(options->sandbox, options->network,
                                                          &program)},
        &supervision->keeper, err);
}

static int start(struct supervision *supervision, const struct supervise_options *options,
                 struct mlops_error *err)
{
    _cleanup_(handed_close) struct handed handed = {-1, -1, -1, -1, -1};
    _cleanup_(free_string) char *resolver = NULL;
    TRY(make_folders(supervision, options, &resolver, err));
    TRY(open_pipes(supervision, options->folder, &handed, err));
    supervision->disk_before = used_disk(supervision);
    supervision->kills_before = memory_kills();
    supervision->started_ns = clock_monotonic_ns();
    return start_keeper(supervision, options, resolver, &handed, err);
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
                                 .keeper = {-1, -1},
                                 .status_pipe = -1,
                                 .block_pipe = -1,
                                 .network = NETWORK_COUNT_NONE};
    *supervision = made;
    return start(made, options, err);
}

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
    network_count_open(&supervision->network, supervision->init);
    (void)!write(supervision->block_pipe, "", 1); /* where it has ended, nobody waits */
    fd_close(&supervision->block_pipe);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void kill_all(struct supervision *supervision)
{
    supervision->killed = true;
    process_tree_kill(supervision->keeper.pid);
    keeper_dismiss(&supervision->keeper);
}

/* SIGTERM to the suite's own processes: bubblewrap would end at once, and all with it. */
static void ask_to_end(struct supervision *supervision)
{
    _cleanup_(process_tree_clear) struct process_tree tree = {0};
    pid_t keeper = supervision->keeper.pid;
    process_tree_read(keeper, &tree);
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
    process_tree_read(supervision->keeper.pid, &tree);
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
    uint64_t ours = supervision->sandbox->bubblewrap ? 2 : 0;
    if (memory > supervision->limits.memory_bytes)
        stop(supervision, ENDING_MEMORY);
    else if (threads > supervision->limits.processes + ours)
        stop(supervision, ENDING_PROCESSES);
    else if (cpu_ns > supervision->limits.cpu_ns)
        stop(supervision, ENDING_CPU);
}

/* Time between looks that cost `cost_ns` each. */
static int64_t pause_after(int64_t cost_ns)
{
    return cost_ns * LOOK_SHARE > LOOK_NS ? cost_ns * LOOK_SHARE : LOOK_NS;
}

static void look(struct supervision *supervision, int64_t now_ns)
{
    if (now_ns - supervision->looked_ns >= pause_after(supervision->look_cost_ns)) {
        look_at_processes(supervision);
        supervision->looked_ns = clock_monotonic_ns();
        supervision->look_cost_ns = supervision->looked_ns - now_ns;
    }
    now_ns = clock_monotonic_ns();
    if (now_ns - supervision->disk_looked_ns >= pause_after(supervision->disk_cost_ns)) {
        if (used_disk(supervision) > supervision->limits.disk_bytes)
            stop(supervision, ENDING_DISK);
        supervision->disk_looked_ns = clock_monotonic_ns();
        supervision->disk_cost_ns = supervision->disk_looked_ns - now_ns;
    }
    if (now_ns - supervision->started_ns >= supervision->timeout_ns)
        stop(supervision, ENDING_TIMEOUT);
    if (supervision->result.output_bytes > supervision->limits.output_bytes)
        stop(supervision, ENDING_OUTPUT);
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
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status)
                     : code > 128 && code <= 128 + 64 ? code - 128
                                                      : 0;
    result->ending = result->signal ? ENDING_SIGNAL : ENDING_EXIT;
}

/* Does it say that it tried to write where everything is read-only? Nothing of its own is. */
static bool says_read_only(const struct buffer *tail)
{
    return tail->data && (strstr(tail->data, "Read-only file system") ||
                          strstr(tail->data, "[Errno 30]") || strstr(tail->data, "EROFS"));
}

/* What the kernel's limits did, and what no look has seen because it was too quick. */
static void judge_end(struct supervision *supervision)
{
    struct supervise_result *result = &supervision->result;
    result->network_refused = network_count_read(&supervision->network);
    result->wrote_outside = supervision->sandbox->bubblewrap && says_read_only(&result->tail);
    if (supervision->stopping) {
        result->exit_status = -1;
        result->signal = 0;
    } else if (result->output_bytes > supervision->limits.output_bytes)
        result->ending = ENDING_OUTPUT;
    else if (result->signal == SIGXFSZ ||
             used_disk(supervision) + (result->exit_status ? 4096 : 0) >
                 supervision->limits.disk_bytes)
        result->ending = ENDING_DISK; /* after a write that did not fit, less than a block is free */
    else if (result->signal == SIGXCPU || result->cpu_ns > supervision->limits.cpu_ns)
        result->ending = ENDING_CPU;
    else if (result->signal == SIGKILL && memory_kills() > supervision->kills_before)
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

static void end_now(struct supervision *supervision)
{
    struct rusage usage;
    while (!keeper_reap(&supervision->keeper, &usage)) {
        kill_all(supervision);
        clock_sleep_ns(2000000);
    }
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
    fd_close(&supervision->keeper.report);
    fd_close(&supervision->status_pipe);
    fd_close(&supervision->block_pipe);
    network_count_close(&supervision->network);
    for (size_t i = 0; i < ARRAY_LENGTH(supervision->places); i++)
        free(supervision->places[i]);
    buffer_clear(&supervision->status);
    buffer_clear(&supervision->result.tail);
    free(supervision);
}
