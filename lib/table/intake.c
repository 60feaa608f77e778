/* lib/table/intake.c - bytes of tables, unpacked and read ahead. */
#include "table/intake.h"
#include "base/clock.h"
#include "base/condition.h"
#include "base/file.h"
#include "base/pool.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PACKED (1U << 20) /* bytes of the file that are read at once where it is compressed */
#define PIECES 5          /* two are the reader's, the others read ahead */
#define PIECE_MIN (2U << 20)
#define PIECE_MAX (8U << 20)
#define WAIT_MS 100 /* for bytes, until it is asked whether anybody still wants them */

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct piece {
    char *data; /* INTAKE_BEFORE bytes behind where its memory begins */
    size_t length;
};

struct intake {
    int fd; /* of a file; standard input is STDIN_FILENO and not ours */
    bool owned;
    char *name;
    const struct mlops_observer *observer; /* asked by who reads, never by the thread */
    enum packing packing;
    char *packed; /* bytes as they stand in the file */
    size_t packed_at, packed_length;
    bool packed_ended, in_frame; /* within a gzip member or zstd frame */
    z_stream inflater;
    ZSTD_DCtx *zstd;
    const char *left; /* what intake_read has not given yet of a piece */
    size_t left_length;
    /* the thread that reads ahead */
    pthread_t thread;
    bool running;
    size_t piece_size;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct piece pieces[PIECES];
    size_t first, filled; /* the piece to be taken next; how many are full */
    bool ended, stopping;
    int code; /* of the thread, which ended with it */
    struct mlops_error err;
};

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_stopping(struct intake *intake)
{
    pthread_mutex_lock(&intake->lock);
    bool stopping = intake->stopping;
    pthread_mutex_unlock(&intake->lock);
    return stopping;
}

/* As fd_read_full, but a terminal or a pipe on which nothing comes holds nobody up: a thread that
 * sits in read() cannot be joined. */
static int read_full(struct intake *intake, char *data, size_t length, size_t *got,
                     struct mlops_error *err)
{
    struct pollfd waiting = {.fd = intake->fd, .events = POLLIN};
    *got = 0;
    while (*got < length) {
        if (is_stopping(intake))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while reading %s", intake->name);
        if (poll(&waiting, 1, WAIT_MS) <= 0)
            continue; /* nothing there, or interrupted; what is wrong with it, read says */
        ssize_t n = read(intake->fd, data + *got, length - *got);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "%s: read", intake->name);
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return MLOPS_OK;
}

/* ---- unpacking ------------------------------------------------------------------------------ */

static int refill_packed(struct intake *intake, struct mlops_error *err)
{
    if (intake->packed_at < intake->packed_length || intake->packed_ended)
        return MLOPS_OK;
    intake->packed_at = 0;
    TRY(read_full(intake, intake->packed, PACKED, &intake->packed_length, err));
    intake->packed_ended = intake->packed_length < PACKED;
    return MLOPS_OK;
}

static int damaged(const struct intake *intake, const char *what, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INVALID, "%s: the compressed data %s", intake->name, what);
}

static int unpack_gzip(struct intake *intake, char *data, size_t length, size_t *got,
                       struct mlops_error *err)
{
    z_stream *z = &intake->inflater;
    z->next_in = (unsigned char *)intake->packed + intake->packed_at;
    z->avail_in = (unsigned)(intake->packed_length - intake->packed_at);
    z->next_out = (unsigned char *)data;
    z->avail_out = (unsigned)length;
    int code = inflate(z, Z_NO_FLUSH);
    intake->packed_at = intake->packed_length - z->avail_in;
    *got = length - z->avail_out;
    intake->in_frame = code != Z_STREAM_END;
    if (code == Z_STREAM_END)
        code = inflateReset(z); /* another member may follow */
    if (code != Z_OK && code != Z_BUF_ERROR)
        return damaged(intake, "is damaged", err);
    return MLOPS_OK;
}

static int unpack_zstd(struct intake *intake, char *data, size_t length, size_t *got,
                       struct mlops_error *err)
{
    ZSTD_inBuffer in = {intake->packed, intake->packed_length, intake->packed_at};
    ZSTD_outBuffer out = {data, length, 0};
    size_t left = ZSTD_decompressStream(intake->zstd, &out, &in);
    intake->packed_at = in.pos;
    *got = out.pos;
    intake->in_frame = left != 0;
    return ZSTD_isError(left) ? damaged(intake, "is damaged", err) : MLOPS_OK;
}

