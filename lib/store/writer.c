/* lib/store/writer.c - objects in: cut, hashed, compressed where it pays, packed once each. */
#include "base/digest_set.h"
#include "base/file.h"
#include "base/pool.h"
#include "store/chunker.h"
#include "store/pack_writer.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include <zstd.h>

#define WORKERS_MAX 64
#define WINDOW_SIZE (4 * (size_t)CHUNK_MAX)
#define PROBE_SIZE 8192
#define COMPRESS_MIN 64 /* shorter blobs are stored as they are */
#define ZSTD_LEVEL 1

/* What a worker keeps from file to file. */
struct bench {
    uint8_t *window, *packed;
    ZSTD_CCtx *zstd;
    struct sha256 *file_hash;
    struct buffer recipe;
};

struct store_writer {
    struct store *store;
    struct pack_writer *packs;
    struct chunker chunker;
    struct bench *benches[WORKERS_MAX];
    pthread_mutex_t lock;    /* guards `names` */
    struct digest_set names; /* that this writer has taken on */
    atomic_ullong bytes;
};

static struct bench *bench_new(void)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->window = xmalloc(WINDOW_SIZE);
    bench->packed = xmalloc(ZSTD_COMPRESSBOUND(CHUNK_MAX));
    bench->zstd = xcheck(ZSTD_createCCtx());
    bench->file_hash = sha256_new();
    return bench;
}

static void bench_free(struct bench *bench)
{
    if (!bench)
        return;
    free(bench->window);
    free(bench->packed);
    ZSTD_freeCCtx(bench->zstd);
    sha256_free(bench->file_hash);
    buffer_clear(&bench->recipe);
    free(bench);
}

/* True for the first who asks. */
static bool names_claim(struct store_writer *writer, const struct digest *name)
{
    pthread_mutex_lock(&writer->lock);
    bool first = digest_set_add(&writer->names, name);
    pthread_mutex_unlock(&writer->lock);
    return first;
}

/* Is it worth compressing? Where the first bytes do not shrink by a tenth, hardly. */
static bool compresses(struct bench *bench, const uint8_t *data, size_t length)
{
    if (length < COMPRESS_MIN)
        return false;
    size_t probe = length < PROBE_SIZE ? length : PROBE_SIZE;
    size_t packed = ZSTD_compressCCtx(bench->zstd, bench->packed, ZSTD_COMPRESSBOUND(CHUNK_MAX),
                                      data, probe, ZSTD_LEVEL);
    return !ZSTD_isError(packed) && packed * 10 <= probe * 9;
}

/* Pack an object under `name` unless it is there. `data` is at most CHUNK_MAX for blobs. */
static int put(struct store_writer *writer, struct bench *bench, enum record_kind kind,
               const struct digest *name, const uint8_t *data, size_t length,
               struct mlops_error *err)
{
    struct location there;
    if (index_find(writer->store->index, name, &there) || !names_claim(writer, name))
        return MLOPS_OK;
    struct record record = {.name = *name,
                            .kind = (uint8_t)kind,
                            .encoding = ENCODING_RAW,
                            .stored = (uint32_t)length,
                            .raw = (uint32_t)length};
    const void *stored = data;
    if (kind == RECORD_BLOB && compresses(bench, data, length)) {
        size_t packed = ZSTD_compressCCtx(bench->zstd, bench->packed, ZSTD_COMPRESSBOUND(CHUNK_MAX),
                                          data, length, ZSTD_LEVEL);
        if (!ZSTD_isError(packed) && packed < length) {
            record.encoding = ENCODING_ZSTD;
            record.stored = (uint32_t)packed;
            stored = bench->packed;
        }
    }
    return pack_writer_append(writer->packs, &record, stored, err);
}

/* Where the bytes of an object come from. */
struct source {
    int fd; /* -1: memory */
    const uint8_t *data;
    size_t length;
    struct job *job; /* that it is part of, or NULL */
    size_t worker;
};

/* Many files at once. */
struct job {
    struct store_writer *writer;
    struct store_file *files;
    uint64_t total;     /* bytes of all files, as they were at the start */
    atomic_ullong done; /* of them */
    atomic_bool stop;   /* the observer said so */
};

/* By the calling thread only: draw, and ask whether to go on. */
static int check_in(void *context, struct mlops_error *err)
{
    struct job *job = context;
    const struct mlops_observer *observer = job->writer->store->observer;
    if (!observer)
        return MLOPS_OK;
    if (observer->progress)
        observer->progress(observer->context, "storing files", job->done, job->total);
    if (observer->cancelled && observer->cancelled(observer->context))
        job->stop = true;
    return job->stop ? mlops_fail(err, MLOPS_CANCELLED, "stopped while storing files") : MLOPS_OK;
}

/* Between two windows of a file. */
static int pause_at(const struct source *source, size_t bytes, struct mlops_error *err)
{
    struct job *job = source->job;
    if (!job)
        return MLOPS_OK;
    job->done += bytes;
    if (source->worker == 0) /* the thread that called us */
        return check_in(job, err);
    return job->stop ? mlops_fail(err, MLOPS_CANCELLED, "stopped while storing files") : MLOPS_OK;
}

static int source_read(struct source *source, uint8_t *to, size_t room, size_t *got,
                       struct mlops_error *err)
{
    if (source->fd >= 0)
        return fd_read_full(source->fd, to, room, got, err);
    *got = room < source->length ? room : source->length;
    if (*got == 0)
        return MLOPS_OK; /* of an empty object even `data` may be NULL */
    memcpy(to, source->data, *got);
    source->data += *got;
    source->length -= *got;
    return MLOPS_OK;
}

