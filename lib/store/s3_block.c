/* lib/store/s3_block.c - blocks of blobs, fetched when they are read and kept. */
#include "store/s3_block.h"
#include "base/buffer.h"
#include "base/endian.h"
#include "store/backend_s3.h"
#include <pthread.h>
#include <time.h>

#define AHEAD 8    /* blocks fetched before they are asked for */
#define STREAMS 16 /* blobs that may be read from begin to end at once */

/* A block that is being fetched. */
struct flight {
    char *name;
    uint64_t block;
    unsigned users; /* the one who fetches, and those who wait */
    bool ended;
    int code;
    struct mlops_error err;
    struct flight *next;
};

struct fetch_task {
    struct blocks *blocks;
    struct flight *flight;
};

struct stream {
    char *name;
    uint64_t next; /* the block that goes on from the last one */
    uint64_t size; /* of the blob; 0 while it is not known */
};

struct blocks {
    struct s3 *s3;
    struct transfers *transfers;
    struct blob_cache *cache;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t ended;
    struct flight *flights;
    struct stream streams[STREAMS];
    size_t next_stream;
    size_t running; /* tasks in the threads */
};

struct blocks *blocks_new(struct s3 *s3, struct transfers *transfers, struct blob_cache *cache)
{
    struct blocks *blocks = xcalloc(1, sizeof(*blocks));
    blocks->s3 = s3;
    blocks->transfers = transfers;
    blocks->cache = cache;
    pthread_mutex_init(&blocks->lock, NULL);
    pthread_cond_init(&blocks->ended, NULL);
    return blocks;
}

void blocks_free(struct blocks *blocks)
{
    pthread_mutex_lock(&blocks->lock);
    while (blocks->running > 0)
        pthread_cond_wait(&blocks->ended, &blocks->lock);
    pthread_mutex_unlock(&blocks->lock);
    for (size_t i = 0; i < STREAMS; i++)
        free(blocks->streams[i].name);
    pthread_cond_destroy(&blocks->ended);
    pthread_mutex_destroy(&blocks->lock);
    free(blocks);
}

static char *entry_of(const char *name, uint64_t block)
{
    return xprintf("%s.%llu", name, (unsigned long long)block);
}

/* With the lock held. */
static struct stream *stream_of(struct blocks *blocks, const char *name)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (blocks->streams[i].name && str_equal(blocks->streams[i].name, name))
            return &blocks->streams[i];
    return NULL;
}

/* ---- the end of a blob, which came with its index -------------------------------------------- */

/* The end that is kept: `*begin` is where it begins in the blob, `*size` what all of the blob has.
 * It is read at once, as another process may put a longer one in its place. */
static bool load_tail(struct blocks *blocks, const char *name, struct buffer *tail, uint64_t *begin,
                      uint64_t *size)
{
    _cleanup_(free_string) char *entry = xprintf("%s" S3_TAIL_ENTRY, name);
    uint64_t kept;
    size_t got;
    if (!blob_cache_size(blocks->cache, entry, &kept) || kept < S3_TAIL_HEAD)
        return false;
    buffer_reset(tail);
    buffer_reserve(tail, (size_t)kept + 1);
    if (!blob_cache_get(blocks->cache, entry, 0, tail->data, (size_t)kept + 1, &got) || got != kept)
        return false;
    *size = get_u64((const uint8_t *)tail->data);
    *begin = *size - (kept - S3_TAIL_HEAD);
    return *begin <= *size;
}

/* Small records (recipes, manifests) often lie right before the index, and with it in the end that
 * is kept: a block need not be fetched for them. */
static bool read_tail(struct blocks *blocks, const char *name, uint64_t offset, void *data,
                      size_t length)
{
    _cleanup_(buffer_clear) struct buffer tail = {0};
    uint64_t begin, size;
    if (!load_tail(blocks, name, &tail, &begin, &size) || offset < begin || offset > size ||
        length > size - offset)
        return false;
    memcpy(data, tail.data + S3_TAIL_HEAD + (offset - begin), length);
    return true;
}

/* What the kept end has of the block that begins at `first`, into its place in `data`: `*kept`
 * bytes, to the end of the block or of the blob. What is before it, `*wanted` bytes, is to come. */
