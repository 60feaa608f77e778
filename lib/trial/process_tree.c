/*
 * lib/trial/process_tree.c - the descendants of a process, by base/process_stat of every process
 * of the machine: who started whom is written nowhere else on every kernel.
 */
#include "trial/process_tree.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/process_stat.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_ROUNDS 50
#define ENVIRONMENT_MAX (4U << 20) /* bytes */

void process_tree_clear(struct process_tree *tree)
{
    free(tree->items);
    *tree = (struct process_tree){0};
}

/* The beginning of /proc/PID/NAME as text; false where the process is gone. */
static bool read_proc(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static bool read_stat(pid_t pid, struct tree_process *process)
{
    struct process_stat stat;
    if (!process_stat_read(pid, &stat))
        return false;
    *process = (struct tree_process){
        .pid = pid,
        .parent = stat.parent,
        .cpu_ns = (int64_t)stat.ticks * (1000000000 / sysconf(_SC_CLK_TCK)),
        .threads = stat.threads,
        .stopped = stat.state == 'T' || stat.state == 't' || stat.state == 'Z'};
    return true;
}

static void read_memory(struct tree_process *process)
{
    char text[256];
    unsigned long size, resident, shared;
    if (read_proc(process->pid, "statm", text, sizeof(text)) &&
        sscanf(text, "%lu %lu %lu", &size, &resident, &shared) == 3 && resident > shared)
        process->anonymous = (uint64_t)(resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Is that why a process could not be read? Others have ended. */
static bool ran_out(int failure)
{
    return failure == EMFILE || failure == ENFILE || failure == ENOMEM;
}

/* False: they are not all, as where we may open no more files. */
static bool read_all(struct process_tree *all)
{
    size_t capacity = 0;
    bool whole = true;
    struct tree_process process;
    struct mlops_error ignored = {0}; /* the caller is told that there may be more */
    _cleanup_(folder_close) DIR *folder = opendir("/proc");
    const struct dirent *entry = NULL;
    while (folder && folder_next(folder, "/proc", &entry, &ignored) == MLOPS_OK && entry) {
        pid_t pid = process_number(entry->d_name);
        if (pid == 0)
            continue;
        if (!read_stat(pid, &process)) {
            whole = whole && !ran_out(errno);
            continue;
        }
        GROW(all->items, all->count, &capacity);
        all->items[all->count++] = process;
    }
    return whole && folder && ignored.code == MLOPS_OK;
}

static bool has(const struct process_tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->items[i].pid == pid)
            return true;
    return false;
}

/* Move from `all` those whose parent is `root` or in the tree, until there are no more: numbers
 * say nothing about who came first. */
static void gather(pid_t root, struct process_tree *all, struct process_tree *tree)
{
    tree->items = xcalloc(all->count, sizeof(*tree->items));
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < all->count; i++) {
            struct tree_process *one = &all->items[i];
            if (one->pid == root)
                tree->root_cpu_ns = one->cpu_ns;
            if (one->pid == 0 || (one->parent != root && !has(tree, one->parent)))
                continue;
            tree->items[tree->count++] = *one;
            one->pid = one->parent = 0;
            more = true;
        }
    }
}

bool process_tree_read(pid_t root, struct process_tree *tree)
{
    _cleanup_(process_tree_clear) struct process_tree all = {0};
    process_tree_clear(tree);
    bool whole = read_all(&all);
    gather(root, &all, tree);
    for (size_t i = 0; i < tree->count; i++)
        read_memory(&tree->items[i]);
    return whole;
}

/* Pss of /proc/PID/smaps_rollup, in which a page that n processes map counts 1/n, without what
 * stands in files. */
static uint64_t proportional(const struct tree_process *process)
{
    static const char *const parts[] = {"\nPss_Anon:", "\nPss_Shmem:"};
    char text[4096];
    uint64_t sum = 0;
    if (!read_proc(process->pid, "smaps_rollup", text, sizeof(text)))
        return process->anonymous;
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        const char *at = strstr(text, parts[i]);
        if (!at)
            return process->anonymous; /* a kernel before 5.3 */
        sum += (uint64_t)strtoull(at + strlen(parts[i]), NULL, 10) * 1024;
    }
    return sum;
}

