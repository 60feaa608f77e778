/* lib/trial/disk_usage.c - how much of the disk a folder takes. */
#include "trial/disk_usage.h"
#include "base/file.h"
#include <fcntl.h>
#include <unistd.h>

#define DEPTH_MAX 256 /* of folders in folders; deeper ones are not looked into */

static uint64_t usage_below(int parent, const char *name, unsigned depth)
{
    struct stat status;
    uint64_t sum = 0;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_(folder_close) DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !folder)
        fd_close(&fd);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, "..") ||
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        uint64_t blocks = (uint64_t)status.st_blocks * 512;
        sum += blocks > DISK_USAGE_ENTRY ? blocks : DISK_USAGE_ENTRY;
        if (S_ISDIR(status.st_mode) && depth < DEPTH_MAX)
            sum += usage_below(dirfd(folder), entry->d_name, depth + 1);
    }
    return sum;
}

uint64_t disk_usage(const char *path)
{
    return usage_below(AT_FDCWD, path, 0);
}
