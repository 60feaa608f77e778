/* lib/monitor/source.c - lines from a file, a pipe, or a file that goes on and is rotated. */
#include "base/clock.h"
#include "base/file.h"
#include "monitor/ingest.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define READ_SIZE (4U << 20) /* what becomes of it stays in a core's cache */
#define WAIT_MS 200

struct source {
    struct ingest *ingest;
    int fd;
    struct buffer text; /* what was read and not yet taken */
};

/* All lines that have ended; `rest`: the last one, too. */
static int take_lines(struct source *source, bool rest, struct mlops_error *err)
{
    struct buffer *text = &source->text;
    const char *last = text->length ? memrchr(text->data, '\n', text->length) : NULL;
    size_t length = rest ? text->length : last ? (size_t)(last - text->data) + 1 : 0;
    if (length == 0 && text->length > EVENT_LINE_MAX * 2)
        return mlops_fail(err, MLOPS_INVALID, "a line has no end after %zu bytes", text->length);
    if (length == 0)
        return MLOPS_OK;
    TRY(ingest_take(source->ingest, text->data, length, err));
    memmove(text->data, text->data + length, text->length - length);
    text->length -= length;
    return MLOPS_OK;
}

static int commit_if_due(struct source *source, struct mlops_error *err)
{
    return ingest_is_due(source->ingest) ? ingest_commit(source->ingest, err) : MLOPS_OK;
}

/* Read once, if there is something; `*end` where the file has no more, for now. */
static int read_some(struct source *source, bool *end, struct mlops_error *err)
{
    struct pollfd waiting = {.fd = source->fd, .events = POLLIN};
    *end = false;
    if (poll(&waiting, 1, WAIT_MS) == 0)
        return MLOPS_OK;
    buffer_reserve(&source->text, READ_SIZE);
    ssize_t got = read(source->fd, source->text.data + source->text.length, READ_SIZE);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return MLOPS_OK;
    if (got < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read events");
    source->text.length += (size_t)got;
    *end = got == 0;
    return take_lines(source, false, err);
}

/* Of a file that nobody writes to any more: its last line counts without a line end, too. */
static int read_rest(struct source *source, struct mlops_error *err)
{
    for (bool end = false; !end;) {
        if (ingest_is_stopped(source->ingest))
            return MLOPS_OK;
        TRY(read_some(source, &end, err));
        TRY(commit_if_due(source, err));
    }
    return take_lines(source, true, err);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Has another file taken the name, or was this one cut? Then go on with what stands there now. */
static int follow(struct source *source, const char *path, struct mlops_error *err)
{
    struct stat named, open_one;
    if (stat(path, &named) != 0 || fstat(source->fd, &open_one) != 0)
        return MLOPS_OK; /* between two files there may be none */
    off_t at = lseek(source->fd, 0, SEEK_CUR);
    if (is_same(&named, &open_one) && at <= named.st_size)
        return MLOPS_OK;
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return MLOPS_OK;
    if (!is_same(&named, &open_one))
        TRY(read_rest(source, err)); /* what was written before the change */
    TRY(take_lines(source, true, err));
    TRY(ingest_begin_text(source->ingest, err));
    fd_close(&source->fd);
    source->fd = fd;
    fd = -1;
    return MLOPS_OK;
}

/* The file that had the name before, as logrotate calls it, may have grown after we were last here;
 * what was counted then is found to be duplicates. */
static int read_rotated(struct source *source, const char *path, struct mlops_error *err)
{
    _cleanup_(free_string) char *rotated = xprintf("%s.1", path);
    _cleanup_(fd_close) int fd = open(rotated, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat named, before;
    if (fd < 0 || fstat(fd, &before) != 0 || !S_ISREG(before.st_mode) ||
        fstat(source->fd, &named) != 0 || is_same(&named, &before))
        return MLOPS_OK;
    int newest = source->fd;
    source->fd = fd;
    int code = read_rest(source, err);
    source->fd = newest;
    buffer_reset(&source->text);
    return code ? code : ingest_begin_text(source->ingest, err);
}

static int read_all(struct source *source, const char *path, struct mlops_error *err)
{
    bool followed = source->ingest->options.follow;
    if (followed)
        TRY(read_rotated(source, path, err));
    for (bool end = false; !end || followed;) {
        if (ingest_is_stopped(source->ingest))
            return followed ? MLOPS_OK : mlops_fail(err, MLOPS_CANCELLED, "stopped");
        TRY(read_some(source, &end, err));
        TRY(commit_if_due(source, err));
        if (end && followed) {
            TRY(follow(source, path, err));
            clock_sleep_ns(WAIT_MS * 1000000LL);
        }
    }
    return take_lines(source, true, err);
}

/* What was read before an interruption counts; of a followed file a line under way is left for the
 * next time, which reads the file from its beginning and finds the rest to be duplicates. */
int ingest_source(struct ingest *ingest, struct mlops_error *err)
{
    const char *path = ingest->options.path;
    bool standard = !path || str_equal(path, "-");
    struct source source = {.ingest = ingest};
    struct mlops_error late;
    source.fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (source.fd < 0)
        return mlops_fail_errno(err, 0, errno, "open %s", standard ? "standard input" : path);
    int code = read_all(&source, path, err);
    if (ingest_commit(ingest, code ? &late : err) && code == MLOPS_OK)
        code = (int)err->code;
    fd_close(&source.fd);
    buffer_clear(&source.text);
    return code;
}