static bool fill_from_tail(struct blocks *blocks, const char *name, uint64_t first, uint8_t *data,
                           size_t *wanted, size_t *kept)
{
    _cleanup_(buffer_clear) struct buffer tail = {0};
    uint64_t begin, size;
    if (!load_tail(blocks, name, &tail, &begin, &size))
        return false;
    uint64_t from = begin > first ? begin : first;
    uint64_t to = size < first + S3_BLOCK_SIZE ? size : first + S3_BLOCK_SIZE;
    if (from >= to)
        return false;
    *wanted = (size_t)(from - first);
    *kept = (size_t)(to - from);
    memcpy(data + *wanted, tail.data + S3_TAIL_HEAD + (from - begin), *kept);
    return true;
}

/* ---- fetching -------------------------------------------------------------------------------- */

/* The block as far as it is not in the kept end; `*got` bytes with that. */
static int fetch_rest(struct blocks *blocks, const char *name, uint64_t block, uint8_t *data,
                      size_t *got, struct mlops_error *err)
{
    _cleanup_(free_string) char *key = xprintf(S3_PACKS "%s", name);
    uint64_t first = block * S3_BLOCK_SIZE, size;
    size_t kept = 0, wanted = S3_BLOCK_SIZE;
    if (fill_from_tail(blocks, name, first, data, &wanted, &kept) && wanted == 0) {
        *got = kept;
        return MLOPS_OK;
    }
    TRY(s3_get(blocks->s3, key, first, data, wanted, got, &size, err));
    if (*got == wanted) /* else it has become shorter, and the end is not its end */
        *got += kept;
    pthread_mutex_lock(&blocks->lock);
    struct stream *stream = stream_of(blocks, name);
    if (stream)
        stream->size = size;
    pthread_mutex_unlock(&blocks->lock);
    return MLOPS_OK;
}

static int fetch(struct blocks *blocks, const char *name, uint64_t block, struct mlops_error *err)
{
    _cleanup_(free_string) char *entry = entry_of(name, block);
    uint8_t *data = xmalloc(S3_BLOCK_SIZE);
    size_t got;
    int code = fetch_rest(blocks, name, block, data, &got, err);
    if (code == MLOPS_OK)
        blob_cache_put(blocks->cache, entry, data, got);
    free(data);
    return code;
}

/* With the lock held: whoever is the last leaves nothing behind. */
static void leave(struct blocks *blocks, struct flight *flight)
{
    if (--flight->users > 0)
        return;
    struct flight **at = &blocks->flights;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    free(flight->name);
    free(flight);
}

static void land(struct blocks *blocks, struct flight *flight, int code,
                 const struct mlops_error *err)
{
    pthread_mutex_lock(&blocks->lock);
    flight->code = code;
    if (code)
        flight->err = *err;
    flight->ended = true;
    leave(blocks, flight);
    pthread_cond_broadcast(&blocks->ended);
    pthread_mutex_unlock(&blocks->lock);
}

static void run_fetch(void *context)
{
    struct fetch_task *task = context;
    struct blocks *blocks = task->blocks;
    struct mlops_error err = {0};
    int code = fetch(blocks, task->flight->name, task->flight->block, &err);
    land(blocks, task->flight, code, &err);
    pthread_mutex_lock(&blocks->lock);
    blocks->running--;
    pthread_cond_broadcast(&blocks->ended);
    pthread_mutex_unlock(&blocks->lock);
    free(task);
}

/* With the lock held. `*mine` where nobody fetched it yet. The caller leaves. */
static struct flight *join(struct blocks *blocks, const char *name, uint64_t block, bool *mine)
{
    struct flight *flight = blocks->flights;
    while (flight && (flight->ended || flight->block != block || !str_equal(flight->name, name)))
        flight = flight->next;
    *mine = !flight;
    if (!flight) {
        flight = xcalloc(1, sizeof(*flight));
        flight->name = xstrdup(name);
        flight->block = block;
        flight->next = blocks->flights;
        blocks->flights = flight;
    }
    flight->users++;
    return flight;
}

/* Have it here, or find out why not. */
static int ensure(struct blocks *blocks, const char *name, uint64_t block, struct mlops_error *err)
{
    bool mine;
    pthread_mutex_lock(&blocks->lock);
    struct flight *flight = join(blocks, name, block, &mine);
    if (mine) {
        pthread_mutex_unlock(&blocks->lock);
        int code = fetch(blocks, name, block, err);
        land(blocks, flight, code, err);
        return code;
    }
    while (!flight->ended) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        (void)pthread_cond_timedwait(&blocks->ended, &blocks->lock, &until);
        (void)s3_is_stopped(blocks->s3); /* asks the observer, for the threads cannot */
    }
    int code = flight->code;
    if (code)
        *err = flight->err;
    leave(blocks, flight);
    pthread_mutex_unlock(&blocks->lock);
    return code;
}

