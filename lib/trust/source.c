/* lib/trust/source.c - memory, files and parts of other sources. */
#include "trust/source.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct memory {
    struct source source;
    const uint8_t *data;
};
struct file {
    struct source source;
    int fd;
    char *path;
};
struct part {
    struct source source;
    struct source *outer;
    uint64_t offset;
};

static void close_plain(struct source *source)
{
    free(source);
}

static int read_memory(struct source *source, uint64_t offset, void *data, size_t length,
                       struct mlops_error *err)
{
    (void)err; /* memory does not fail */
    if (length)
        memcpy(data, ((struct memory *)source)->data + offset, length);
    return MLOPS_OK;
}

static int read_file(struct source *source, uint64_t offset, void *data, size_t length,
                     struct mlops_error *err)
{
    struct file *file = (struct file *)source;
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(file->fd, (char *)data + done, length - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read %s", file->path);
        if (got == 0)
            return mlops_fail(err, MLOPS_INTEGRITY, "%s became shorter while it was read",
                              file->path);
        done += (size_t)got;
    }
    return MLOPS_OK;
}

static void close_file(struct source *source)
{
    struct file *file = (struct file *)source;
    fd_close(&file->fd);
    free(file->path);
    free(file);
}

static int read_part(struct source *source, uint64_t offset, void *data, size_t length,
                     struct mlops_error *err)
{
    struct part *part = (struct part *)source;
    return part->outer->read(part->outer, part->offset + offset, data, length, err);
}

struct source *source_of_memory(const void *data, size_t length)
{
    struct memory *memory = xmalloc(sizeof(*memory));
    *memory = (struct memory){.source = {.size = length, .read = read_memory, .close = close_plain},
                              .data = data};
    return &memory->source;
}

int source_of_file(const char *path, struct source **source, struct mlops_error *err)
{
    struct stat status;
    /* A FIFO would keep us waiting for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return mlops_fail_errno(err, 0, errno, "open %s", path);
    if (fstat(fd, &status)) {
        int code = mlops_fail_errno(err, MLOPS_IO, errno, "look at %s", path);
        fd_close(&fd);
        return code;
    }
    if (!S_ISREG(status.st_mode)) {
        fd_close(&fd);
        return mlops_fail(err, MLOPS_INVALID, "%s is not a regular file", path);
    }
    struct file *file = xmalloc(sizeof(*file));
    *file = (struct file){
        .source = {.size = (uint64_t)status.st_size, .read = read_file, .close = close_file},
        .fd = fd,
        .path = xstrdup(path)};
    *source = &file->source;
    return MLOPS_OK;
}

struct source *source_part(struct source *outer, uint64_t offset, uint64_t size)
{
    struct part *part = xmalloc(sizeof(*part));
    *part = (struct part){.source = {.size = size, .read = read_part, .close = close_plain},
                          .outer = outer,
                          .offset = offset};
    return &part->source;
}

int source_read(struct source *source, uint64_t offset, void *data, size_t room, size_t *got,
                struct mlops_error *err)
{
    uint64_t left = offset < source->size ? source->size - offset : 0;
    *got = left < room ? (size_t)left : room;
    return *got ? source->read(source, offset, data, *got, err) : MLOPS_OK;
}

int source_is_zeros(struct source *source, uint64_t offset, uint64_t length, bool *zeros,
                    struct mlops_error *err)
{
    uint8_t block[4096];
    *zeros = true;
    while (*zeros && length) {
        size_t part = length < sizeof(block) ? (size_t)length : sizeof(block);
        TRY(source->read(source, offset, block, part, err));
        for (size_t i = 0; i < part && *zeros; i++)
            *zeros = block[i] == 0;
        offset += part;
        length -= part;
    }
    return MLOPS_OK;
}

void source_close(struct source *source)
{
    if (source)
        source->close(source);
}
