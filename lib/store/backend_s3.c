/* lib/store/backend_s3.c - blobs as objects of a bucket. */
#include "store/backend_s3.h"
#include "base/buffer.h"
#include "base/endian.h"
#include "store/s3_block.h"
#include "store/s3_upload.h"
#include <pthread.h>
#include <unistd.h>

#define TRANSFERS 8           /* requests under way at once */
#define TAIL_SIZE (96U << 10) /* the index of a pack of chunks of average size, and half more */

struct backend_s3 {
    struct store_backend base; /* first: the pointers are exchanged */
    struct s3 *s3;
    struct transfers *transfers;
    struct blob_cache *cache;
    struct blocks *blocks;
    struct uploads *uploads;
};

static struct backend_s3 *self(struct store_backend *backend)
{
    return (struct backend_s3 *)(void *)backend;
}

static char *key_of(const char *name)
{
    return xprintf(S3_PACKS "%s", name);
}

/* ---- publishing ------------------------------------------------------------------------------ */

static void stage(struct store_backend *backend, const char *temporary, const char *name)
{
    _cleanup_(free_string) char *key = key_of(name);
    uploads_begin(self(backend)->uploads, temporary, key);
}

static void unstage(struct store_backend *backend, const char *name)
{
    _cleanup_(free_string) char *key = key_of(name);
    uploads_forget(self(backend)->uploads, key);
}

static void hasten(struct store_backend *backend, const char *temporary, const char *name)
{
    _cleanup_(free_string) char *key = key_of(name);
    uploads_hasten(self(backend)->uploads, temporary, key);
}

static int publish(struct store_backend *backend, const char *temporary, const char *name,
                   struct mlops_error *err)
{
    struct backend_s3 *s3 = self(backend);
    _cleanup_(free_string) char *key = key_of(name);
    TRY(uploads_finish(s3->uploads, temporary, key, err));
    (void)blob_cache_drop(s3->cache, name); /* there may be parts of one that was damaged */
    blob_cache_adopt(s3->cache, temporary, name);
    return MLOPS_OK;
}

/* What the server has answered for is durable. */
static int settle(struct store_backend *backend, struct mlops_error *err)
{
    (void)backend;
    (void)err;
    return MLOPS_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_range(struct store_backend *backend, const char *name, uint64_t offset, void *data,
                      size_t length, struct mlops_error *err)
{
    return blocks_read(self(backend)->blocks, name, offset, data, length, err);
}

static int size_of(struct store_backend *backend, const char *name, uint64_t *size,
                   struct mlops_error *err)
{
    _cleanup_(free_string) char *key = key_of(name);
    return s3_head(self(backend)->s3, key, size, err);
}

static int fetch_tail(struct backend_s3 *s3, const char *name, size_t length, struct buffer *tail,
                      uint64_t *size, struct mlops_error *err)
{
    _cleanup_(free_string) char *key = key_of(name);
    _cleanup_(free_string) char *entry = xprintf("%s" S3_TAIL_ENTRY, name);
    _cleanup_(buffer_clear) struct buffer kept = {0};
    size_t got;
    buffer_reset(tail);
    buffer_reserve(tail, length + 1);
    TRY(s3_get_tail(s3->s3, key, tail->data, length, &got, size, err));
    tail->length = got;
    tail->data[got] = '\0';
    uint8_t head[S3_TAIL_HEAD];
    put_u64(head, *size);
    buffer_append(&kept, head, sizeof(head));
    buffer_append(&kept, tail->data, tail->length);
    blob_cache_put(s3->cache, entry, kept.data, kept.length);
    return MLOPS_OK;
}

/* The end of a blob that is kept whole. */
static bool end_of_kept(struct backend_s3 *s3, const char *name, size_t length, struct buffer *tail,
                        uint64_t *size)
{
    size_t got;
    if (!blob_cache_size(s3->cache, name, size))
        return false;
    if (*size < length)
        length = (size_t)*size;
    buffer_reset(tail);
    buffer_reserve(tail, length + 1);
    if (!blob_cache_get(s3->cache, name, *size - length, tail->data, length, &got) || got != length)
        return false;
    tail->length = got;
    tail->data[got] = '\0';
    return true;
}

/* A kept tail: the size of the whole, then the bytes. */
static bool kept_tail(struct backend_s3 *s3, const char *name, size_t at_least, struct buffer *tail,
                      uint64_t *size)
{
    _cleanup_(free_string) char *entry = xprintf("%s" S3_TAIL_ENTRY, name);
    uint8_t head[S3_TAIL_HEAD];
    size_t got, room = (at_least > TAIL_SIZE ? at_least : TAIL_SIZE) + 1;
    if (!blob_cache_get(s3->cache, entry, 0, head, sizeof(head), &got) || got != sizeof(head))
        return false;
    *size = get_u64(head);
    buffer_reset(tail);
    buffer_reserve(tail, room);
    if (!blob_cache_get(s3->cache, entry, sizeof(head), tail->data, room - 1, &got))
        return false;
    tail->length = got;
    tail->data[got] = '\0';
    return got >= at_least || got == *size;
}

static int read_tail(struct store_backend *backend, const char *name, size_t at_least,
                     struct buffer *tail, uint64_t *size, struct mlops_error *err)
{
    struct backend_s3 *s3 = self(backend);
    size_t length = at_least > TAIL_SIZE ? at_least : TAIL_SIZE;
    if (end_of_kept(s3, name, length, tail, size) || kept_tail(s3, name, at_least, tail, size))
        return MLOPS_OK;
    return fetch_tail(s3, name, length, tail, size, err);
}

static bool forget(struct store_backend *backend, const char *name)
{
    return blob_cache_drop(self(backend)->cache, name);
}

/* ---- listing --------------------------------------------------------------------------------- */

struct listed {
    char *name;
    uint64_t size;
    int64_t age_ns;
};

struct listing {
    struct listed *items;
    size_t count, capacity;
};

static void listing_clear(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->items[i].name);
    free(listing->items);
}

