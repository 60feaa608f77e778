/* lib/store/pack_writer.c - packs under construction. */
#include "store/pack_writer.h"
#include "base/buffer.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "store/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH_COPIED (2 * BATCH_ROOM) /* bytes of small records that a batch holds */
#define BATCH_PIECES 512              /* stretches of memory that one write takes */

struct pack_file {
    char *temporary;
    char name[SHA256_HEX_SIZE + 5]; /* set when it has its index */
    int fd;
    struct record *records;
    size_t count, capacity;
    uint64_t size;    /* records and header, written or reserved */
    unsigned writing; /* batches that have a stretch reserved and are not done */
    bool closed;      /* takes no more records */
    bool synced;      /* complete and on disk */
};

struct pack_writer {
    struct store *store;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct pack_file **files; /* pointers, as others work on them without the lock */
    size_t file_count, file_capacity;
    pthread_t syncer;
    bool syncing, ending; /* the thread runs; it is to leave when all is synced */
    int code;             /* of what failed in the background */
    struct mlops_error err;
};

struct pack_batch {
    struct pack_writer *writer;
    struct record *records;
    size_t count, capacity;
    struct iovec pieces[BATCH_PIECES];
    size_t piece_count;
    uint64_t bytes;
    uint8_t *copied; /* headers and small records; `used` of BATCH_COPIED */
    size_t used;
};

int pack_writer_new(struct store *store, struct pack_writer **writer, struct mlops_error *err)
{
    _cleanup_(free_string) char *scratch = store_scratch(store);
    if (access(scratch, W_OK) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write to the store in '%s'",
                                store->directory);
    scratch_sweep(store);
    *writer = xcalloc(1, sizeof(**writer));
    (*writer)->store = store;
    pthread_mutex_init(&(*writer)->lock, NULL);
    pthread_cond_init(&(*writer)->changed, NULL);
    return MLOPS_OK;
}

static void pack_file_free(struct store_backend *backend, struct pack_file *file)
{
    fd_close(&file->fd);
    if (file->temporary && file->synced && backend->unstage)
        backend->unstage(backend, file->name);
    if (file->temporary)
        (void)unlink(file->temporary); /* what stays is stale and removed by the next writer */
    free(file->temporary);
    free(file->records);
    free(file);
}

/* ---- in the background: packs that are full become complete and durable ---------------------- */

/* Index and footer behind the records. */
static int complete(struct store_backend *backend, struct pack_file *file, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer tail = {0};
    struct digest id;
    pack_tail_encode(file->records, file->count, file->size, &tail, &id);
    digest_to_hex(&id, file->name);
    memcpy(file->name + 64, ".pack", sizeof(".pack"));
    if (lseek(file->fd, (off_t)file->size, SEEK_SET) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "seek in '%s'", file->temporary);
    if (fd_write_full(file->fd, tail.data, tail.length, err))
        return mlops_wrap(err, "'%s'", file->temporary);
    file->size += tail.length;
    if (!backend->remote && fsync(file->fd) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "fsync '%s'", file->temporary);
    fd_close(&file->fd);
    free(file->records); /* they are in the pack now */
    file->records = NULL;
    if (backend->stage)
        backend->stage(backend, file->temporary, file->name);
    return MLOPS_OK;
}

/* A closed pack that is written and not yet synced; with the lock held. */
static struct pack_file *next_to_sync(const struct pack_writer *writer)
{
    for (size_t i = 0; i < writer->file_count; i++) {
        struct pack_file *file = writer->files[i];
        if (file->closed && !file->synced && file->writing == 0)
            return file;
    }
    return NULL;
}

