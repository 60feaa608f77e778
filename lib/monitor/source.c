/* lib/monitor/source.c - lines from a file, a pipe, or a file that goes on and is rotated. */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "monitor/ingest.h"
#include "monitor/rotation.h"
#include "stats/hll.h"
#include "table/intake.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define READ_SIZE (4U << 20) /* what becomes of it stays in a core's cache */
#define WAIT_MS 200
#define LINGER_NS 10000000000LL

struct source {
    struct ingest *ingest;
    int fd;
    struct buffer text;   /* what was read and not yet taken */
    struct mark mark;     /* how far the file was taken that is read */
    char *record;         /* of a followed file: the file that has its position */
    struct position last; /* what that says, or will after the next commit */
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
    mark_add(&source->mark, text->data, length);
    memmove(text->data, text->data + length, text->length - length);
    text->length -= length;
    return MLOPS_OK;
}

/* The position after the commit: where a crash parts them, some lines come again. One of a file of
 * which nothing was read would hide what was read before it. */
static int commit(struct source *source, struct mlops_error *err)
{
    TRY(ingest_commit(source->ingest, err));
    const struct position now = mark_position(&source->mark);
    if (!source->record || now.bytes == 0 ||
        (now.bytes == source->last.bytes && now.head == source->last.head))
        return MLOPS_OK;
    source->last = now;
    return position_write(source->record, &now, err);
}

static int commit_if_due(struct source *source, struct mlops_error *err)
{
    return ingest_is_due(source->ingest) ? commit(source, err) : MLOPS_OK;
}

static int begin_text(struct source *source, struct mlops_error *err)
{
    TRY(commit(source, err));
    source->mark = (struct mark){0};
    return ingest_begin_text(source->ingest, err);
}

static int64_t modified_ns(const struct stat *status)
{
    return status->st_mtim.tv_sec * 1000000000LL + status->st_mtim.tv_nsec;
}

/* Before it is told to be at its end: what comes later is newer. */
static void note_modified(struct source *source)
{
    struct stat status;
    if (source->record && fstat(source->fd, &status) == 0)
        source->mark.modified_ns = modified_ns(&status);
}

