/*
 * lib/trial/launch.c - a suite's command started: its folders, what it may use of descriptors, the
 * pipes that it prints into, and the keeper that holds it.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "trial/disk_usage.h"
#include "trial/process_tree.h"
#include "trial/supervision.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- before it ------------------------------------------------------------------------------- */

uint64_t supervision_memory_kills(void)
{
    struct mlops_error ignored = {0}; /* a kernel before 4.13 does not count them */
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (file_read("/proc/vmstat", 1 << 20, &text, &ignored))
        return 0;
    const char *at = strstr(text.data, "\noom_kill ");
    return at ? strtoull(at + 10, NULL, 10) : 0;
}

uint64_t supervision_disk(const struct supervision *supervision)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(supervision->places); i++)
        sum += disk_usage(supervision->places[i]);
    if (supervision->keeper.pid > 0) {
        _cleanup_(process_tree_clear) struct process_tree tree = {0};
        (void)process_tree_read(supervision->keeper.pid, &tree); /* the next look has the rest */
        sum +=
            process_tree_unnamed(&tree, supervision->devices, ARRAY_LENGTH(supervision->devices));
    }
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
    supervision->places[0] = xstrdup(options->workspace->written);
    supervision->places[1] = path_join(options->folder, "home");
    supervision->places[2] = path_join(options->folder, "tmp");
    if (!options->sandbox->bubblewrap) /* as environment_make has it */
        supervision->mark = xprintf("TMPDIR=%s", supervision->places[2]);
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
    int input, output, errors, filter, status, block;
};

static void handed_close(struct handed *handed)
{
    fd_close(&handed->input);
    fd_close(&handed->output);
    fd_close(&handed->errors);
    fd_close(&handed->filter);
    fd_close(&handed->status);
    fd_close(&handed->block);
}

static int open_conversation(struct conversation *conversation, struct handed *handed,
                             struct mlops_error *err)
{
    int ends[2];
    *conversation = (struct conversation){-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a pair of sockets");
    conversation->ask = ends[0];
    handed->input = ends[1];
    TRY(make_pipe(ends, false, err));
    conversation->answer = ends[0];
    handed->output = ends[1];
    return MLOPS_OK;
}

static int open_pipes(struct supervision *supervision, const struct supervise_options *options,
                      struct handed *handed, struct mlops_error *err)
{
    int ends[2];
    const char *folder = options->folder;
    if (options->conversation)
        TRY(open_conversation(options->conversation, handed, err));
    else
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

/* The kernel counts all processes of a user, other suites' among them, so that its limit can only
 * keep those within sight that fork faster than we look. In namespaces there is a better one. */
static rlim_t most_processes(const struct supervise_options *options)
{
    uint64_t threads;
    if (options->sandbox->bubblewrap || !process_threads_of(getuid(), &threads))
        return RLIM_INFINITY;
    return threads + 3 * options->limits.processes + 64;
}

static int start_keeper(struct supervision *supervision, const struct supervise_options *options,
                        const char *resolver, const struct handed *handed, struct mlops_error *err)
{
    const struct sandbox_suite suite = {.tree = options->workspace->place,
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
        {RLIMIT_CPU, (rlim_t)(options->limits.cpu_ns / 1000000000 + 2)},
        {RLIMIT_NPROC, most_processes(options)}};
    struct sock_fprog program;
    _cleanup_(free_strings) char **argv = sandbox_arguments(options->sandbox, &suite);
    const struct cgroup_limits most = {
        .memory_bytes = options->limits.memory_bytes,
        .processes =
            options->limits.processes + (options->sandbox->bubblewrap ? NAMESPACE_PROCESSES : 0)};
    TRY(cgroup_make(&options->sandbox->groups, &most, &supervision->group, err));
    supervision->result.memory_group = supervision->group.memory;
    supervision->result.processes_group = supervision->group.processes;
    return keeper_start(
        &(struct keeper_options){.argv = (const char *const *)argv,
                                 .directory = options->workspace->place,
                                 .group = &supervision->group,
                                 .layer = &options->workspace->layer,
                                 .environment = (const char *const *)options->environment,
                                 .input = handed->input > 0 ? handed->input : 0,
                                 .output = handed->output,
                                 .errors = handed->errors,
                                 .inherited = inherited,
                                 .limits = limits,
                                 .limit_count = ARRAY_LENGTH(limits),
                                 .filter =
                                     sandbox_filter(options->sandbox, options->network, &program)},
        &supervision->keeper, err);
}

/* Where its files lie: what it opens in its layer is of another device than the layer's folder. */
static void note_devices(struct supervision *supervision, const struct supervise_options *options)
{
    const char *const places[] = {options->workspace->tree, options->folder};
    struct stat status;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        if (stat(places[i], &status) == 0)
            supervision->devices[i] = status.st_dev;
}

int launch(struct supervision *supervision, const struct supervise_options *options,
           struct mlops_error *err)
{
    _cleanup_(handed_close) struct handed handed = {-1, -1, -1, -1, -1, -1};
    _cleanup_(free_string) char *resolver = NULL;
    TRY(make_folders(supervision, options, &resolver, err));
    TRY(open_pipes(supervision, options, &handed, err));
    note_devices(supervision, options);
    supervision->disk_before = supervision_disk(supervision);
    supervision->kills_before = supervision_memory_kills();
    supervision->started_ns = clock_monotonic_ns();
    return start_keeper(supervision, options, resolver, &handed, err);
}
