/* lib/store/s3_upload.c - files to objects, in parts where they are large. */
#include "store/s3_upload.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define RANGE_SIZE (8U << 20) /* that is compared at once */

struct upload {
    struct uploads *uploads;
    char *key;
    int fd;
    uint64_t size;
    char *id; /* NULL: not begun on the server, or ended there */
    struct s3_part *parts;
    size_t part_count;
    size_t left; /* tasks that have not ended */
    bool wanted; /* it is to show as soon as all of it is there */
    bool ended;  /* that was tried: `code` says how it went */
    int code;    /* of the first that failed */
    struct mlops_error err;
    struct upload *next;
};

struct part_task {
    struct upload *upload;
    size_t number; /* from 0 */
};

struct uploads {
    struct s3 *s3;
    struct transfers *transfers;
    pthread_mutex_t lock; /* guards the rest, and what changes in each upload */
    pthread_cond_t ended;
    struct upload *first;
};

struct uploads *uploads_new(struct s3 *s3, struct transfers *transfers)
{
    struct uploads *uploads = xcalloc(1, sizeof(*uploads));
    uploads->s3 = s3;
    uploads->transfers = transfers;
    pthread_mutex_init(&uploads->lock, NULL);
    pthread_cond_init(&uploads->ended, NULL);
    return uploads;
}

static void upload_free(struct upload *upload)
{
    for (size_t i = 0; i < upload->part_count; i++)
        s3_part_clear(&upload->parts[i]);
    free(upload->parts);
    fd_close(&upload->fd);
    free(upload->id);
    free(upload->key);
    free(upload);
}

/* Does it go in one request? */
static bool is_whole(const struct upload *upload)
{
    return upload->part_count == 0;
}

/* ---- the object shows ---------------------------------------------------------------------- */

/* Does the object have these bytes of the file? Answers `*size`, of the whole object. */
static int has_range(struct upload *upload, uint64_t offset, uint8_t *ours, uint8_t *theirs,
                     uint64_t *size, bool *same, struct mlops_error *err)
{
    struct s3 *s3 = upload->uploads->s3;
    uint64_t rest = upload->size - offset;
    size_t got, length = rest < RANGE_SIZE ? (size_t)rest : RANGE_SIZE;
    *same = false;
    TRY(fd_pread_full(upload->fd, ours, length, offset, err));
    TRY(s3_get(s3, upload->key, offset, theirs, length, &got, size, err));
    *same = *size == upload->size && got == length && memcmp(ours, theirs, got) == 0;
    return MLOPS_OK;
}

/* Something of that name is there. As names come from content it is the same, unless it is damaged;
 * then it is to be written anew. Only its bytes tell: its size, its ETag and the checksum that the
 * server keeps of it say how it was when it came. */
static int compare(struct upload *upload, bool *same, struct mlops_error *err)
{
    uint8_t *ours = xmalloc(RANGE_SIZE), *theirs = xmalloc(RANGE_SIZE);
    uint64_t offset = 0, size;
    int code;
    do {
        code = has_range(upload, offset, ours, theirs, &size, same, err);
        offset += RANGE_SIZE;
    } while (code == MLOPS_OK && *same && offset < upload->size);
    free(theirs);
    free(ours);
    if (code != MLOPS_NOT_FOUND)
        return code;
    *err = (struct mlops_error){0}; /* it has gone meanwhile */
    return MLOPS_OK;
}

/* All of the file. */
static int put(struct upload *upload, struct mlops_error *err)
{
    struct s3 *s3 = upload->uploads->s3;
    const struct s3_piece all = {.fd = upload->fd, .length = (size_t)upload->size};
    bool there, same = true;
    TRY(s3_put_piece(s3, upload->key, &all, s3_settings(s3)->conditional, &there, err));
    if (there)
        TRY(compare(upload, &same, err));
    return same ? MLOPS_OK : s3_put_piece(s3, upload->key, &all, false, &there, err);
}