/* Read once, if there is something; `*end` where the file has no more, for now. */
static int read_some(struct source *source, bool *end, struct mlops_error *err)
{
    struct pollfd waiting = {.fd = source->fd, .events = POLLIN};
    *end = false;
    if (poll(&waiting, 1, WAIT_MS) <= 0)
        return MLOPS_OK; /* a signal that ended the wait may be there to stop us */
    buffer_reserve(&source->text, READ_SIZE);
    ssize_t got = read(source->fd, source->text.data + source->text.length, READ_SIZE);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return MLOPS_OK;
    if (got < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read events");
    source->text.length += (size_t)got;
    *end = got == 0;
    note_modified(source);
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

/* ---- rotation ------------------------------------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int take_rotated(struct source *source, struct intake *intake, struct mlops_error *err)
{
    size_t got = READ_SIZE;
    while (got == READ_SIZE) {
        if (ingest_is_stopped(source->ingest))
            return MLOPS_OK;
        buffer_reserve(&source->text, READ_SIZE);
        TRY(intake_read(intake, source->text.data + source->text.length, READ_SIZE, &got, err));
        source->text.length += got;
        TRY(take_lines(source, false, err));
        TRY(commit_if_due(source, err));
    }
    return take_lines(source, true, err);
}

/* `*moved`: it has another name by now, and nothing of it was read. */
static int read_rotated(struct source *source, const struct rotated *item, bool *moved,
                        struct mlops_error *err)
{
    _cleanup_(intake_close_ptr) struct intake *intake = NULL;
    struct mlops_registry *registry = source->ingest->registry;
    struct mlops_error failure;
    struct stat status;
    int code = intake_open(item->path, NULL, &intake, &failure);
    *moved = stat(item->path, &status) != 0 || !is_same(&status, &item->status);
    if (*moved)
        return MLOPS_OK;
    source->mark.modified_ns = modified_ns(&status);
    if (code == MLOPS_OK)
        code = take_rotated(source, intake, &failure);
    buffer_reset(&source->text);
    if (code == MLOPS_INVALID || (code && !intake)) { /* the files behind it can be read */
        registry_warn(registry, "what %s has is not counted: %s", item->path, failure.message);
        code = MLOPS_OK;
    }
    if (code) {
        *err = failure;
        return code;
    }
    return begin_text(source, err);
}

/* All between the file that was read last and the one that has the name now. `anew`: by a process
 * before this one, and perhaps not to its end. */
static int read_between(struct source *source, const char *path, int newest_fd, bool anew,
                        struct mlops_error *err)
{
    struct stat newest;
    bool moved = true;
    if (fstat(newest_fd, &newest) != 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at %s", path);
    while (moved && !ingest_is_stopped(source->ingest)) {
        _cleanup_(rotated_list_clear) struct rotated_list list;
        TRY(rotation_list(path, &source->last, &newest, &list, err));
        if (list.lost && anew)
            registry_warn(source->ingest->registry,
                          "the file that was %s when it was last read is gone: what came to it "
                          "later is not counted",
                          path);
        moved = false;
        for (size_t i = 0; i < list.count && !moved && !ingest_is_stopped(source->ingest); i++)
            TRY(read_rotated(source, &list.items[i], &moved, err));
    }
    return MLOPS_OK;
}

/* A new file that nobody has written to: the writer may not have let go of the old one yet. */
static bool may_be_unused(const struct stat *named)
{
    return named->st_size == 0 && clock_now_ns() - modified_ns(named) < LINGER_NS;
}

/* Has another file taken the name, or was this one cut? Then go on with what stands there now. */
static int follow(struct source *source, const char *path, struct mlops_error *err)
{
    struct stat named, open_one;
    if (stat(path, &named) != 0 || fstat(source->fd, &open_one) != 0)
        return MLOPS_OK; /* between two files there may be none */
    off_t at = lseek(source->fd, 0, SEEK_CUR);
    if (is_same(&named, &open_one) ? at <= named.st_size : may_be_unused(&named))
        return MLOPS_OK;
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return MLOPS_OK;
    if (!is_same(&named, &open_one))
        TRY(read_rest(source, err)); /* what was written before the change */
    if (ingest_is_stopped(source->ingest))
        return MLOPS_OK;
    TRY(take_lines(source, true, err));
    TRY(begin_text(source, err));
    TRY(read_between(source, path, fd, false, err));
    fd_close(&source->fd);
    source->fd = fd;
    fd = -1;
    return MLOPS_OK;
}

/* The folder by its real name: whoever starts in another one finds the same record. */
static int open_record(struct source *source, const char *path, struct mlops_error *err)
{
    const struct ingest *ingest = source->ingest;
    _cleanup_(free_string) char *folder = path_parent(path);
    _cleanup_(free_string) char *real = realpath(folder, NULL);
    if (!real)
        return mlops_fail_errno(err, 0, errno, "find the folder of %s", path);
    _cleanup_(free_string) char *full = path_join(real, path_base(path));
    source->record =
        xprintf("%s/monitor/%s/followed-%016llx.json", mlops_registry_location(ingest->registry),
                ingest->options.model, (unsigned long long)stats_hash(full, strlen(full)));
    TRY(position_read(source->record, &source->last, err));
    struct stat status;
    if (source->last.modified_ns || fstat(source->fd, &status) != 0)
        return MLOPS_OK;
    source->last.modified_ns = modified_ns(&status); /* what changes from now on is not missed */
    return position_write(source->record, &source->last, err);
}

static int read_all(struct source *source, const char *path, struct mlops_error *err)
{
    bool followed = source->ingest->options.follow;
    if (followed) {
        TRY(open_record(source, path, err));
        TRY(read_between(source, path, source->fd, true, err));
    }
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
    /* a named pipe nobody writes to yet is waited for where it can be stopped */
    source.fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source.fd < 0)
        return mlops_fail_errno(err, 0, errno, "open %s", standard ? "standard input" : path);
    int code = read_all(&source, path, err);
    if (commit(&source, code ? &late : err) && code == MLOPS_OK)
        code = (int)err->code;
    fd_close(&source.fd);
    free(source.record);
    buffer_clear(&source.text);
    return code;
}