/* Cut, hash and pack everything that `source` gives. An object of one chunk is a blob; a longer one
 * is a recipe of blobs. */
static int add_source(struct store_writer *writer, struct bench *bench, struct source *source,
                      struct digest *digest, uint64_t *size, struct mlops_error *err)
{
    size_t begin = 0, filled = 0, chunks = 0;
    bool ended = false;
    struct recipe_entry entry = {0};
    *size = 0;
    buffer_reset(&bench->recipe);
    for (;;) {
        if (!ended && filled - begin < CHUNK_MAX) {
            memmove(bench->window, bench->window + begin, filled - begin);
            filled -= begin;
            begin = 0;
            size_t got, room = WINDOW_SIZE - filled;
            TRY(source_read(source, bench->window + filled, room, &got, err));
            filled += got;
            TRY(pause_at(source, got, err));
            ended = got < room;
        }
        const uint8_t *data = bench->window + begin;
        size_t length = chunker_cut(&writer->chunker, data, filled - begin, &entry.fingerprint);
        if (length == 0 && chunks > 0)
            break;
        sha256_of(data, length, &entry.chunk);
        entry.length = (uint32_t)length;
        TRY(put(writer, bench, RECORD_BLOB, &entry.chunk, data, length, err));
        if (chunks++ > 0 || !ended || begin + length < filled) {
            sha256_update(bench->file_hash, data, length);
            recipe_append(&bench->recipe, &entry);
        }
        begin += length;
        *size += length;
        if (ended && begin == filled)
            break;
    }
    writer->bytes += *size;
    if (bench->recipe.length == 0) { /* one chunk: its digest is the object's */
        *digest = entry.chunk;
        return MLOPS_OK;
    }
    sha256_final(bench->file_hash, digest);
    recipe_finish(&bench->recipe);
    if (bench->recipe.length > RECIPE_RAW_MAX)
        return mlops_fail(err, MLOPS_INVALID, "a file of %llu bytes is more than the store takes",
                          (unsigned long long)*size);
    return put(writer, bench, RECORD_RECIPE, digest, (const uint8_t *)bench->recipe.data,
               bench->recipe.length, err);
}

static struct bench *bench_of(struct store_writer *writer, size_t worker)
{
    if (!writer->benches[worker])
        writer->benches[worker] = bench_new();
    return writer->benches[worker];
}

static int open_regular(const char *path, int *fd, struct mlops_error *err)
{
    struct stat status;
    _cleanup_(fd_close) int opened =
        open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (opened < 0)
        return mlops_fail_errno(err, errno == ELOOP ? MLOPS_INVALID : MLOPS_OK, errno, "read '%s'",
                                path);
    if (fstat(opened, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", path);
    if (!S_ISREG(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not a regular file", path);
    *fd = opened;
    opened = -1;
    return MLOPS_OK;
}

static int add_one(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct job *job = context;
    struct store_file *file = &job->files[index];
    _cleanup_(fd_close) int fd = -1;
    TRY(open_regular(file->path, &fd, err));
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint */
    struct source source = {.fd = fd, .job = job, .worker = worker};
    if (add_source(job->writer, bench_of(job->writer, worker), &source, &file->digest, &file->size,
                   err))
        return err->code == MLOPS_CANCELLED ? (int)err->code
                                            : mlops_wrap(err, "store '%s'", file->path);
    return MLOPS_OK;
}

int store_writer_begin(struct store *store, struct store_writer **writer, struct mlops_error *err)
{
    struct pack_writer *packs;
    TRY(store_refresh(store, err));
    TRY(pack_writer_new(store, &packs, err));
    *writer = xcalloc(1, sizeof(**writer));
    (*writer)->store = store;
    (*writer)->packs = packs;
    chunker_init(&(*writer)->chunker);
    pthread_mutex_init(&(*writer)->lock, NULL);
    return MLOPS_OK;
}

void store_writer_abort(struct store_writer *writer)
{
    if (!writer)
        return;
    pack_writer_free(writer->packs);
    for (size_t i = 0; i < WORKERS_MAX; i++)
        bench_free(writer->benches[i]);
    digest_set_clear(&writer->names);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

int store_writer_add_files(struct store_writer *writer, struct store_file *files, size_t count,
                           struct mlops_error *err)
{
    struct job job = {.writer = writer, .files = files};
    struct stat status;
    for (size_t i = 0; i < count; i++) /* what is not there is told when it is opened */
        job.total += lstat(files[i].path, &status) == 0 ? (uint64_t)status.st_size : 0;
    TRY(pool_run_ticking(count, add_one, check_in, &job, err));
    const struct mlops_observer *observer = writer->store->observer;
    if (observer && observer->progress)
        observer->progress(observer->context, "storing files", job.total, job.total);
    return MLOPS_OK;
}

int store_writer_add(struct store_writer *writer, const void *data, size_t length,
                     struct digest *digest, struct mlops_error *err)
{
    struct source source = {.fd = -1, .data = data, .length = length};
    uint64_t size;
    return add_source(writer, bench_of(writer, 0), &source, digest, &size, err);
}

int store_writer_publish(struct store_writer *writer, struct store_added *added,
                         struct mlops_error *err)
{
    added->bytes = writer->bytes;
    int code = pack_writer_publish(writer->packs, &added->new_bytes, err);
    store_writer_abort(writer); /* nothing is left to be undone; on failure, everything is */
    return code;
}
