/* lib/store/restore.c - objects written out as files, on all cores. */
#include "base/file.h"
#include "base/pool.h"
#include "store/reader.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

struct restore {
    struct store *store;
    const struct store_restore *files;
    size_t count;
    bool sync;
    struct reader *readers[64]; /* a worker's own */
    atomic_size_t done;
};

static int to_file(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    return fd_write_full(*(const int *)context, data, length, err);
}

static int restore_one(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct restore *restore = context;
    const struct store_restore *file = &restore->files[index];
    const struct mlops_observer *observer = restore->store->observer;
    if (worker == 0 && observer) { /* worker 0 is the thread that called us */
        if (observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while writing files");
        if (observer->progress)
            observer->progress(observer->context, "writing files", restore->done, restore->count);
    }
    if (!restore->readers[worker])
        restore->readers[worker] = reader_new(restore->store->backend);
    _cleanup_(fd_close) int fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", file->path);
    if (reader_stream(restore->readers[worker], restore->store->index, &file->digest, to_file, &fd,
                      err))
        return mlops_wrap(err, "write '%s'", file->path);
    if (fchmod(fd, file->mode) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", file->path);
    if (restore->sync && fsync(fd) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "fsync '%s'", file->path);
    restore->done++;
    return MLOPS_OK;
}

int store_restore_files(struct store *store, const struct store_restore *files, size_t count,
                        bool sync, struct mlops_error *err)
{
    struct restore restore = {.store = store, .files = files, .count = count, .sync = sync};
    TRY(store_refresh(store, err));
    int code = pool_run(count, restore_one, &restore, err);
    for (size_t i = 0; i < ARRAY_LENGTH(restore.readers); i++)
        reader_free(restore.readers[i]);
    const struct mlops_observer *observer = store->observer;
    if (code == MLOPS_OK && observer && observer->progress)
        observer->progress(observer->context, "writing files", count, count);
    return code;
}
