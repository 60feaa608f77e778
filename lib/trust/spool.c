/* lib/trust/spool.c - memory first, then a file without a name. */
#include "trust/spool.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct spooled {
    struct source source;
    struct spool spool;
};

static int read_spooled(struct source *source, uint64_t offset, void *data, size_t length,
                        struct mlops_error *err)
{
    struct spool *spool = &((struct spooled *)source)->spool;
    if (spool->fd >= 0)
        return fd_pread_full(spool->fd, data, length, offset, err);
    if (length)
        memcpy(data, spool->data + offset, length);
    return MLOPS_OK;
}

static void close_spooled(struct source *source)
{
    spool_clear(&((struct spooled *)source)->spool);
    free(source);
}

static int open_unnamed(int *fd, struct mlops_error *err)
{
    const char *folder = getenv("TMPDIR");
    folder = folder && *folder ? folder : "/tmp";
    *fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return MLOPS_OK;
    /* Not every file system has O_TMPFILE. */
    _cleanup_(free_string) char *path = xprintf("%s/mlops-XXXXXX", folder);
    *fd = mkostemp(path, O_CLOEXEC);
    if (*fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a temporary file in %s", folder);
    if (unlink(path) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "remove %s", path);
    return MLOPS_OK;
}

static void grow(struct spool *spool, size_t length)
{
    size_t needed = (size_t)spool->length + length;
    if (needed <= spool->capacity)
        return;
    size_t capacity = spool->capacity ? spool->capacity : 4096;
    while (capacity < needed)
        capacity *= 2;
    spool->data = xrealloc(spool->data, capacity, 1);
    spool->capacity = capacity;
}

int spool_write(struct spool *spool, const void *data, size_t length, struct mlops_error *err)
{
    if (length == 0)
        return MLOPS_OK;
    if (spool->fd < 0 && spool->length + length <= SPOOL_MEMORY) {
        grow(spool, length);
        memcpy(spool->data + spool->length, data, length);
        spool->length += length;
        return MLOPS_OK;
    }
    if (spool->fd < 0) {
        TRY(open_unnamed(&spool->fd, err));
        if (fd_write_full(spool->fd, spool->data, (size_t)spool->length, err))
            return mlops_wrap(err, "write a temporary file");
        free(spool->data);
        spool->data = NULL;
        spool->capacity = 0;
    }
    if (fd_write_full(spool->fd, data, length, err))
        return mlops_wrap(err, "write a temporary file");
    spool->length += length;
    return MLOPS_OK;
}

struct source *spool_source(struct spool *spool)
{
    struct spooled *spooled = xmalloc(sizeof(*spooled));
    *spooled = (struct spooled){
        .source = {.size = spool->length, .read = read_spooled, .close = close_spooled},
        .spool = *spool};
    *spool = SPOOL_EMPTY;
    return &spooled->source;
}

void spool_clear(struct spool *spool)
{
    free(spool->data);
    fd_close(&spool->fd);
    *spool = SPOOL_EMPTY;
}
