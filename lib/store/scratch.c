/* lib/store/scratch.c - names for files under construction. */
#include "store/scratch.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define STALE_SECONDS 86400

static void host_name(char host[64])
{
    if (gethostname(host, 64) < 0)
        str_copy(host, 64, "unknown");
    host[63] = '\0';
    for (char *c = host; *c; c++)
        if (*c == '-' || *c == '/')
            *c = '_';
}

char *scratch_path(const struct store *store)
{
    static _Atomic unsigned counter; /* only makes names differ within the process */
    char host[64];
    host_name(host);
    _cleanup_(free_string) char *folder = store_scratch(store);
    return xprintf("%s/%s-%ld-%u.tmp", folder, host, (long)getpid(), counter++);
}

static bool is_stale(int folder, const char *name)
{
    char host[64], owner[64];
    long pid;
    struct stat status;
    host_name(host);
    if (!str_ends(name, ".tmp") || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    if (time(NULL) - status.st_mtim.tv_sec > STALE_SECONDS)
        return true;
    const char *dash = strchr(name, '-');
    if (!dash || (size_t)(dash - name) >= sizeof(owner))
        return false;
    memcpy(owner, name, (size_t)(dash - name));
    owner[dash - name] = '\0';
    pid = strtol(dash + 1, NULL, 10);
    return str_equal(owner, host) && pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

void scratch_sweep(const struct store *store)
{
    _cleanup_(free_string) char *scratch = store_scratch(store);
    _cleanup_(folder_close) DIR *folder = opendir(scratch);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (is_stale(dirfd(folder), entry->d_name))
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
}