static int note(void *context, const struct s3_item *item, struct mlops_error *err)
{
    struct listing *listing = context;
    const char *name = item->key + strlen(S3_PACKS);
    (void)err;
    if (!*name || strchr(name, '/'))
        return MLOPS_OK; /* somebody's folder */
    GROW(listing->items, listing->count, &listing->capacity);
    listing->items[listing->count++] =
        (struct listed){.name = xstrdup(name), .size = item->size, .age_ns = item->age_ns};
    return MLOPS_OK;
}

/* Tails on their way. */
struct warming {
    struct backend_s3 *s3;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    size_t left;
};

struct warm_task {
    struct warming *warming;
    const char *name;
};

static void run_warm(void *context)
{
    struct warm_task *task = context;
    struct warming *warming = task->warming;
    _cleanup_(buffer_clear) struct buffer tail = {0};
    struct mlops_error ignored = {0}; /* whoever needs it meets the error again */
    uint64_t size;
    (void)fetch_tail(warming->s3, task->name, TAIL_SIZE, &tail, &size, &ignored);
    free(task);
    pthread_mutex_lock(&warming->lock);
    warming->left--;
    pthread_cond_broadcast(&warming->ended);
    pthread_mutex_unlock(&warming->lock);
}

/* Whoever lists packs wants to know what is in them: all the indexes that are not here come at
 * once, and not one after another. */
static void fetch_tails(struct backend_s3 *s3, const struct listing *listing)
{
    struct warming warming = {.s3 = s3};
    if (!blob_cache_enabled(s3->cache))
        return;
    pthread_mutex_init(&warming.lock, NULL);
    pthread_cond_init(&warming.ended, NULL);
    for (size_t i = 0; i < listing->count; i++) {
        _cleanup_(free_string) char *entry = xprintf("%s" S3_TAIL_ENTRY, listing->items[i].name);
        if (blob_cache_has(s3->cache, entry) || blob_cache_has(s3->cache, listing->items[i].name))
            continue;
        struct warm_task *task = xmalloc(sizeof(*task));
        *task = (struct warm_task){.warming = &warming, .name = listing->items[i].name};
        pthread_mutex_lock(&warming.lock);
        warming.left++;
        pthread_mutex_unlock(&warming.lock);
        transfers_add(s3->transfers, run_warm, task);
    }
    pthread_mutex_lock(&warming.lock);
    while (warming.left > 0)
        pthread_cond_wait(&warming.ended, &warming.lock);
    pthread_mutex_unlock(&warming.lock);
    pthread_cond_destroy(&warming.ended);
    pthread_mutex_destroy(&warming.lock);
}

static int list(struct store_backend *backend,
                int (*each)(void *context, const struct store_blob *blob, struct mlops_error *err),
                void *context, struct mlops_error *err)
{
    struct backend_s3 *s3 = self(backend);
    _cleanup_(listing_clear) struct listing listing = {0};
    TRY(s3_list(s3->s3, S3_PACKS, note, &listing, err));
    fetch_tails(s3, &listing);
    for (size_t i = 0; i < listing.count; i++) {
        const struct listed *item = &listing.items[i];
        const struct store_blob blob = {
            .name = item->name, .size = item->size, .age_ns = item->age_ns};
        TRY(each(context, &blob, err));
    }
    return MLOPS_OK;
}