static void *sync_packs(void *argument)
{
    struct pack_writer *writer = argument;
    pthread_mutex_lock(&writer->lock);
    while (writer->code == MLOPS_OK) {
        struct pack_file *file = next_to_sync(writer);
        if (!file && writer->ending)
            break;
        if (!file) {
            pthread_cond_wait(&writer->changed, &writer->lock);
            continue;
        }
        struct mlops_error err = {0};
        pthread_mutex_unlock(&writer->lock);
        int code = complete(writer->store->backend, file, &err);
        pthread_mutex_lock(&writer->lock);
        file->synced = code == MLOPS_OK;
        if (code) {
            writer->code = code;
            writer->err = err;
        }
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

static void syncer_join(struct pack_writer *writer)
{
    if (!writer->syncing)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->ending = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->syncer, NULL);
    writer->syncing = false;
}

void pack_writer_free(struct pack_writer *writer)
{
    if (!writer)
        return;
    syncer_join(writer);
    for (size_t i = 0; i < writer->file_count; i++)
        pack_file_free(writer->store->backend, writer->files[i]);
    free(writer->files);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

/* ---- batches --------------------------------------------------------------------------------- */

struct pack_batch *pack_batch_new(struct pack_writer *writer)
{
    struct pack_batch *batch = xcalloc(1, sizeof(*batch));
    batch->writer = writer;
    batch->copied = xmalloc(BATCH_COPIED);
    return batch;
}

void pack_batch_free(struct pack_batch *batch)
{
    if (!batch)
        return;
    free(batch->records);
    free(batch->copied);
    free(batch);
}

/* A stretch of memory that is to be written next; it may go on where the last one ended. */
static void add_piece(struct pack_batch *batch, const void *data, size_t length)
{
    struct iovec *last = batch->piece_count ? &batch->pieces[batch->piece_count - 1] : NULL;
    if (last && (uint8_t *)last->iov_base + last->iov_len == data)
        last->iov_len += length;
    else
        batch->pieces[batch->piece_count++] =
            (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = length};
    batch->bytes += length;
}

/* A decoder passes over some bits of what is encoded, so that the digest of what comes out does not
 * vouch for all of them. */
static uint32_t checksum_of(const struct record *record, const void *stored)
{
    return record->encoding == ENCODING_RAW ? 0 : crc32c(stored, record->stored);
}

static void add_header(struct pack_batch *batch, const struct record *record, const void *stored)
{
    uint8_t *header = batch->copied + batch->used;
    GROW(batch->records, batch->count, &batch->capacity);
    batch->records[batch->count] = *record;
    batch->records[batch->count].checksum = checksum_of(record, stored);
    batch->records[batch->count++].offset =
        batch->bytes; /* within the batch, until it is flushed */
    record_header_encode(record, header);
    batch->used += RECORD_HEADER_SIZE;
    add_piece(batch, header, RECORD_HEADER_SIZE);
}

/* Flush where there is no space for `copied` more bytes and two more pieces. */
static int make_space(struct pack_batch *batch, size_t copied, struct mlops_error *err)
{
    if (batch->used + copied <= BATCH_COPIED && batch->piece_count + 2 <= BATCH_PIECES)
        return MLOPS_OK;
    return pack_batch_flush(batch, err);
}

int pack_batch_add(struct pack_batch *batch, const struct record *record, const void *stored,
                   struct mlops_error *err)
{
    TRY(make_space(batch, RECORD_HEADER_SIZE, err));
    add_header(batch, record, stored);
    if (record->stored > 0)
        add_piece(batch, stored, record->stored);
    return MLOPS_OK;
}

int pack_batch_room(struct pack_batch *batch, uint8_t **room, struct mlops_error *err)
{
    TRY(make_space(batch, RECORD_HEADER_SIZE + BATCH_ROOM, err));
    *room = batch->copied + batch->used + RECORD_HEADER_SIZE;
    return MLOPS_OK;
}

void pack_batch_take(struct pack_batch *batch, const struct record *record)
{
    add_header(batch, record, batch->copied + batch->used + RECORD_HEADER_SIZE);
    add_piece(batch, batch->copied + batch->used, record->stored);
    batch->used += record->stored;
}

int pack_batch_copy(struct pack_batch *batch, const struct record *record, const void *stored,
                    struct mlops_error *err)
{
    uint8_t *room;
    if (record->stored > BATCH_ROOM) {
        TRY(pack_batch_add(batch, record, stored, err));
        return pack_batch_flush(batch, err);
    }
    TRY(pack_batch_room(batch, &room, err));
    if (record->stored > 0)
        memcpy(room, stored, record->stored);
    pack_batch_take(batch, record);
    return MLOPS_OK;
}

/* ---- into the current pack ------------------------------------------------------------------- */

static int begin_pack(struct pack_writer *writer, struct pack_file **begun, struct mlops_error *err)
{
    uint8_t header[PACK_HEADER_SIZE];
    struct pack_file *file = xcalloc(1, sizeof(*file));
    file->size = PACK_HEADER_SIZE;
    file->temporary = scratch_path(writer->store);
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd < 0) {
        mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", file->temporary);
        free(file->temporary);
        free(file);
        return (int)err->code;
    }
    GROW(writer->files, writer->file_count, &writer->file_capacity);
    writer->files[writer->file_count++] = file;
    *begun = file;
    pack_header_encode(header);
    if (fchmod(file->fd, 0444) < 0) /* now, so that it costs no further write at the end */
        return mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", file->temporary);
    if (fd_write_full(file->fd, header, sizeof(header), err))
        return mlops_wrap(err, "'%s'", file->temporary);
    return MLOPS_OK;
}

/* A pack is full. Without the thread it is completed when all are published. */
static void syncer_wake(struct pack_writer *writer)
{
    if (!writer->syncing)
        writer->syncing = pthread_create(&writer->syncer, NULL, sync_packs, writer) == 0;
    pthread_cond_broadcast(&writer->changed);
}

/* A pack that takes records, if there is one that nobody writes to: the file system lets only one
 * write to a file at a time. While little has been written one pack is enough for all. */
static struct pack_file *choose(const struct pack_writer *writer)
{
    struct pack_file *shared = NULL;
    uint64_t written = 0;
    for (size_t i = writer->file_count; i-- > 0;) {
        struct pack_file *file = writer->files[i];
        written += file->size;
        if (file->closed)
            continue;
        if (file->writing == 0)
            return file;
        shared = file;
    }
    return written < PACK_TARGET_SIZE / 2 ? shared : NULL;
}

/* With the lock held: a stretch of a pack for the batch, `*file` counted as in use. */
static int reserve(struct pack_batch *batch, struct pack_file **file, uint64_t *offset,
                   struct mlops_error *err)
{
    struct pack_writer *writer = batch->writer;
    if (writer->code) { /* what is written now would be for nothing */
        *err = writer->err;
        return writer->code;
    }
    *file = choose(writer);
    if (!*file)
        TRY(begin_pack(writer, file, err));
    *offset = (*file)->size;
    (*file)->size += batch->bytes;
    (*file)->writing++;
    for (size_t i = 0; i < batch->count; i++) {
        GROW((*file)->records, (*file)->count, &(*file)->capacity);
        (*file)->records[(*file)->count] = batch->records[i];
        (*file)->records[(*file)->count++].offset += *offset;
    }
    (*file)->closed = (*file)->size >= PACK_TARGET_SIZE;
    return MLOPS_OK;
}

static int write_pieces(const struct pack_file *file, struct iovec *pieces, size_t count,
                        uint64_t offset, struct mlops_error *err)
{
    while (count > 0) {
        ssize_t written = pwritev(file->fd, pieces, (int)count, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", file->temporary);
        offset += (uint64_t)written;
        for (; count > 0 && (size_t)written >= pieces->iov_len; pieces++, count--)
            written -= (ssize_t)pieces->iov_len;
        if (count > 0) {
            pieces->iov_base = (uint8_t *)pieces->iov_base + written;
            pieces->iov_len -= (size_t)written;
        }
    }
    return MLOPS_OK;
}

int pack_batch_flush(struct pack_batch *batch, struct mlops_error *err)
{
    struct pack_writer *writer = batch->writer;
    struct pack_file *file;
    uint64_t offset = 0;
    if (batch->count == 0)
        return MLOPS_OK;
    pthread_mutex_lock(&writer->lock);
    int code = reserve(batch, &file, &offset, err);
    pthread_mutex_unlock(&writer->lock);
    TRY(code);
    code = write_pieces(file, batch->pieces, batch->piece_count, offset, err);
    /* Let the disk begin; a hint, as the fsync at the end is what counts. */
    if (!writer->store->backend->remote)
        (void)sync_file_range(file->fd, (off_t)offset, (off_t)batch->bytes, SYNC_FILE_RANGE_WRITE);
    pthread_mutex_lock(&writer->lock);
    if (--file->writing == 0 && file->closed)
        syncer_wake(writer);
    pthread_mutex_unlock(&writer->lock);
    batch->count = batch->piece_count = batch->used = 0;
    batch->bytes = 0;
    return code;
}

/* ---- the end --------------------------------------------------------------------------------- */

int pack_writer_publish(struct pack_writer *writer, uint64_t *bytes, struct mlops_error *err)
{
    struct store_backend *backend = writer->store->backend;
    *bytes = 0;
    for (size_t i = 0; i < writer->file_count; i++)
        writer->files[i]->closed = true;
    syncer_join(writer);
    for (size_t i = 0; i < writer->file_count && writer->code == MLOPS_OK; i++) {
        struct pack_file *file = writer->files[i];
        if (!file->synced)
            writer->code = complete(backend, file, &writer->err);
        file->synced = writer->code == MLOPS_OK;
    }
    if (writer->code) {
        *err = writer->err;
        return writer->code;
    }
    for (size_t i = 0; i < writer->file_count && backend->hasten; i++)
        backend->hasten(backend, writer->files[i]->temporary, writer->files[i]->name);
    for (size_t i = 0; i < writer->file_count; i++) {
        struct pack_file *file = writer->files[i];
        TRY(backend->publish(backend, file->temporary, file->name, err));
        free(file->temporary);
        file->temporary = NULL;
        *bytes += file->size;
    }
    return writer->file_count > 0 ? backend->settle(backend, err) : MLOPS_OK;
}
