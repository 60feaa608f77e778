/* lib/base/file.c - files and folders: whole reads, durable atomic writes, trees. */
#include "base/file.h"
#include "base/hash.h"
#include "base/path.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define TREE_DEPTH_MAX 1000

int fd_read_full(int fd, void *data, size_t length, size_t *got, struct mlops_error *err)
{
    *got = 0;
    while (*got < length) {
        ssize_t n = read(fd, (char *)data + *got, length - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read");
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return MLOPS_OK;
}

int fd_pread_full(int fd, void *data, size_t length, uint64_t offset, struct mlops_error *err)
{
    size_t got = 0;
    while (got < length) {
        ssize_t n = pread(fd, (char *)data + got, length - got, (off_t)(offset + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read");
        if (n == 0)
            return mlops_fail(err, MLOPS_INTEGRITY, "the file ends at byte %llu",
                              (unsigned long long)(offset + got));
        got += (size_t)n;
    }
    return MLOPS_OK;
}

int fd_write_full(int fd, const void *data, size_t length, struct mlops_error *err)
{
    size_t done = 0;
    while (done < length) {
        ssize_t n = write(fd, (const char *)data + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "write");
        done += (size_t)n;
    }
    return MLOPS_OK;
}

int file_read(const char *path, size_t max, struct buffer *content, struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "read '%s'", path);
    buffer_reset(content);
    for (;;) {
        size_t room = content->capacity - content->length;
        buffer_reserve(content, room > 4096 ? room - 1 : 65536);
        ssize_t n =
            read(fd, content->data + content->length, content->capacity - content->length - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read '%s'", path);
        if (n == 0)
            break;
        content->length += (size_t)n;
        if (content->length > max)
            return mlops_fail(err, MLOPS_INVALID, "'%s' is larger than %zu bytes", path, max);
    }
    content->data[content->length] = '\0';
    return MLOPS_OK;
}

#define DIGEST_PIECE (256U << 10)

int file_digest(const char *path, struct digest *digest, struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "open '%s'", path);
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    uint8_t *piece = xmalloc(DIGEST_PIECE);
    size_t got = DIGEST_PIECE;
    int code = MLOPS_OK;
    while (got == DIGEST_PIECE && code == MLOPS_OK) {
        code = fd_read_full(fd, piece, DIGEST_PIECE, &got, err);
        if (code == MLOPS_OK)
            sha256_update(hash, piece, got);
    }
    free(piece);
    sha256_final(hash, digest);
    return code == MLOPS_OK ? code : mlops_wrap(err, "'%s'", path);
}

int directory_sync(const char *path, struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "open folder '%s'", path);
    if (fsync(fd) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "fsync folder '%s'", path);
    return MLOPS_OK;
}

static int write_synced(const char *path, const void *data, size_t length, mode_t mode,
                        struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "create '%s'", path);
    if (fd_write_full(fd, data, length, err))
        return mlops_wrap(err, "'%s'", path);
    if (fchmod(fd, mode) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", path);
    if (fsync(fd) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "fsync '%s'", path);
    return MLOPS_OK;
}

int file_write_durable(const char *path, const void *data, size_t length, mode_t mode,
                       struct mlops_error *err)
{
    static _Atomic unsigned counter; /* only makes names differ within the process */
    _cleanup_(free_string) char *temporary =
        xprintf("%s.%ld-%u.tmp", path, (long)getpid(), counter++);
    int code = write_synced(temporary, data, length, mode, err);
    if (code == MLOPS_OK && rename(temporary, path) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", temporary, path);
    if (code != MLOPS_OK) {
        (void)unlink(temporary); /* the first error is the one that counts */
        return code;
    }
    _cleanup_(free_string) char *folder = path_parent(path);
    return directory_sync(folder, err);
}

int directory_make(const char *path, mode_t mode, struct mlops_error *err)
{
    _cleanup_(free_string) char *partial = xstrdup(path);
    for (char *slash = partial + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        char saved = *slash;
        *slash = '\0';
        struct stat status;
        if (mkdir(partial, 0700) == 0) {
            if (chmod(partial, mode) < 0)
                return mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", partial);
        } else if (errno != EEXIST && (stat(partial, &status) < 0 || !S_ISDIR(status.st_mode))) {
            return mlops_fail_errno(err, MLOPS_IO, errno, "make folder '%s'", partial);
        } else if (stat(partial, &status) == 0 && !S_ISDIR(status.st_mode)) {
            return mlops_fail(err, MLOPS_INVALID, "'%s' is not a folder", partial);
        }
        if (saved == '\0')
            return MLOPS_OK;
        *slash = saved;
    }
}

/* Remove everything inside the folder `fd`, which is closed. `path` is for messages. */
static int remove_inside(int fd, const char *path, int depth, struct mlops_error *err);

static int remove_entry(int parent, const char *name, const char *path, int depth,
                        struct mlops_error *err)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return MLOPS_OK;
    int failure = errno;
    if (failure != EISDIR && failure != EPERM)
        return mlops_fail_errno(err, MLOPS_IO, failure, "remove '%s'", path);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno == ENOTDIR ? failure : errno, "remove '%s'",
                                path);
    TRY(remove_inside(fd, path, depth + 1, err));
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return mlops_fail_errno(err, MLOPS_IO, errno, "remove folder '%s'", path);
    return MLOPS_OK;
}

int folder_next(DIR *folder, const char *path, const struct dirent **entry, struct mlops_error *err)
{
    do {
        errno = 0;
        *entry = readdir(folder);
        if (!*entry && errno != 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", path);
    } while (*entry && (str_equal((*entry)->d_name, ".") || str_equal((*entry)->d_name, "..")));
    return MLOPS_OK;
}

void folder_close(DIR **folder)
{
    if (*folder)
        (void)closedir(*folder); /* was only read */
}

static int remove_inside(int fd, const char *path, int depth, struct mlops_error *err)
{
    (void)fchmod(fd, 0700); /* where that fails, so does the removal, and says why */
    _cleanup_(folder_close) DIR *folder = fdopendir(fd);
    if (!folder) {
        int failure = errno;
        fd_close(&fd);
        return mlops_fail_errno(err, MLOPS_IO, failure, "read folder '%s'", path);
    }
    if (depth > TREE_DEPTH_MAX)
        return mlops_fail(err, MLOPS_IO, "remove '%s': folders are nested too deep", path);
    for (;;) {
        const struct dirent *entry;
        TRY(folder_next(folder, path, &entry, err));
        if (!entry)
            return MLOPS_OK;
        _cleanup_(free_string) char *inner = path_join(path, entry->d_name);
        TRY(remove_entry(dirfd(folder), entry->d_name, inner, depth, err));
    }
}

int tree_remove(const char *path, struct mlops_error *err)
{
    return remove_entry(AT_FDCWD, path, path, 0, err);
}

int directory_make_temporary(const char *parent, const char *prefix, char **path,
                             struct mlops_error *err)
{
    _cleanup_(free_string) char *name = xprintf("%s-XXXXXX", prefix);
    _cleanup_(free_string) char *full = path_join(parent, name);
    if (!mkdtemp(full))
        return mlops_fail_errno(err, MLOPS_OK, errno, "make a temporary folder in '%s'", parent);
    *path = TAKE_PTR(full);
    return MLOPS_OK;
}

bool path_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}