uint64_t process_tree_memory(const struct process_tree *tree)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < tree->count; i++)
        sum += proportional(&tree->items[i]);
    return sum;
}

bool process_threads_of(uid_t user, uint64_t *threads)
{
    _cleanup_(process_tree_clear) struct process_tree all = {0};
    bool whole = read_all(&all);
    *threads = 0;
    for (size_t i = 0; i < all.count; i++) {
        char path[64];
        struct stat status;
        (void)snprintf(path, sizeof(path), "/proc/%d", (int)all.items[i].pid);
        if (stat(path, &status) == 0 && status.st_uid == user) /* else it has ended */
            *threads += all.items[i].threads;
    }
    return whole;
}

static void signal_each(const struct process_tree *tree, int signal)
{
    for (size_t i = 0; i < tree->count; i++)
        (void)kill(tree->items[i].pid, signal); /* it may have ended */
}

/* ---- files without names --------------------------------------------------------------------- */

struct seen {
    struct stat *items;
    size_t count, capacity;
};

static bool is_new(struct seen *seen, const struct stat *file)
{
    for (size_t i = 0; i < seen->count; i++)
        if (seen->items[i].st_dev == file->st_dev && seen->items[i].st_ino == file->st_ino)
            return false;
    GROW(seen->items, seen->count, &seen->capacity);
    seen->items[seen->count++] = *file;
    return true;
}

static bool is_on(const struct stat *file, const dev_t *devices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (file->st_dev == devices[i])
            return true;
    return false;
}

uint64_t process_tree_unnamed(const struct process_tree *tree, const dev_t *devices, size_t count)
{
    struct seen seen = {0};
    struct stat file;
    uint64_t sum = 0;
    for (size_t i = 0; i < tree->count; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)tree->items[i].pid);
        DIR *folder = opendir(path);
        for (struct dirent *entry; folder && (entry = readdir(folder));)
            if (entry->d_name[0] != '.' && fstatat(dirfd(folder), entry->d_name, &file, 0) == 0 &&
                S_ISREG(file.st_mode) && file.st_nlink == 0 && is_on(&file, devices, count) &&
                is_new(&seen, &file))
                sum += (uint64_t)file.st_blocks * 512;
        if (folder)
            (void)closedir(folder); /* only reading */
    }
    free(seen.items);
    return sum;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static bool is_marked(pid_t pid, const char *entry)
{
    char path[64];
    struct mlops_error ignored = {0}; /* it has ended, or is not ours */
    _cleanup_(buffer_clear) struct buffer environment = {0};
    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    if (file_read(path, ENVIRONMENT_MAX, &environment, &ignored) || !environment.data)
        return false;
    const char *end = environment.data + environment.length;
    for (const char *at = environment.data; at < end; at += strlen(at) + 1)
        if (str_equal(at, entry))
            return true;
    return false;
}

void process_kill_marked(const char *entry)
{
    for (int round = 0, found = 1; found && round < STOP_ROUNDS; round++) {
        _cleanup_(process_tree_clear) struct process_tree all = {0};
        found = !read_all(&all); /* then look once more */
        for (size_t i = 0; i < all.count; i++)
            if (is_marked(all.items[i].pid, entry) && kill(all.items[i].pid, SIGKILL) == 0)
                found++;
    }
}

/* A process that is stopped cannot start another: when a look finds none that runs, the tree is
 * whole. */
void process_tree_kill(pid_t root)
{
    _cleanup_(process_tree_clear) struct process_tree tree = {0};
    for (int round = 0; round < STOP_ROUNDS; round++) {
        bool all_stopped = process_tree_read(root, &tree);
        for (size_t i = 0; i < tree.count; i++)
            all_stopped = all_stopped && tree.items[i].stopped;
        if (all_stopped)
            break;
        signal_each(&tree, SIGSTOP);
    }
    signal_each(&tree, SIGKILL);
}
