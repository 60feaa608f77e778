/* lib/trial/sandbox.c - which sandbox this machine gives, and how a suite is put into it. */
#include "trial/sandbox.h"
#include "base/path.h"
#include "base/process.h"
#include "trial/sandbox_mounts.h"
#include "trial/syscall_filter.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROBE_NS 10000000000LL

static const char *const level_names[] = {
    [MLOPS_SANDBOX_LIMITS] = "limits",
    [MLOPS_SANDBOX_FILTER] = "filter",
    [MLOPS_SANDBOX_NAMESPACES] = "namespaces",
    [MLOPS_SANDBOX_FULL] = "full",
};

const char *mlops_sandbox_level_name(enum mlops_sandbox_level level)
{
    return level_names[level];
}

/* ---- the command line ------------------------------------------------------------------------ */

static void add_number(struct arguments *arguments, const char *option, long long number)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%lld", number);
    arguments_add_all(arguments, (const char *const[]){option, text, NULL});
}

/* New namespaces of every kind that there is, no capability, no terminal, and the end of all when
 * who started it ends. */
static void add_namespaces(struct arguments *arguments, const struct sandbox_suite *suite)
{
    static const char *const always[] = {
        "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop",
        "ALL",           "--hostname",        "suite",         NULL};
    arguments_add_all(arguments, always);
    if (suite->network)
        arguments_add(arguments, "--share-net");
    if (suite->status_fd >= 0)
        add_number(arguments, "--json-status-fd", suite->status_fd);
    if (suite->block_fd >= 0)
        add_number(arguments, "--block-fd", suite->block_fd);
    if (suite->filter_fd >= 0)
        add_number(arguments, "--seccomp", suite->filter_fd);
}

static void add_places(struct arguments *arguments, const struct sandbox_suite *suite)
{
    if (suite->shared_bytes && suite->shared_bytes < LONG_MAX)
        add_number(arguments, "--size", (long long)suite->shared_bytes);
    arguments_add_all(arguments,
                      (const char *const[]){"--tmpfs", "/dev/shm", "--bind", suite->scratch, "/tmp",
                                            "--dir", "/var/tmp", "--bind", suite->home,
                                            SANDBOX_HOME, "--bind", suite->tree, SANDBOX_TREE,
                                            "--chdir", SANDBOX_TREE, NULL});
    if (!suite->network && suite->resolver)
        arguments_add_all(arguments, (const char *const[]){"--ro-bind", suite->resolver,
                                                           "/etc/resolv.conf", NULL});
}

char **sandbox_arguments(const struct sandbox *sandbox, const struct sandbox_suite *suite)
{
    struct arguments arguments = {0};
    if (sandbox->bubblewrap) {
        arguments_add(&arguments, sandbox->bubblewrap);
        add_namespaces(&arguments, suite);
        sandbox_mounts(&arguments, suite->network);
        add_places(&arguments, suite);
        sandbox_mounts_named(&arguments, suite->environment);
        arguments_add_all(&arguments, (const char *const[]){"--remount-ro", "/", "--", NULL});
    }
    arguments_add_all(&arguments, (const char *const[]){"/bin/sh", "-c", suite->command, NULL});
    return arguments.items;
}

const struct sock_fprog *sandbox_filter(const struct sandbox *sandbox, bool network,
                                        struct sock_fprog *program)
{
    const struct buffer *filter = network ? &sandbox->filter : &sandbox->closed_filter;
    if (sandbox->bubblewrap || filter->length == 0)
        return NULL;
    *program = (struct sock_fprog){
        .len = (unsigned short)(filter->length / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)(void *)filter->data}; /* malloc aligns it */
    return program;
}

/* ---- what this machine gives ----------------------------------------------------------------- */

static char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    _cleanup_(free_string) char *copy = xstrdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
    char *rest = copy;
    for (char *folder; (folder = strsep(&rest, ":"));) {
        _cleanup_(free_string) char *program = path_join(folder, name);
        if (folder[0] == '/' && access(program, X_OK) == 0)
            return TAKE_PTR(program);
    }
    return NULL;
}

/* One line of what bubblewrap says. */
static void first_line(const struct buffer *output, char *text, size_t size)
{
    const char *line = output->data ? output->data : "";
    _cleanup_(free_string) char *copy = xstrndup(line, strcspn(line, "\n"));
    str_copy(text, size, copy);
}

/* Run nothing in such a sandbox, to see whether it can be made here: user namespaces may be off,
 * /proc may be masked by a container. */
