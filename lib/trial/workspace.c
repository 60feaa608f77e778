/* lib/trial/workspace.c - private folders for suites. */
#include "trial/workspace.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "test-"
#define STALE_SECONDS 86400

/* Best effort: what cannot be removed now is removed by a later run. A process number may belong to
 * another machine on a shared folder, so only what has been still for a day goes. */
static void remove_stale(const char *scratch)
{
    DIR *folder = opendir(scratch);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        struct stat status;
        if (!str_starts(entry->d_name, PREFIX) ||
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            time(NULL) - status.st_mtim.tv_sec < STALE_SECONDS)
            continue;
        pid_t owner = (pid_t)strtol(entry->d_name + strlen(PREFIX), NULL, 10);
        if (owner > 0 && (kill(owner, 0) == 0 || errno != ESRCH))
            continue;
        struct mlops_error ignored = {0};
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
    _cleanup_(free_string) char *prefix = xprintf(PREFIX "%ld", (long)getpid());
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