static int find_packing(struct intake *intake, struct mlops_error *err)
{
    TRY(refill_packed(intake, err));
    if (intake->packed_length >= 2 && memcmp(intake->packed, "\x1f\x8b", 2) == 0)
        intake->packing = PACKING_GZIP;
    if (intake->packed_length >= 4 && memcmp(intake->packed, "\x28\xb5\x2f\xfd", 4) == 0)
        intake->packing = PACKING_ZSTD;
    if (intake->packing == PACKING_GZIP && inflateInit2(&intake->inflater, 15 + 16) != Z_OK)
        return mlops_fail(err, MLOPS_IO, "zlib does not start");
    if (intake->packing == PACKING_ZSTD)
        intake->zstd = xcheck(ZSTD_createDCtx());
    intake->in_frame = intake->packing != PACKING_NONE;
    return MLOPS_OK;
}

/* Some bytes, 0 at the end. */
static int produce(struct intake *intake, char *data, size_t length, size_t *got,
                   struct mlops_error *err)
{
    *got = 0;
    while (*got == 0) {
        TRY(refill_packed(intake, err));
        bool dry = intake->packed_at == intake->packed_length;
        if (intake->packing == PACKING_NONE) {
            size_t there = intake->packed_length - intake->packed_at;
            *got = there < length ? there : length;
            memcpy(data, intake->packed + intake->packed_at, *got);
            intake->packed_at += *got;
            return MLOPS_OK;
        }
        if (dry && !intake->in_frame)
            return MLOPS_OK;
        TRY((intake->packing == PACKING_GZIP ? unpack_gzip : unpack_zstd)(intake, data, length, got,
                                                                          err));
        if (dry && *got == 0 && intake->in_frame)
            return damaged(intake, "is cut off", err);
    }
    return MLOPS_OK;
}

/* Some bytes, 0 at the end; what is not compressed goes right to where it is wanted. */
static int read_some(struct intake *intake, char *data, size_t length, size_t *got,
                     struct mlops_error *err)
{
    *got = 0;
    if (intake->packing != PACKING_NONE || intake->packed_at < intake->packed_length)
        return produce(intake, data, length, got, err);
    if (intake->packed_ended)
        return MLOPS_OK;
    TRY(read_full(intake, data, length, got, err));
    intake->packed_ended = *got < length;
    return MLOPS_OK;
}

/* A full piece, less only at the end. */
static int fill(struct intake *intake, struct piece *piece, struct mlops_error *err)
{
    piece->length = 0;
    for (size_t got = 1; got > 0 && piece->length < intake->piece_size; piece->length += got)
        TRY(read_some(intake, piece->data + piece->length, intake->piece_size - piece->length, &got,
                      err));
    return MLOPS_OK;
}

/* ---- reading ahead -------------------------------------------------------------------------- */

static void *read_ahead(void *argument)
{
    struct intake *intake = argument;
    int begun = find_packing(intake, &intake->err);
    pthread_mutex_lock(&intake->lock);
    intake->code = begun;
    intake->ended = begun != MLOPS_OK;
    pthread_cond_broadcast(&intake->changed);
    while (!intake->stopping && !intake->ended) {
        if (intake->filled == PIECES - 2) {
            pthread_cond_wait(&intake->changed, &intake->lock);
            continue;
        }
        struct piece *piece = &intake->pieces[(intake->first + intake->filled) % PIECES];
        pthread_mutex_unlock(&intake->lock);
        int code = fill(intake, piece, &intake->err);
        pthread_mutex_lock(&intake->lock);
        intake->code = code;
        intake->filled += code == MLOPS_OK;
        intake->ended = code != MLOPS_OK || piece->length < intake->piece_size;
        pthread_cond_broadcast(&intake->changed);
    }
    pthread_mutex_unlock(&intake->lock);
    return NULL;
}

/* For the thread's next piece; false where nobody wants it any more. The lock is held. */
static bool await(struct intake *intake)
{
    const struct mlops_observer *observer = intake->observer;
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        return false;
    condition_wait_until(&intake->changed, &intake->lock,
                         clock_monotonic_ns() + WAIT_MS * 1000000LL);
    return true;
}

