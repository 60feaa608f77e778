/* lib/store/pack_writer.c - packs under construction. */
#include "store/pack_writer.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/path.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define WRITE_SIZE (1U << 20)
#define STALE_SECONDS 86400

struct pack_file {
    char *temporary;
    struct record *records;
    size_t count, capacity;
    uint64_t size; /* records and header so far, written or in the buffer */
};

struct pack_writer {
    struct store *store;
    pthread_mutex_t lock; /* guards all below */
    struct pack_file *files;
    size_t file_count, file_capacity;
    int fd; /* of the last of them; -1 where a new one must begin */
    struct buffer pending;
};

/* Temporary names are "HOST-PID-NUMBER.tmp", so that others can tell whether the writer lives. */
static void host_name(char host[64])
{
    if (gethostname(host, 64) < 0)
        str_copy(host, 64, "unknown");
    host[63] = '\0';
    for (char *c = host; *c; c++)
        if (*c == '-' || *c == '/')
            *c = '_';
}

static bool is_stale(int folder, const char *name)
{
    char host[64], owner[64];
    long pid;
    struct stat status;
    host_name(host);
    if (!str_ends(name, ".tmp") || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    if (time(NULL) - status.st_mtim.tv_sec > STALE_SECONDS)
        return true;
    const char *dash = strchr(name, '-');
    if (!dash || (size_t)(dash - name) >= sizeof(owner))
        return false;
    memcpy(owner, name, (size_t)(dash - name));
    owner[dash - name] = '\0';
    pid = strtol(dash + 1, NULL, 10);
    return str_equal(owner, host) && pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/* Best effort: what cannot be removed now is garbage that harms nobody. */
static void remove_stale(const struct store *store)
{
    _cleanup_(free_string) char *scratch = store_scratch(store);
    _cleanup_(folder_close) DIR *folder = opendir(scratch);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (is_stale(dirfd(folder), entry->d_name))
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
}

int pack_writer_new(struct store *store, struct pack_writer **writer, struct mlops_error *err)
{
    _cleanup_(free_string) char *scratch = store_scratch(store);
    if (access(scratch, W_OK) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write to the store in '%s'",
                                store->directory);
    remove_stale(store);
    *writer = xcalloc(1, sizeof(**writer));
    (*writer)->store = store;
    (*writer)->fd = -1;
    pthread_mutex_init(&(*writer)->lock, NULL);
    return MLOPS_OK;
}

void pack_writer_free(struct pack_writer *writer)
{
    if (!writer)
        return;
    fd_close(&writer->fd);
    for (size_t i = 0; i < writer->file_count; i++) {
        struct pack_file *file = &writer->files[i];
        if (file->temporary)
            (void)unlink(file->temporary); /* what stays is stale and removed by the next writer */
        free(file->temporary);
        free(file->records);
    }
    free(writer->files);
    buffer_clear(&writer->pending);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

static struct pack_file *current(struct pack_writer *writer)
{
    return &writer->files[writer->file_count - 1];
}

static int flush(struct pack_writer *writer, struct mlops_error *err)
{
    if (fd_write_full(writer->fd, writer->pending.data, writer->pending.length, err))
        return mlops_wrap(err, "'%s'", current(writer)->temporary);
    buffer_reset(&writer->pending);
    return MLOPS_OK;
}

static int begin_pack(struct pack_writer *writer, struct mlops_error *err)
{
    static _Atomic unsigned counter; /* only makes names differ within the process */
    char host[64];
    uint8_t header[PACK_HEADER_SIZE];
    host_name(host);
    _cleanup_(free_string) char *scratch = store_scratch(writer->store);
    struct pack_file file = {.size = PACK_HEADER_SIZE};
    file.temporary = xprintf("%s/%s-%ld-%u.tmp", scratch, host, (long)getpid(), counter++);
    writer->fd = open(file.temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (writer->fd < 0) {
        int failure = errno;
        mlops_fail_errno(err, MLOPS_IO, failure, "create '%s'", file.temporary);
        free(file.temporary);
        return (int)err->code;
    }
    GROW(writer->files, writer->file_count, &writer->file_capacity);
    writer->files[writer->file_count++] = file;
    pack_header_encode(header);
    buffer_append(&writer->pending, header, sizeof(header));
    return MLOPS_OK;
}

/* Write what is pending and let the kernel begin to bring it to disk; fsync comes at the end. */
static int end_pack(struct pack_writer *writer, struct mlops_error *err)
{
    TRY(flush(writer, err));
    (void)sync_file_range(writer->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* only a hint */
    fd_close(&writer->fd);
    return MLOPS_OK;
}

static int append_locked(struct pack_writer *writer, struct record *record, const void *stored,
                         struct mlops_error *err)
{
    if (writer->fd >= 0 && current(writer)->size >= PACK_TARGET_SIZE)
        TRY(end_pack(writer, err));
    if (writer->fd < 0)
        TRY(begin_pack(writer, err));
    struct pack_file *file = current(writer);
    record->offset = file->size;
    uint8_t header[RECORD_HEADER_SIZE];
    record_header_encode(record, header);
    buffer_append(&writer->pending, header, sizeof(header));
    buffer_append(&writer->pending, stored, record->stored);
    file->size += sizeof(header) + record->stored;
    GROW(file->records, file->count, &file->capacity);
    file->records[file->count++] = *record;
    return writer->pending.length >= WRITE_SIZE ? flush(writer, err) : MLOPS_OK;
}

int pack_writer_append(struct pack_writer *writer, struct record *record, const void *stored,
                       struct mlops_error *err)
{
    pthread_mutex_lock(&writer->lock);
    int code = append_locked(writer, record, stored, err);
    pthread_mutex_unlock(&writer->lock);
    return code;
}

/* Give the pack its index and footer, and let the backend make it durable and visible. */
static int publish_pack(struct pack_writer *writer, struct pack_file *file, uint64_t *bytes,
                        struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer tail = {0};
    struct digest id;
    char hex[SHA256_HEX_SIZE];
    pack_tail_encode(file->records, file->count, file->size, &tail, &id);
    digest_to_hex(&id, hex);
    _cleanup_(free_string) char *name = xprintf("%s.pack", hex);
    _cleanup_(fd_close) int fd = open(file->temporary, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "open '%s'", file->temporary);
    if (fd_write_full(fd, tail.data, tail.length, err))
        return mlops_wrap(err, "'%s'", file->temporary);
    struct store_backend *backend = writer->store->backend;
    TRY(backend->publish(backend, file->temporary, name, err));
    free(file->temporary);
    file->temporary = NULL;
    *bytes += file->size + tail.length;
    return MLOPS_OK;
}

int pack_writer_publish(struct pack_writer *writer, uint64_t *bytes, struct mlops_error *err)
{
    *bytes = 0;
    if (writer->fd >= 0)
        TRY(end_pack(writer, err));
    for (size_t i = 0; i < writer->file_count; i++)
        TRY(publish_pack(writer, &writer->files[i], bytes, err));
    return MLOPS_OK;
}