/* The parts, which are there, become the object. */
static int join(struct upload *upload, struct mlops_error *err)
{
    struct s3 *s3 = upload->uploads->s3;
    bool there, same;
    TRY(s3_upload_end(s3, upload->key, upload->id, upload->parts, upload->part_count, upload->size,
                      s3_settings(s3)->conditional, &there, err));
    if (!there) {
        free(TAKE_PTR(upload->id));
        return MLOPS_OK;
    }
    TRY(compare(upload, &same, err));
    if (same)
        return MLOPS_OK;
    /* the parts are there still, and this time it may replace what is damaged */
    TRY(s3_upload_end(s3, upload->key, upload->id, upload->parts, upload->part_count, upload->size,
                      false, &there, err));
    free(TAKE_PTR(upload->id));
    return MLOPS_OK;
}

/* ---- in the threads -------------------------------------------------------------------------- */

/* With the lock held. */
static void note(struct upload *upload, int code, const struct mlops_error *err)
{
    if (code && !upload->code) {
        upload->code = code;
        upload->err = *err;
    }
}

/* A task of the upload is done; whoever does the last one makes the object, where it is wanted. */
static void end_task(struct upload *upload, int code, const struct mlops_error *err)
{
    struct uploads *uploads = upload->uploads;
    pthread_mutex_lock(&uploads->lock);
    note(upload, code, err);
    if (upload->left == 1 && upload->wanted && !upload->code && !upload->ended) {
        struct mlops_error failed = {0};
        upload->ended = true;
        pthread_mutex_unlock(&uploads->lock);
        code = is_whole(upload) ? put(upload, &failed) : join(upload, &failed);
        pthread_mutex_lock(&uploads->lock);
        note(upload, code, &failed);
    }
    upload->left--;
    pthread_cond_broadcast(&uploads->ended);
    pthread_mutex_unlock(&uploads->lock);
}

static int send_part(struct upload *upload, size_t number, struct mlops_error *err)
{
    uint64_t part = s3_settings(upload->uploads->s3)->part_bytes;
    uint64_t offset = number * part, rest = upload->size - offset;
    const struct s3_piece piece = {
        .fd = upload->fd, .offset = offset, .length = (size_t)(rest < part ? rest : part)};
    return s3_upload_part(upload->uploads->s3, upload->key, upload->id, (unsigned)number + 1,
                          &piece, &upload->parts[number], err);
}

static bool has_failed(struct upload *upload)
{
    pthread_mutex_lock(&upload->uploads->lock);
    bool failed = upload->code != MLOPS_OK;
    pthread_mutex_unlock(&upload->uploads->lock);
    return failed;
}

static void run_part(void *context)
{
    struct part_task *task = context;
    struct mlops_error err = {0};
    /* the others are for nothing where one has failed */
    int code = has_failed(task->upload) ? MLOPS_OK : send_part(task->upload, task->number, &err);
    end_task(task->upload, code, &err);
    free(task);
}

static void run_begin(void *context)
{
    struct upload *upload = context;
    struct uploads *uploads = upload->uploads;
    struct mlops_error err = {0};
    char *id = NULL;
    int code = s3_upload_begin(uploads->s3, upload->key, &id, &err);
    pthread_mutex_lock(&uploads->lock);
    upload->id = id;
    upload->left += code == MLOPS_OK ? upload->part_count : 0;
    pthread_mutex_unlock(&uploads->lock);
    for (size_t i = 0; code == MLOPS_OK && i < upload->part_count; i++) {
        struct part_task *task = xmalloc(sizeof(*task));
        *task = (struct part_task){.upload = upload, .number = i};
        transfers_add(uploads->transfers, run_part, task);
    }
    end_task(upload, code, &err);
}

/* Nothing is left to do but to make the object. */
static void run_end(void *context)
{
    end_task(context, MLOPS_OK, NULL);
}

/* ---- from outside ---------------------------------------------------------------------------- */

static int open_file(const char *path, int *fd, uint64_t *size, struct mlops_error *err)
{
    struct stat status;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "open '%s'", path);
    *size = (uint64_t)status.st_size;
    return MLOPS_OK;
}

/* Its tasks begin; `wanted`: and the object is made at their end. */
static struct upload *begin(struct uploads *uploads, int *fd, uint64_t size, const char *key,
                            bool wanted)
{
    struct upload *upload = xcalloc(1, sizeof(*upload));
    upload->uploads = uploads;
    upload->key = xstrdup(key);
    upload->fd = *fd;
    *fd = -1;
    upload->size = size;
    upload->wanted = wanted;
    uint64_t part = s3_settings(uploads->s3)->part_bytes;
    upload->part_count = size < part ? 0 : (size_t)((size + part - 1) / part);
    upload->parts = xcalloc(upload->part_count, sizeof(*upload->parts));
    upload->left = 1;
    transfers_add(uploads->transfers, is_whole(upload) ? run_end : run_begin, upload);
    return upload;
}

