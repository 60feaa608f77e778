/* lib/trial/cgroup.c - control groups by the files of cgroup2. */
#include "trial/cgroup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define REMOVE_ROUNDS 5000 /* of 2 ms: killed processes leave their group when they have ended */

/* Async-signal-safe. */
static bool put(int folder, const char *name, const char *text)
{
    int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
    size_t length = strlen(text);
    bool good = fd >= 0 && write(fd, text, length) == (ssize_t)length;
    if (fd >= 0)
        (void)close(fd);
    return good;
}

static bool put_number(int folder, const char *name, uint64_t number)
{
    char text[32] = "max";
    if (number < INT64_MAX)
        (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    return put(folder, name, text);
}

static int processes_folder(const struct cgroup *group)
{
    return group->old_folder >= 0 ? group->old_folder : group->folder;
}

static int put_limits(const struct cgroup_place *place, const struct cgroup_limits *limits,
                      struct cgroup *group, struct mlops_error *err)
{
    if (place->memory) {
        if (!put_number(group->folder, "memory.max", limits->memory_bytes))
            return mlops_fail_errno(err, MLOPS_IO, errno, "limit the memory of %s", group->path);
        /* absent without swap, and before Linux 4.19: then one process goes, and we end the rest */
        (void)put(group->folder, "memory.swap.max", "0");
        (void)put(group->folder, "memory.oom.group", "1");
        group->memory = true;
    }
    if (place->processes) {
        if (!put_number(processes_folder(group), "pids.max", limits->processes))
            return mlops_fail_errno(err, MLOPS_IO, errno, "limit the processes of %s",
                                    group->old_path ? group->old_path : group->path);
        group->processes = true;
    }
    return MLOPS_OK;
}

static int make_folder(const char *parent, char **path, int *folder, struct mlops_error *err)
{
    if (!parent)
        return MLOPS_OK;
    TRY(directory_make_temporary(parent, "mlops", path, err));
    *folder = open(*path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *folder < 0 ? mlops_fail_errno(err, MLOPS_IO, errno, "open the group %s", *path)
                       : MLOPS_OK;
}

int cgroup_make(const struct cgroup_place *place, const struct cgroup_limits *limits,
                struct cgroup *group, struct mlops_error *err)
{
    *group = CGROUP_NONE;
    int code = make_folder(place->path, &group->path, &group->folder, err);
    if (code == MLOPS_OK)
        code = make_folder(place->old_path, &group->old_path, &group->old_folder, err);
    if (code == MLOPS_OK)
        code = put_limits(place, limits, group, err);
    if (code)
        cgroup_remove(group);
    return code;
}

bool cgroup_join(const struct cgroup *group)
{
    return (group->folder < 0 || put(group->folder, "cgroup.procs", "0")) &&
           (group->old_folder < 0 || put(group->old_folder, "cgroup.procs", "0"));
}

void cgroup_kill(const struct cgroup *group)
{
    if (group->folder >= 0)
        (void)put(group->folder, "cgroup.kill", "1"); /* where there is none, others do it */
}

/* The number behind `key` in a file of lines "KEY NUMBER"; 0 where there is none. */
static uint64_t number_of(int folder, const char *name, const char *key)
{
    char text[1024];
    _cleanup_(fd_close) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    size_t length = strlen(key);
    text[n > 0 ? n : 0] = '\0';
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return strtoull(line + length, NULL, 10);
    return 0;
}

void cgroup_look(const struct cgroup *group, struct cgroup_events *events)
{
    *events = (struct cgroup_events){0};
    if (group->memory) {
        events->memory_reached = number_of(group->folder, "memory.events", "oom");
        events->memory_kills = number_of(group->folder, "memory.events", "oom_kill");
    }
    if (group->processes)
        events->forks_refused = number_of(processes_folder(group), "pids.events", "max");
}

/* Groups that were made within it go first. */
static bool remove_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_(folder_close) DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !folder)
        fd_close(&fd);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            (void)remove_folder(fd, entry->d_name); /* that of `name` says it */
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

static void remove_one(const struct cgroup *group, const char *path)
{
    for (int i = 0; path && i < REMOVE_ROUNDS && !remove_folder(AT_FDCWD, path); i++) {
        cgroup_kill(group);
        clock_sleep_ns(2000000);
    }
}

void cgroup_forget(const struct cgroup *group)
{
    if (group->path)
        (void)rmdir(group->path);
    if (group->old_path)
        (void)rmdir(group->old_path);
}

void cgroup_remove(struct cgroup *group)
{
    remove_one(group, group->path);
    remove_one(group, group->old_path);
    fd_close(&group->folder);
    fd_close(&group->old_folder);
    free(group->path);
    free(group->old_path);
    *group = CGROUP_NONE;
}
