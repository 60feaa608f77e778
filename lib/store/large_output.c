/* lib/store/large_output.c - large files out, into the page cache or past it. */
#include "store/large_output.h"
#include "base/clock.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TIMED_MIN ((size_t)256 << 10) /* shorter stretches always go into the cache */
#define FIRST_TRIES 4                 /* writes of either kind in turn, before one is preferred */
#define TRY_AGAIN 64                  /* of so many writes one is of the other kind … */
#define FAR_SLOWER 4                  /* … unless it took so many times as long */

void output_init(struct output *output)
{
    *output = (struct output){.fd = -1, .direct_fd = -1};
}

int output_open(struct output *output, const char *path, struct output_pace *pace,
                struct mlops_error *err)
{
    output_init(output);
    output->path = path;
    output->pace = pace;
    output->edge = xmalloc(OUTPUT_BLOCK);
    output->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (output->fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", path);
    if (pace) /* some file systems have no such thing: -1, then */
        output->direct_fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
    return MLOPS_OK;
}

void output_close(struct output *output)
{
    fd_close(&output->fd);
    fd_close(&output->direct_fd);
    free(output->edge);
    output->edge = NULL;
}

static int write_cached(const struct output *output, const uint8_t *data, size_t length,
                        uint64_t offset, struct mlops_error *err)
{
    while (length > 0) {
        ssize_t written = pwrite(output->fd, data, length, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "write");
        data += written;
        offset += (uint64_t)written;
        length -= (size_t)written;
    }
    return MLOPS_OK;
}

/* What the file system or the disk does not take like that goes into the cache, now and later. */
static int write_direct(struct output *output, const uint8_t *data, size_t length, uint64_t offset,
                        struct mlops_error *err)
{
    ssize_t written = pwrite(output->direct_fd, data, length, (off_t)offset);
    if (written == (ssize_t)length)
        return MLOPS_OK;
    if (written < 0 && errno != EINVAL && errno != EINTR)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write");
    if (written < 0 && errno == EINVAL)
        fd_close(&output->direct_fd);
    size_t taken = written > 0 ? (size_t)written : 0;
    return write_cached(output, data + taken, length - taken, offset + taken, err);
}

static bool prefer_direct(struct output_pace *pace)
{
    unsigned number = pace->writes++;
    if (number < FIRST_TRIES)
        return number % 2 == 1;
    long long cached = pace->cached_ns, direct = pace->direct_ns;
    bool prefer = direct < cached;
    long long better = prefer ? direct : cached, other = prefer ? cached : direct;
    return number % TRY_AGAIN == 0 && other / FAR_SLOWER < better ? !prefer : prefer;
}

/* Smoothed, as a write may just have had to wait for something else. */
static void remember(atomic_llong *pace_ns, int64_t ns, size_t length)
{
    long long mib = (long long)ns * (1 << 20) / (long long)length, before = *pace_ns;
    *pace_ns = before ? (3 * before + mib) / 4 : mib;
}

/* Whole blocks that have something in them. */
static int write_stretch(struct output *output, const uint8_t *data, size_t length, uint64_t offset,
                         struct mlops_error *err)
{
    struct output_pace *pace = output->pace;
    if (length < TIMED_MIN || output->direct_fd < 0)
        return write_cached(output, data, length, offset, err);
    bool direct = prefer_direct(pace);
    int64_t began = clock_monotonic_ns();
    TRY(direct ? write_direct(output, data, length, offset, err)
               : write_cached(output, data, length, offset, err));
    remember(direct ? &pace->direct_ns : &pace->cached_ns, clock_monotonic_ns() - began, length);
    return MLOPS_OK;
}

static bool is_zero(const uint8_t *block)
{
    return block[0] == 0 && memcmp(block, block + 1, OUTPUT_BLOCK - 1) == 0;
}

/* Write what is not zero; blocks of zeros become holes, as nothing was written there before. */
static int write_blocks(struct output *output, const uint8_t *data, size_t length, uint64_t offset,
                        struct mlops_error *err)
{
    size_t from = 0;
    for (size_t at = 0; at < length; at += OUTPUT_BLOCK) {
        if (!is_zero(data + at))
            continue;
        TRY(write_stretch(output, data + from, at - from, offset + from, err));
        from = at + OUTPUT_BLOCK;
    }
    return write_stretch(output, data + from, length - from, offset + from, err);
}

int output_write(struct output *output, uint8_t *data, size_t length, uint64_t offset, bool last,
                 struct mlops_error *err)
{
    size_t edge = output->edge_length;
    if (edge > 0)
        memcpy(data - edge, output->edge, edge);
    data -= edge;
    offset -= edge;
    length += edge;
    size_t rest = length % OUTPUT_BLOCK, whole = length - rest;
    TRY(write_blocks(output, data, whole, offset, err));
    if (last)
        return write_cached(output, data + whole, rest, offset + whole, err);
    memcpy(output->edge, data + whole, rest);
    output->edge_length = rest;
    return MLOPS_OK;
}
