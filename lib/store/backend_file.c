/* lib/store/backend_file.c - blobs as files of one folder. */
#include "base/file.h"
#include "base/path.h"
#include "store/backend.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#define OPEN_FILES_MAX 64

struct open_file {
    char *name;
    int fd;
    unsigned users;
    uint64_t used; /* when last, by a counter */
};

struct backend_file {
    struct store_backend base; /* first: the pointers are exchanged */
    char *directory;
    pthread_mutex_t lock; /* guards the rest */
    struct open_file files[OPEN_FILES_MAX];
    uint64_t clock;
    struct timespec listed; /* the folder's mtime when it was listed */
    time_t listed_at;       /* and when that was */
};

static struct backend_file *self(struct store_backend *backend)
{
    return (struct backend_file *)(void *)backend;
}

/* The name may come to stand for another file: it must not be read from the one that is open. */
static void forget_open(struct backend_file *file, const char *name)
{
    pthread_mutex_lock(&file->lock);
    for (size_t i = 0; i < OPEN_FILES_MAX; i++)
        if (file->files[i].name && str_equal(file->files[i].name, name))
            file->files[i].name[0] = '\0'; /* closed when the slot is taken */
    pthread_mutex_unlock(&file->lock);
}

static int publish(struct store_backend *backend, const char *temporary, const char *name,
                   struct mlops_error *err)
{
    struct backend_file *file = self(backend);
    _cleanup_(free_string) char *path = path_join(file->directory, name);
    _cleanup_(fd_close) int fd = open(temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "open '%s'", temporary);
    struct stat status;
    if (fstat(fd, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", temporary);
    if ((status.st_mode & 07777) != 0444 && fchmod(fd, 0444) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", temporary);
    if (fsync(fd) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "fsync '%s'", temporary);
    if (rename(temporary, path) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", temporary, path);
    forget_open(file, name);
    return MLOPS_OK;
}

static int settle(struct store_backend *backend, struct mlops_error *err)
{
    return directory_sync(self(backend)->directory, err);
}

/* A slot with the file open, counted as in use; NULL where all slots are in use. */
static struct open_file *take_slot(struct backend_file *file, const char *name)
{
    struct open_file *oldest = NULL;
    for (size_t i = 0; i < OPEN_FILES_MAX; i++) {
        struct open_file *slot = &file->files[i];
        if (slot->name && str_equal(slot->name, name))
            return slot;
        if (slot->users == 0 && (!oldest || slot->used < oldest->used))
            oldest = slot;
    }
    if (oldest) {
        fd_close(&oldest->fd);
        free(oldest->name);
        oldest->name = NULL;
    }
    return oldest;
}

static int open_blob(const struct backend_file *file, const char *name, int *fd,
                     struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(file->directory, name);
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "open '%s'", path);
    return MLOPS_OK;
}

/* The file, open: in a slot, which is in use from now on, or by itself where `*slot` is NULL. */
static int begin_use(struct backend_file *file, const char *name, struct open_file **slot, int *fd,
                     struct mlops_error *err)
{
    int code = MLOPS_OK;
    pthread_mutex_lock(&file->lock);
    *slot = take_slot(file, name);
    if (*slot && (*slot)->name) {
        *fd = (*slot)->fd;
    } else {
        code = open_blob(file, name, fd, err);
        if (*slot && code == MLOPS_OK) {
            (*slot)->name = xstrdup(name);
            (*slot)->fd = *fd;
        }
    }
    if (*slot && code == MLOPS_OK) {
        (*slot)->users++;
        (*slot)->used = ++file->clock;
    }
    pthread_mutex_unlock(&file->lock);
    return code;
}

static void end_use(struct backend_file *file, struct open_file *slot, int fd)
{
    if (!slot) {
        fd_close(&fd);
        return;
    }
    pthread_mutex_lock(&file->lock);
    slot->users--;
    pthread_mutex_unlock(&file->lock);
}

static int read_range(struct store_backend *backend, const char *name, uint64_t offset, void *data,
                      size_t length, struct mlops_error *err)
{
    struct backend_file *file = self(backend);
    struct open_file *slot;
    int fd = -1;
    TRY(begin_use(file, name, &slot, &fd, err));
    int code = fd_pread_full(fd, data, length, offset, err);
    if (code)
        mlops_wrap(err, "pack '%s/%s'", file->directory, name);
    end_use(file, slot, fd);
    return code;
}

static bool peek(struct store_backend *backend, const char *name, uint64_t offset, void *data,
                 size_t length)
{
    struct backend_file *file = self(backend);
    struct open_file *slot;
    struct mlops_error ignored = {0}; /* whoever reads it will be told */
    const struct iovec to = {.iov_base = data, .iov_len = length};
    int fd = -1;
    if (begin_use(file, name, &slot, &fd, &ignored))
        return false;
    ssize_t got = preadv2(fd, &to, 1, (off_t)offset, RWF_NOWAIT);
    end_use(file, slot, fd);
    return got >= 0 && (size_t)got == length;
}

static int size_of(struct store_backend *backend, const char *name, uint64_t *size,
                   struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(self(backend)->directory, name);
    struct stat status;
    if (stat(path, &status) < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "look at '%s'", path);
    *size = (uint64_t)status.st_size;
    return MLOPS_OK;
}

/* A file that was removed since the folder was read is passed over. */
static int list_one(int folder, const char *name, const struct timespec *now,
                    int (*each)(void *context, const struct store_blob *blob,
                                struct mlops_error *err),
                    void *context, struct mlops_error *err)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? MLOPS_OK
                               : mlops_fail_errno(err, MLOPS_IO, errno, "look at pack '%s'", name);
    int64_t age_ns = (now->tv_sec - status.st_mtim.tv_sec) * 1000000000LL + now->tv_nsec -
                     status.st_mtim.tv_nsec;
    struct store_blob blob = {
        .name = name, .size = (uint64_t)status.st_size, .age_ns = age_ns < 0 ? 0 : age_ns};
    return each(context, &blob, err);
}

static int list(struct store_backend *backend,
                int (*each)(void *context, const struct store_blob *blob, struct mlops_error *err),
                void *context, struct mlops_error *err)
{
    struct backend_file *file = self(backend);
    struct stat status;
    struct timespec now;
    _cleanup_(folder_close) DIR *folder = opendir(file->directory);
    if (!folder || fstat(dirfd(folder), &status) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "read folder '%s'", file->directory);
    for (;;) {
        const struct dirent *entry;
        TRY(folder_next(folder, file->directory, &entry, err));
        if (!entry)
            break;
        if (entry->d_name[0] != '.')
            TRY(list_one(dirfd(folder), entry->d_name, &now, each, context, err));
    }
    pthread_mutex_lock(&file->lock);
    file->listed = status.st_mtim; /* of before: what came meanwhile is seen next time */
    file->listed_at = now.tv_sec;
    pthread_mutex_unlock(&file->lock);
    return MLOPS_OK;
}

static int remove_blob(struct store_backend *backend, const char *name, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(self(backend)->directory, name);
    if (unlink(path) < 0 && errno != ENOENT)
        return mlops_fail_errno(err, MLOPS_IO, errno, "remove '%s'", path);
    return MLOPS_OK;
}

static int set_aside(struct store_backend *backend, const char *name, struct mlops_error *err)
{
    struct backend_file *file = self(backend);
    _cleanup_(free_string) char *parent = path_parent(file->directory);
    _cleanup_(free_string) char *damaged = path_join(parent, "damaged");
    _cleanup_(free_string) char *from = path_join(file->directory, name);
    _cleanup_(free_string) char *to = path_join(damaged, name);
    TRY(directory_make(damaged, 0777, err));
    if (rename(from, to) < 0)
        return errno == ENOENT
                   ? MLOPS_OK
                   : mlops_fail_errno(err, MLOPS_IO, errno, "move '%s' to '%s'", from, damaged);
    forget_open(file, name);
    TRY(directory_sync(damaged, err));
    return directory_sync(file->directory, err);
}

/* A folder's mtime has the granularity of the kernel's tick: what was listed within a second of its
 * last change may have changed again without showing (the racy-git rule). */
static bool changed(struct store_backend *backend)
{
    struct backend_file *file = self(backend);
    struct stat status;
    pthread_mutex_lock(&file->lock);
    const struct timespec listed = file->listed;
    time_t listed_at = file->listed_at;
    pthread_mutex_unlock(&file->lock);
    return stat(file->directory, &status) < 0 || status.st_mtim.tv_sec != listed.tv_sec ||
           status.st_mtim.tv_nsec != listed.tv_nsec || listed_at - listed.tv_sec < 2;
}

static void close_backend(struct store_backend *backend)
{
    struct backend_file *file = self(backend);
    for (size_t i = 0; i < OPEN_FILES_MAX; i++) {
        if (file->files[i].name)
            fd_close(&file->files[i].fd);
        free(file->files[i].name);
    }
    pthread_mutex_destroy(&file->lock);
    free(file->directory);
    free(file);
}

int backend_file_open(const char *directory, struct store_backend **backend,
                      struct mlops_error *err)
{
    struct stat status;
    if (stat(directory, &status) < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "open the store's folder '%s'", directory);
    struct backend_file *file = xcalloc(1, sizeof(*file));
    file->base = (struct store_backend){
        .publish = publish,
        .settle = settle,
        .read = read_range,
        .size = size_of,
        .list = list,
        .remove = remove_blob,
        .set_aside = set_aside,
        .changed = changed,
        .peek = peek,
        .close = close_backend,
    };
    file->directory = xstrdup(directory);
    pthread_mutex_init(&file->lock, NULL);
    for (size_t i = 0; i < OPEN_FILES_MAX; i++)
        file->files[i].fd = -1;
    *backend = &file->base;
    return MLOPS_OK;
}