struct keeping {
    struct blob_cache *cache;
    int (*each)(void *context, const struct store_blob *blob, struct mlops_error *err);
    void *context;
};

static int list_entry(void *context, const char *entry, struct mlops_error *err)
{
    const struct keeping *keeping = context;
    size_t length = strlen(entry);
    if (str_ends(entry, S3_TAIL_ENTRY))
        length -= strlen(S3_TAIL_ENTRY);
    else if (!str_ends(entry, ".pack"))
        return MLOPS_OK; /* a block */
    _cleanup_(free_string) char *name = xstrndup(entry, length);
    if (length < strlen(entry) && blob_cache_has(keeping->cache, name))
        return MLOPS_OK; /* it is listed as the whole that it is */
    return keeping->each(keeping->context, &(struct store_blob){.name = name}, err);
}

static int list_kept(struct store_backend *backend,
                     int (*each)(void *context, const struct store_blob *blob,
                                 struct mlops_error *err),
                     void *context, struct mlops_error *err)
{
    struct keeping keeping = {.cache = self(backend)->cache, .each = each, .context = context};
    return blob_cache_list(self(backend)->cache, list_entry, &keeping, err);
}

/* Nobody tells us. */
static bool changed(struct store_backend *backend)
{
    (void)backend;
    return true;
}

/* ---- removing -------------------------------------------------------------------------------- */

static int remove_blob(struct store_backend *backend, const char *name, struct mlops_error *err)
{
    struct backend_s3 *s3 = self(backend);
    _cleanup_(free_string) char *key = key_of(name);
    (void)blob_cache_drop(s3->cache, name);
    return s3_delete(s3->s3, key, err);
}

static int set_aside(struct store_backend *backend, const char *name, struct mlops_error *err)
{
    struct backend_s3 *s3 = self(backend);
    _cleanup_(free_string) char *key = key_of(name);
    _cleanup_(free_string) char *aside = xprintf(S3_DAMAGED "%s", name);
    (void)blob_cache_drop(s3->cache, name);
    int code = s3_copy(s3->s3, key, aside, err);
    if (code == MLOPS_NOT_FOUND) {
        *err = (struct mlops_error){0};
        return MLOPS_OK;
    }
    TRY(code);
    return s3_delete(s3->s3, key, err);
}

static int tidy(struct store_backend *backend, int64_t grace_ns, struct mlops_error *err)
{
    return s3_upload_sweep(self(backend)->s3, S3_PACKS, grace_ns, err);
}

/* ---- the handle ------------------------------------------------------------------------------ */

static void stop(struct store_backend *backend)
{
    s3_stop(self(backend)->s3);
}

static void close_backend(struct store_backend *backend)
{
    struct backend_s3 *s3 = self(backend);
    uploads_free(s3->uploads);
    s3_stop(s3->s3); /* what is fetched ahead is for nobody now */
    blocks_free(s3->blocks);
    transfers_free(s3->transfers);
    blob_cache_free(s3->cache);
    s3_close(s3->s3);
    free(s3);
}

int backend_s3_open(struct s3_config *config, const char *cache,
                    const struct mlops_observer *observer, struct store_backend **backend,
                    struct mlops_error *err)
{
    struct s3 *bucket;
    TRY(s3_open(config, observer, &bucket, err));
    struct backend_s3 *s3 = xcalloc(1, sizeof(*s3));
    s3->base = (struct store_backend){.remote = true,
                                      .publish = publish,
                                      .settle = settle,
                                      .read = read_range,
                                      .size = size_of,
                                      .list = list,
                                      .remove = remove_blob,
                                      .set_aside = set_aside,
                                      .changed = changed,
                                      .close = close_backend,
                                      .stage = stage,
                                      .unstage = unstage,
                                      .hasten = hasten,
                                      .tail = read_tail,
                                      .list_kept = list_kept,
                                      .forget = forget,
                                      .tidy = tidy,
                                      .stop = stop};
    s3->s3 = bucket;
    s3->transfers = transfers_new(TRANSFERS);
    s3->cache = blob_cache_new(cache, s3_settings(bucket)->cache_bytes);
    s3->blocks = blocks_new(bucket, s3->transfers, s3->cache);
    s3->uploads = uploads_new(bucket, s3->transfers);
    *backend = &s3->base;
    return MLOPS_OK;
}