/* ---- ahead ----------------------------------------------------------------------------------- */

/* With the lock held: does `block` go on where the last one of the blob ended? `*end` is the block
 * behind the last one of the blob, as far as that is known. */
static bool goes_on(struct blocks *blocks, const char *name, uint64_t block, uint64_t *end)
{
    struct stream *stream = stream_of(blocks, name);
    bool known = stream && stream->next == block;
    if (!stream) {
        stream = &blocks->streams[blocks->next_stream];
        blocks->next_stream = (blocks->next_stream + 1) % STREAMS;
        free(stream->name);
        *stream = (struct stream){.name = xstrdup(name)};
    }
    stream->next = block + 1;
    *end = (stream->size + S3_BLOCK_SIZE - 1) / S3_BLOCK_SIZE;
    return known;
}

/* A block was not here: those behind it will not be either. */
static void fetch_ahead(struct blocks *blocks, const char *name, uint64_t block, uint64_t end)
{
    for (uint64_t i = block + 1; i <= block + AHEAD && i < end; i++) {
        _cleanup_(free_string) char *entry = entry_of(name, i);
        bool mine;
        if (blob_cache_has(blocks->cache, entry))
            continue;
        pthread_mutex_lock(&blocks->lock);
        struct flight *flight = join(blocks, name, i, &mine);
        if (!mine)
            leave(blocks, flight);
        else
            blocks->running++;
        pthread_mutex_unlock(&blocks->lock);
        if (!mine)
            continue;
        struct fetch_task *task = xmalloc(sizeof(*task));
        *task = (struct fetch_task){.blocks = blocks, .flight = flight};
        transfers_add(blocks->transfers, run_fetch, task);
    }
}

static int read_block(struct blocks *blocks, const char *name, uint64_t block, size_t offset,
                      void *data, size_t length, size_t *got, struct mlops_error *err)
{
    _cleanup_(free_string) char *key = xprintf(S3_PACKS "%s", name);
    _cleanup_(free_string) char *entry = entry_of(name, block);
    uint64_t end;
    if (blob_cache_get(blocks->cache, entry, offset, data, length, got))
        return MLOPS_OK;
    *got = length;
    if (read_tail(blocks, name, block * S3_BLOCK_SIZE + offset, data, length))
        return MLOPS_OK;
    pthread_mutex_lock(&blocks->lock);
    bool onward = goes_on(blocks, name, block, &end);
    pthread_mutex_unlock(&blocks->lock);
    if (onward)
        fetch_ahead(blocks, name, block, end);
    TRY(ensure(blocks, name, block, err));
    if (blob_cache_get(blocks->cache, entry, offset, data, length, got))
        return MLOPS_OK;
    /* there is no room in the cache, or it has gone from there already */
    return s3_get(blocks->s3, key, block * S3_BLOCK_SIZE + offset, data, length, got, NULL, err);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_all(struct blocks *blocks, const char *name, uint64_t offset, uint8_t *data,
                    size_t length, size_t *got, struct mlops_error *err)
{
    *got = 0;
    if (blob_cache_get(blocks->cache, name, offset, data, length, got))
        return MLOPS_OK;
    if (!blob_cache_enabled(blocks->cache)) {
        _cleanup_(free_string) char *key = xprintf(S3_PACKS "%s", name);
        return s3_get(blocks->s3, key, offset, data, length, got, NULL, err);
    }
    while (*got < length) {
        uint64_t at = offset + *got, block = at / S3_BLOCK_SIZE;
        size_t inside = (size_t)(at % S3_BLOCK_SIZE), room = S3_BLOCK_SIZE - inside, taken;
        size_t wanted = length - *got < room ? length - *got : room;
        TRY(read_block(blocks, name, block, inside, data + *got, wanted, &taken, err));
        *got += taken;
        if (taken < wanted)
            break;
    }
    return MLOPS_OK;
}

int blocks_read(struct blocks *blocks, const char *name, uint64_t offset, void *data, size_t length,
                struct mlops_error *err)
{
    size_t got;
    uint64_t end;
    if (length == 0)
        return MLOPS_OK;
    if (__builtin_add_overflow(offset, length, &end) || end > INT64_MAX)
        return mlops_fail(err, MLOPS_INTEGRITY, "pack %s has no byte %llu", name,
                          (unsigned long long)offset);
    TRY(read_all(blocks, name, offset, data, length, &got, err));
    if (got == length)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INTEGRITY, "pack %s ends at byte %llu, before byte %llu", name,
                      (unsigned long long)(offset + got), (unsigned long long)end);
}
