/*
 * lib/trial/workspace.c - private folders for suites: "test-PID@HOST-XXXXXX" in the registry's
 * scratch folder, so that whoever comes later can tell whose they are.
 */
#include "trial/workspace.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#define PREFIX "test-"
#define DAY_NS (86400 * 1000000000LL)

static char *prefix_of(pid_t pid)
{
    char host[HOST_NAME_MAX + 1] = "";
    (void)gethostname(host, sizeof(host) - 1); /* without a name it is "" */
    return xprintf(PREFIX "%ld@%s", (long)pid, host);
}

/* Is `name` a workspace whose run is over? A process of this host that is gone is; of another host,
 * on a shared folder, one that is older than any suite may run. A day's grace is for hosts that
 * have the same name. */
static bool is_stale(const char *name, int64_t age_ns)
{
    char *end;
    if (!str_starts(name, PREFIX) || age_ns < DAY_NS)
        return false;
    long pid = strtol(name + strlen(PREFIX), &end, 10);
    if (*end != '@' || pid <= 0 || pid > INT_MAX)
        return false;
    _cleanup_(free_string) char *ours = prefix_of((pid_t)pid);
    if (str_starts(name, ours) && strlen(name) == strlen(ours) + strlen("-XXXXXX"))
        return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
    return age_ns > PROJECT_TIMEOUT_MAX_NS + DAY_NS;
}

/* Best effort: what cannot be removed now is removed by a later run. */
static void remove_stale(const char *scratch)
{
    DIR *folder = opendir(scratch);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        struct stat status;
        struct mlops_error ignored = {0};
        if (!str_starts(entry->d_name, PREFIX) ||
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            !is_stale(entry->d_name, clock_now_ns() - status.st_mtim.tv_sec * 1000000000LL))
            continue;
        _cleanup_(free_string) char *path = path_join(scratch, entry->d_name);
        (void)tree_remove(path, &ignored);
    }
    if (folder)
        (void)closedir(folder); /* was only read */
}

int workspace_make(struct mlops_registry *registry, const struct manifest *manifest,
                   struct workspace *workspace, struct mlops_error *err)
{
    _cleanup_(free_string) char *scratch = NULL;
    _cleanup_(free_string) char *prefix = prefix_of(getpid());
    *workspace = (struct workspace){0};
    TRY(registry_scratch(registry, &scratch, err));
    remove_stale(scratch);
    TRY(directory_make_temporary(scratch, prefix, &workspace->folder, err));
    workspace->tree = path_join(workspace->folder, "bundle");
    int code = manifest_checkout(registry, manifest, workspace->tree, err);
    if (code)
        workspace_remove(workspace);
    return code;
}

void workspace_remove(struct workspace *workspace)
{
    struct mlops_error ignored = {0}; /* what stays is stale and removed by a later run */
    if (workspace->folder)
        (void)tree_remove(workspace->folder, &ignored);
    free(workspace->folder);
    free(workspace->tree);
    *workspace = (struct workspace){0};
}