int intake_next(struct intake *intake, char **data, size_t *length, bool *last,
                struct mlops_error *err)
{
    struct piece *piece = &intake->pieces[intake->first];
    int code = MLOPS_OK;
    pthread_mutex_lock(&intake->lock);
    while (!code && intake->filled == 0 && !intake->ended)
        if (!await(intake))
            code = mlops_fail(err, MLOPS_CANCELLED, "stopped while reading %s", intake->name);
    if (!code && intake->filled == 0 && intake->code) {
        *err = intake->err;
        code = intake->code;
    }
    *data = piece->data;
    *length = intake->filled > 0 ? piece->length : 0;
    *last = *length < intake->piece_size;
    if (intake->filled > 0) {
        intake->first = (intake->first + 1) % PIECES;
        intake->filled--;
        pthread_cond_broadcast(&intake->changed);
    }
    pthread_mutex_unlock(&intake->lock);
    return code;
}

int intake_read(struct intake *intake, void *data, size_t length, size_t *got,
                struct mlops_error *err)
{
    *got = 0;
    while (*got < length) {
        if (intake->left_length == 0) {
            char *piece;
            bool last;
            TRY(intake_next(intake, &piece, &intake->left_length, &last, err));
            if (intake->left_length == 0)
                break;
            intake->left = piece;
        }
        size_t room = length - *got;
        size_t taken = intake->left_length < room ? intake->left_length : room;
        memcpy((char *)data + *got, intake->left, taken);
        *got += taken;
        intake->left += taken;
        intake->left_length -= taken;
    }
    return MLOPS_OK;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int open_file(struct intake *intake, const char *path, struct mlops_error *err)
{
    struct stat status;
    if (str_equal(path, "-")) {
        intake->name = xstrdup("standard input");
        intake->fd = STDIN_FILENO;
        return MLOPS_OK;
    }
    intake->name = xstrdup(path);
    intake->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (intake->fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "open '%s'", path);
    intake->owned = true;
    if (fstat(intake->fd, &status) == 0 && S_ISDIR(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is a folder, not a table", path);
    (void)posix_fadvise(intake->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint */
    return MLOPS_OK;
}

/* Four units of a text table for each core: more would drive one another out of its cache. */
static size_t piece_size(void)
{
    size_t size = PIECE_MIN, wanted = pool_threads() << 20;
    while (size < wanted && size < PIECE_MAX)
        size *= 2;
    return size;
}

int intake_open(const char *path, const struct mlops_observer *observer, struct intake **intake,
                struct mlops_error *err)
{
    _cleanup_(intake_close_ptr) struct intake *opened = xcalloc(1, sizeof(*opened));
    opened->fd = -1;
    opened->observer = observer;
    pthread_mutex_init(&opened->lock, NULL);
    condition_init(&opened->changed);
    TRY(open_file(opened, path, err));
    opened->packed = xmalloc(PACKED);
    opened->piece_size = piece_size();
    for (size_t i = 0; i < PIECES; i++)
        opened->pieces[i].data =
            (char *)xmalloc(INTAKE_BEFORE + opened->piece_size) + INTAKE_BEFORE;
    if (pthread_create(&opened->thread, NULL, read_ahead, opened) != 0)
        return mlops_fail(err, MLOPS_IO, "no thread could be started to read '%s'", opened->name);
    opened->running = true;
    *intake = TAKE_PTR(opened);
    return MLOPS_OK;
}

void intake_close(struct intake *intake)
{
    if (!intake)
        return;
    if (intake->running) {
        pthread_mutex_lock(&intake->lock);
        intake->stopping = true;
        pthread_cond_broadcast(&intake->changed);
        pthread_mutex_unlock(&intake->lock);
        pthread_join(intake->thread, NULL);
    }
    if (intake->packing == PACKING_GZIP)
        (void)inflateEnd(&intake->inflater); /* only frees */
    ZSTD_freeDCtx(intake->zstd);
    if (intake->owned)
        fd_close(&intake->fd);
    for (size_t i = 0; i < PIECES; i++)
        if (intake->pieces[i].data)
            free(intake->pieces[i].data - INTAKE_BEFORE);
    free(intake->packed);
    free(intake->name);
    pthread_mutex_destroy(&intake->lock);
    pthread_cond_destroy(&intake->changed);
    free(intake);
}

const char *intake_name(const struct intake *intake)
{
    return intake->name;
}