static bool try_bubblewrap(struct sandbox *sandbox)
{
    const struct sandbox_suite suite = {.filter_fd = -1, .status_fd = -1, .block_fd = -1};
    struct arguments arguments = {0};
    struct mlops_error failed = {0};
    arguments_add(&arguments, sandbox->bubblewrap);
    add_namespaces(&arguments, &suite);
    sandbox_mounts(&arguments, false);
    arguments_add_all(&arguments, (const char *const[]){"--tmpfs", "/dev/shm", "--remount-ro", "/",
                                                        "--", "/bin/sh", "-c", "exit 0", NULL});
    _cleanup_(free_strings) char **argv = arguments.items;
    _cleanup_(process_result_clear) struct process_result process = {0};
    int code = process_run(&(struct process_options){.argv = (const char *const *)argv,
                                                     .directory = "/",
                                                     .timeout_ns = PROBE_NS},
                           &process, &failed);
    if (code)
        str_copy(sandbox->check.bubblewrap, sizeof(sandbox->check.bubblewrap), failed.message);
    else if (process.timed_out)
        str_copy(sandbox->check.bubblewrap, sizeof(sandbox->check.bubblewrap),
                 "bubblewrap does not come back");
    else if (process.exit_status != 0)
        first_line(&process.output, sandbox->check.bubblewrap, sizeof(sandbox->check.bubblewrap));
    return code == MLOPS_OK && process.exit_status == 0;
}

static void find_namespaces(struct sandbox *sandbox)
{
    struct mlops_sandbox_check *check = &sandbox->check;
    sandbox->bubblewrap = find_program("bwrap");
    if (!sandbox->bubblewrap) {
        str_copy(check->bubblewrap, sizeof(check->bubblewrap), "bubblewrap is not installed");
        str_copy(check->hint, sizeof(check->hint), "install it: apt install bubblewrap");
    } else if (!try_bubblewrap(sandbox)) {
        free(sandbox->bubblewrap);
        sandbox->bubblewrap = NULL;
        str_copy(check->hint, sizeof(check->hint),
                 "bubblewrap needs user namespaces, or root with its rights: see docs/testing.md");
    }
}

static void find_filter(struct sandbox *sandbox)
{
    struct mlops_error failed = {0};
    if (syscall_filter_make(true, &sandbox->filter, &failed) == MLOPS_OK &&
        syscall_filter_make(false, &sandbox->closed_filter, &failed) == MLOPS_OK)
        return;
    buffer_clear(&sandbox->filter);
    buffer_clear(&sandbox->closed_filter);
    str_copy(sandbox->check.seccomp, sizeof(sandbox->check.seccomp), failed.message);
    if (!*sandbox->check.hint)
        str_copy(sandbox->check.hint, sizeof(sandbox->check.hint), failed.hint);
}

static void find_level(struct sandbox *sandbox)
{
    find_namespaces(sandbox);
    find_filter(sandbox);
    bool filter = sandbox->filter.length > 0;
    if (sandbox->bubblewrap)
        sandbox->level = filter ? MLOPS_SANDBOX_FULL : MLOPS_SANDBOX_NAMESPACES;
    else
        sandbox->level = filter ? MLOPS_SANDBOX_FILTER : MLOPS_SANDBOX_LIMITS;
    sandbox->check.level = sandbox->level;
}

int sandbox_open(enum mlops_sandbox_wish wish, struct sandbox *sandbox, struct mlops_error *err)
{
    *sandbox = (struct sandbox){0};
    cgroup_find(&sandbox->groups, sandbox->check.cgroup, sizeof(sandbox->check.cgroup));
    sandbox->check.memory_group = sandbox->groups.memory;
    sandbox->check.processes_group = sandbox->groups.processes;
    if (wish == MLOPS_SANDBOX_NONE)
        return MLOPS_OK;
    find_level(sandbox);
    if (wish == MLOPS_SANDBOX_AUTO || sandbox->level == MLOPS_SANDBOX_FULL)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_IO, "no suite is run, for this machine gives no full sandbox: %s%s%s",
               sandbox->check.bubblewrap,
               *sandbox->check.bubblewrap && *sandbox->check.seccomp ? "; " : "",
               sandbox->check.seccomp);
    return mlops_hint(err, "%s", sandbox->check.hint);
}

void sandbox_clear(struct sandbox *sandbox)
{
    free(sandbox->bubblewrap);
    buffer_clear(&sandbox->filter);
    buffer_clear(&sandbox->closed_filter);
    cgroup_place_clear(&sandbox->groups);
    *sandbox = (struct sandbox){0};
}

void mlops_sandbox_check(struct mlops_sandbox_check *check)
{
    struct mlops_error never = {0};
    _cleanup_(sandbox_clear) struct sandbox sandbox;
    (void)sandbox_open(MLOPS_SANDBOX_AUTO, &sandbox, &never); /* only strict can fail */
    *check = sandbox.check;
}