static void keep(struct uploads *uploads, struct upload *upload)
{
    pthread_mutex_lock(&uploads->lock);
    upload->next = uploads->first;
    uploads->first = upload;
    pthread_mutex_unlock(&uploads->lock);
}

/* The upload of `key` (NULL: any), taken out of the list; or NULL. */
static struct upload *take(struct uploads *uploads, const char *key)
{
    pthread_mutex_lock(&uploads->lock);
    struct upload **at = &uploads->first;
    while (*at && key && !str_equal((*at)->key, key))
        at = &(*at)->next;
    struct upload *upload = *at;
    if (upload)
        *at = upload->next;
    pthread_mutex_unlock(&uploads->lock);
    return upload;
}

/* The object is to be made, now or when the parts are there. */
static void want(struct upload *upload)
{
    struct uploads *uploads = upload->uploads;
    pthread_mutex_lock(&uploads->lock);
    bool idle = !upload->wanted && upload->left == 0;
    upload->wanted = true;
    upload->left += idle;
    pthread_mutex_unlock(&uploads->lock);
    if (idle)
        transfers_add(uploads->transfers, run_end, upload);
}

static void wait_for(struct upload *upload)
{
    struct uploads *uploads = upload->uploads;
    pthread_mutex_lock(&uploads->lock);
    while (upload->left > 0) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        (void)pthread_cond_timedwait(&uploads->ended, &uploads->lock, &until);
        (void)s3_is_stopped(uploads->s3); /* asks the observer, for the threads cannot */
    }
    pthread_mutex_unlock(&uploads->lock);
}

/* What was begun and is no object is given up; what cannot be reached now is swept up by gc. */
static void dispose(struct upload *upload)
{
    struct mlops_error ignored = {0};
    wait_for(upload);
    if (upload->id && !s3_is_stopped(upload->uploads->s3))
        (void)s3_upload_abort(upload->uploads->s3, upload->key, upload->id, &ignored);
    upload_free(upload);
}

void uploads_begin(struct uploads *uploads, const char *path, const char *key)
{
    _cleanup_(fd_close) int fd = -1;
    struct mlops_error ignored = {0}; /* uploads_finish meets it again */
    uint64_t size;
    if (open_file(path, &fd, &size, &ignored) == MLOPS_OK &&
        size >= s3_settings(uploads->s3)->part_bytes)
        keep(uploads, begin(uploads, &fd, size, key, false));
}

void uploads_hasten(struct uploads *uploads, const char *path, const char *key)
{
    _cleanup_(fd_close) int fd = -1;
    struct mlops_error ignored = {0}; /* uploads_finish meets it again */
    uint64_t size;
    struct upload *upload = take(uploads, key);
    if (upload)
        want(upload);
    else if (open_file(path, &fd, &size, &ignored) == MLOPS_OK)
        upload = begin(uploads, &fd, size, key, true);
    if (upload)
        keep(uploads, upload);
}

int uploads_finish(struct uploads *uploads, const char *path, const char *key,
                   struct mlops_error *err)
{
    struct upload *upload = take(uploads, key);
    _cleanup_(fd_close) int fd = -1;
    uint64_t size;
    if (upload) {
        want(upload);
    } else {
        TRY(open_file(path, &fd, &size, err));
        upload = begin(uploads, &fd, size, key, true);
    }
    wait_for(upload);
    int code = upload->code;
    if (code)
        *err = upload->err;
    dispose(upload);
    return code;
}

void uploads_forget(struct uploads *uploads, const char *key)
{
    struct upload *upload = take(uploads, key);
    if (upload)
        dispose(upload);
}

void uploads_free(struct uploads *uploads)
{
    struct upload *upload;
    while ((upload = take(uploads, NULL)))
        dispose(upload);
    pthread_cond_destroy(&uploads->ended);
    pthread_mutex_destroy(&uploads->lock);
    free(uploads);
}
