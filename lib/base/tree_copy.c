/* lib/base/tree_copy.c - folders copied, by the file system where it can. */
#include "base/tree_copy.h"
#include "base/file.h"
#include "base/path.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEPTH_MAX 1000               /* folders in folders, as tree_remove */
#define COPY_BYTES ((size_t)1 << 30) /* asked of the kernel at a time */

/* By the kernel without a detour through our memory; `*length` 0 at the end, -1 where it cannot. */
static void copy_range(int from, int to, ssize_t *length)
{
    do
        *length = copy_file_range(from, NULL, to, NULL, COPY_BYTES, 0);
    while (*length < 0 && errno == EINTR);
}

int fd_copy(int from, int to, bool *shared, struct mlops_error *err)
{
    char chunk[65536];
    size_t got;
    ssize_t length;
    *shared = ioctl(to, FICLONE, from) == 0;
    if (*shared)
        return MLOPS_OK;
    do
        copy_range(from, to, &length);
    while (length > 0);
    if (length == 0)
        return MLOPS_OK;
    do { /* from where the kernel stopped */
        TRY(fd_read_full(from, chunk, sizeof(chunk), &got, err));
        TRY(fd_write_full(to, chunk, got, err));
    } while (got == sizeof(chunk));
    return MLOPS_OK;
}

static int copy_file(int from_folder, int to_folder, const char *name, const struct stat *status,
                     bool *shared, struct mlops_error *err)
{
    bool one;
    _cleanup_(fd_close) int from = openat(from_folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read '%s'", name);
    _cleanup_(fd_close) int to =
        openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", name);
    TRY(fd_copy(from, to, &one, err));
    *shared = *shared && one;
    return fchmod(to, status->st_mode & 07777) < 0
               ? mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", name)
               : MLOPS_OK;
}

static int copy_link(int from_folder, int to_folder, const char *name, struct mlops_error *err)
{
    char target[4096];
    ssize_t length = readlinkat(from_folder, name, target, sizeof(target) - 1);
    if (length < 0 || (target[length] = '\0', symlinkat(target, to_folder, name)) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "copy the link '%s'", name);
    return MLOPS_OK;
}

static int copy_inside(int from, int to, int depth, bool *shared, struct mlops_error *err);

/* A folder has its mode when its content is there: it may be closed to writing. */
static int copy_folder(int from_folder, int to_folder, const char *name, const struct stat *status,
                       int depth, bool *shared, struct mlops_error *err)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (depth > DEPTH_MAX)
        return mlops_fail(err, MLOPS_IO, "copy '%s': folders are nested too deep", name);
    if (mkdirat(to_folder, name, 0700) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make folder '%s'", name);
    _cleanup_(fd_close) int to = openat(to_folder, name, flags);
    int from = openat(from_folder, name, flags);
    if (to < 0 || from < 0) {
        int failure = errno;
        fd_close(&from);
        return mlops_fail_errno(err, MLOPS_IO, failure, "open folder '%s'", name);
    }
    TRY(copy_inside(from, to, depth, shared, err));
    return fchmod(to, status->st_mode & 07777) < 0
               ? mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", name)
               : MLOPS_OK;
}

/* `from` is closed. */
static int copy_inside(int from, int to, int depth, bool *shared, struct mlops_error *err)
{
    _cleanup_(folder_close) DIR *folder = fdopendir(from);
    struct stat status;
    if (!folder) {
        int failure = errno;
        fd_close(&from);
        return mlops_fail_errno(err, MLOPS_IO, failure, "read a folder");
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry)
            return errno ? mlops_fail_errno(err, MLOPS_IO, errno, "read a folder") : MLOPS_OK;
        const char *name = entry->d_name;
        if (str_equal(name, ".") || str_equal(name, ".."))
            continue;
        if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", name);
        if (S_ISDIR(status.st_mode))
            TRY(copy_folder(from, to, name, &status, depth + 1, shared, err));
        else if (S_ISLNK(status.st_mode))
            TRY(copy_link(from, to, name, err));
        else if (S_ISREG(status.st_mode))
            TRY(copy_file(from, to, name, &status, shared, err));
    }
}

int tree_copy(const char *from, const char *to, bool *shared, struct mlops_error *err)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int source = open(from, flags);
    if (source < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "open folder '%s'", from);
    _cleanup_(fd_close) int target = open(to, flags);
    if (target < 0) {
        int failure = errno;
        fd_close(&source);
        return mlops_fail_errno(err, MLOPS_IO, failure, "open folder '%s'", to);
    }
    *shared = true;
    return copy_inside(source, target, 0, shared, err) ? mlops_wrap(err, "copy '%s'", from)
                                                       : MLOPS_OK;
}
