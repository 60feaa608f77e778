/* lib/registry/scratch.c - private folders of running commands. */
#include "registry/scratch.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#define DAY_NS (86400 * 1000000000LL)
#define FOREIGN_NS (31 * DAY_NS) /* a suite may run for 30 days */

static void host_name(char host[HOST_NAME_MAX + 1])
{
    if (gethostname(host, HOST_NAME_MAX) != 0)
        host[0] = '\0'; /* without a name it is "" */
    host[HOST_NAME_MAX] = '\0';
}

int scratch_make(struct mlops_registry *registry, const char *kind, char **path,
                 struct mlops_error *err)
{
    char host[HOST_NAME_MAX + 1];
    _cleanup_(free_string) char *parent = NULL, *prefix = NULL;
    host_name(host);
    prefix = xprintf("%s-%ld@%s", kind, (long)getpid(), host);
    TRY(registry_scratch(registry, &parent, err));
    return directory_make_temporary(parent, prefix, path, err);
}

/* The process that a name speaks of: its number, and whether it is of this machine. */
static bool parse_owner(const char *name, pid_t *pid, bool *here)
{
    char host[HOST_NAME_MAX + 1], *end;
    const char *dash = strchr(name, '-'), *last = strrchr(name, '-');
    long number = dash ? strtol(dash + 1, &end, 10) : 0;
    if (number <= 0 || number > INT_MAX || *end != '@' || last <= end)
        return false;
    host_name(host);
    *pid = (pid_t)number;
    *here = strlen(host) == (size_t)(last - end - 1) && strncmp(end + 1, host, strlen(host)) == 0;
    return true;
}

static bool is_stale(const char *name, int64_t age_ns, int64_t grace_ns)
{
    pid_t pid;
    bool here;
    if (name[0] == '.' || !parse_owner(name, &pid, &here))
        return false;
    if (here)
        return age_ns >= grace_ns && kill(pid, 0) < 0 && errno == ESRCH;
    return age_ns >= FOREIGN_NS;
}

void scratch_sweep_folders(const struct mlops_registry *registry, int64_t grace_ns)
{
    _cleanup_(free_string) char *scratch = path_join(mlops_registry_location(registry), "tmp");
    _cleanup_(folder_close) DIR *folder = opendir(scratch);
    const struct dirent *entry;
    int64_t now_ns = clock_now_ns();
    while (folder && (entry = readdir(folder))) {
        struct stat status;
        struct mlops_error ignored = {0};
        if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            !is_stale(entry->d_name, now_ns - status.st_mtim.tv_sec * 1000000000LL, grace_ns))
            continue;
        _cleanup_(free_string) char *path = path_join(scratch, entry->d_name);
        (void)tree_remove(path, &ignored);
    }
}
