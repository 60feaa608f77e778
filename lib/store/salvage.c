/* lib/store/salvage.c - what is left of damaged packs, and records out of another store. */
#include "store/salvage.h"
#include "base/endian.h"
#include "base/pool.h"
#include "store/pack.h"
#include "store/pack_writer.h"
#include "store/reader.h"
#include <stdatomic.h>

#define WORKERS_MAX 64
#define RECORD_MAGIC "REC1"

static int check_in(const struct store *store, const char *activity, size_t done, size_t total,
                    struct mlops_error *err)
{
    const struct mlops_observer *observer = store->observer;
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while %s", activity);
    if (observer && observer->progress)
        observer->progress(observer->context, activity, done, total);
    return MLOPS_OK;
}

/* ---- which packs are damaged? ---------------------------------------------------------------- */

enum state { SOUND, BASE_MISSING, DAMAGED };

/* Can a blob be read that is no delta? */
static int base_state(struct reader *reader, const struct store *store, const struct digest *name,
                      enum state *state, struct mlops_error *err)
{
    struct location location;
    const uint8_t *data;
    *state = BASE_MISSING;
    if (!index_find(store->index, name, &location) || location.record.encoding == ENCODING_DELTA)
        return MLOPS_OK;
    int code = reader_load(reader, &location, &data, err);
    if (code == MLOPS_OK)
        *state = SOUND;
    return code == MLOPS_INTEGRITY ? MLOPS_OK : code;
}

/* Of a delta that cannot be decoded: is it its own fault? */
static int delta_state(struct reader *reader, const struct store *store,
                       const struct location *location, enum state *state, struct mlops_error *err)
{
    struct digest bases[DELTA_BASES_MAX];
    size_t count;
    int code = reader_bases(reader, location, bases, &count, err);
    *state = DAMAGED;
    if (code)
        return code == MLOPS_INTEGRITY ? MLOPS_OK : code;
    for (size_t i = 0; i < count; i++) {
        enum state base;
        TRY(base_state(reader, store, &bases[i], &base, err));
        if (base != SOUND)
            *state = BASE_MISSING;
    }
    return MLOPS_OK;
}

static int record_state(struct reader *reader, const struct store *store,
                        const struct location *location, enum state *state, const uint8_t **data,
                        struct mlops_error *err)
{
    int code = reader_load(reader, location, data, err);
    *state = SOUND;
    if (code != MLOPS_INTEGRITY)
        return code;
    *state = DAMAGED;
    return location->record.encoding == ENCODING_DELTA
               ? delta_state(reader, store, location, state, err)
               : MLOPS_OK;
}

static int pack_is_damaged(const struct store *store, struct reader *reader, const char *name,
                           bool *damaged, struct mlops_error *err)
{
    struct pack pack;
    int code = pack_load(store->backend, name, &pack, err);
    if (code == MLOPS_OK && store->backend->remote) {
        code = pack_check_header(store->backend, name, err);
        if (code)
            pack_clear(&pack);
    }
    *damaged = code == MLOPS_INTEGRITY;
    if (code)
        return code == MLOPS_INTEGRITY || code == MLOPS_NOT_FOUND ? MLOPS_OK : code;
    for (size_t i = 0; i < pack.footer.count && !*damaged && code == MLOPS_OK; i++) {
        struct location location = {.pack = pack.name};
        enum state state = SOUND;
        const uint8_t *data;
        (void)pack_index_entry(pack.block, i, &pack.footer, &location.record); /* pack_load did */
        code = record_state(reader, store, &location, &state, &data, err);
        *damaged = state == DAMAGED;
    }
    pack_clear(&pack);
    return code;
}

int salvage_is_damaged(struct store *store, const char *pack, bool *damaged,
                       struct mlops_error *err)
{
    TRY(store_refresh(store, err));
    _cleanup_(reader_free_ptr) struct reader *reader = reader_new(store);
    return pack_is_damaged(store, reader, pack, damaged, err);
}

struct search {
    struct store *store;
    char **names;
    bool *damaged;
    size_t count, capacity;
    struct reader *readers[WORKERS_MAX]; /* a worker's own */
    atomic_size_t done;
};

static int add_name(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    struct search *search = context;
    (void)err;
    if (!pack_name_valid(blob->name))
        return MLOPS_OK;
    GROW(search->names, search->count, &search->capacity);
    search->names[search->count++] = xstrdup(blob->name);
    return MLOPS_OK;
}

static int search_pack(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct search *search = context;
    if (worker == 0) /* the thread that called us */
        TRY(check_in(search->store, "looking for damage", search->done, search->count, err));
    if (!search->readers[worker])
        search->readers[worker] = reader_new(search->store);
    search->done++;
    return pack_is_damaged(search->store, search->readers[worker], search->names[index],
                           &search->damaged[index], err);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int salvage_find(struct store *store, char ***packs, size_t *count, struct mlops_error *err)
{
    struct search search = {.store = store};
    *packs = NULL;
    *count = 0;
    int code = store_refresh(store, err);
    if (code == MLOPS_OK)
        code = store->backend->list(store->backend, add_name, &search, err);
    if (search.count > 0)
        qsort(search.names, search.count, sizeof(*search.names), compare);
    search.damaged = xcalloc(search.count, sizeof(*search.damaged));
    if (code == MLOPS_OK)
        code = pool_run(search.count, search_pack, &search, err);
    if (code == MLOPS_OK)
        *packs = xcalloc(search.count + 1, sizeof(**packs));
    for (size_t i = 0; i < search.count; i++)
        if (code == MLOPS_OK && search.damaged[i])
            (*packs)[(*count)++] = search.names[i];
        else
            free(search.names[i]);
    for (size_t i = 0; i < WORKERS_MAX; i++)
        reader_free(search.readers[i]);
    free(search.names);
    free(search.damaged);
    return code;
}

/* ---- copying --------------------------------------------------------------------------------- */

struct copying {
    struct store *store;
    struct reader *reader;
    struct pack_batch *batch;
    struct digest_set taken;
    const char *pack;
    const uint8_t *bytes; /* of the pack */
    size_t length;
};

/* A record's header at `offset`; false where it cannot be one. */
static bool parse_header(const struct copying *copying, size_t offset, struct record *record)
{
    const uint8_t *in = copying->bytes + offset;
    if (copying->length - offset < RECORD_HEADER_SIZE)
        return false;
    *record = (struct record){.offset = offset,
                              .kind = in[4],
                              .encoding = in[5],
                              .stored = get_u32(in + 8),
                              .raw = get_u32(in + 12)};
    memcpy(record->name.bytes, in + 16, sizeof(record->name.bytes));
    bool blob = record->kind == RECORD_BLOB && record->raw <= CHUNK_MAX;
    bool recipe = record->kind == RECORD_RECIPE && record->raw <= RECIPE_RAW_MAX;
    bool raw = record->encoding == ENCODING_RAW && record->stored == record->raw;
    bool packed = (record->encoding == ENCODING_ZSTD || record->encoding == ENCODING_DELTA) &&
                  record->stored < record->raw;
    return record_header_matches(in, record) && (blob || recipe) && (raw || packed) &&
           record->stored <= copying->length - offset - RECORD_HEADER_SIZE;
}

/* `*next` is where to look for the next record. */
static int copy_at(struct copying *copying, size_t offset, size_t *next, struct mlops_error *err)
{
    struct location location = {.pack = copying->pack};
    enum state state;
    const uint8_t *data;
    *next = offset + strlen(RECORD_MAGIC);
    if (!parse_header(copying, offset, &location.record))
        return MLOPS_OK;
    TRY(record_state(copying->reader, copying->store, &location, &state, &data, err));
    if (state == DAMAGED)
        return MLOPS_OK;
    *next = offset + RECORD_HEADER_SIZE + location.record.stored;
    if (!digest_set_add(&copying->taken, &location.record.name))
        return MLOPS_OK;
    return pack_batch_copy(copying->batch, &location.record,
                           copying->bytes + offset + RECORD_HEADER_SIZE, err);
}

static int copy_pack(struct copying *copying, struct mlops_error *err)
{
    struct store_backend *backend = copying->store->backend;
    uint64_t size;
    int code = backend->size(backend, copying->pack, &size, err);
    if (code)
        return code == MLOPS_NOT_FOUND ? MLOPS_OK : code;
    uint8_t *bytes = size <= SIZE_MAX ? malloc(size ? size : 1) : NULL;
    if (!bytes)
        return mlops_fail(err, MLOPS_IO, "no memory for pack %s", copying->pack);
    copying->bytes = bytes;
    copying->length = (size_t)size;
    code = backend->read(backend, copying->pack, 0, bytes, copying->length, err);
    for (size_t at = 0; code == MLOPS_OK && at < copying->length;) {
        const uint8_t *found =
            memmem(bytes + at, copying->length - at, RECORD_MAGIC, strlen(RECORD_MAGIC));
        if (!found)
            break;
        code = copy_at(copying, (size_t)(found - bytes), &at, err);
    }
    free(bytes);
    return code;
}

/* Do `work` with a batch, and publish what came into it. */
static int with_writer(struct store *store,
                       int (*work)(void *context, struct pack_batch *batch,
                                   struct mlops_error *err),
                       void *context, struct mlops_error *err)
{
    struct pack_writer *writer;
    uint64_t bytes;
    TRY(pack_writer_new(store, &writer, err));
    struct pack_batch *batch = pack_batch_new(writer);
    int code = work(context, batch, err);
    if (code == MLOPS_OK)
        code = pack_batch_flush(batch, err);
    if (code == MLOPS_OK)
        code = pack_writer_publish(writer, &bytes, err);
    pack_batch_free(batch);
    pack_writer_free(writer);
    return code == MLOPS_OK ? store_refresh(store, err) : code;
}

struct evacuation {
    struct store *store;
    char *const *packs;
    size_t count;
};

static int evacuate(void *context, struct pack_batch *batch, struct mlops_error *err)
{
    const struct evacuation *evacuation = context;
    struct store *store = evacuation->store;
    struct copying copying = {.store = store, .batch = batch, .reader = reader_new(store)};
    int code = MLOPS_OK;
    for (size_t i = 0; i < evacuation->count && code == MLOPS_OK; i++) {
        code = check_in(store, "saving what is sound", i, evacuation->count, err);
        copying.pack = evacuation->packs[i];
        if (code == MLOPS_OK)
            code = copy_pack(&copying, err);
    }
    reader_free(copying.reader);
    digest_set_clear(&copying.taken);
    return code;
}

int salvage_copy(struct store *store, char *const *packs, size_t count, struct mlops_error *err)
{
    struct evacuation evacuation = {.store = store, .packs = packs, .count = count};
    return with_writer(store, evacuate, &evacuation, err);
}

int salvage_set_aside(struct store *store, const char *pack, struct mlops_error *err)
{
    return store->backend->set_aside(store->backend, pack, err);
}

/* ---- from another store ---------------------------------------------------------------------- */

struct fetching {
    struct store *store, *from;
    const struct digest *names;
    size_t count;
};

/* What is a slice there becomes a blob here, which needs no others. */
static int fetch_slice(struct reader *reader, struct pack_batch *batch, const struct digest *name,
                       struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    int code = reader_stream(reader, name, reader_to_buffer, &content, err);
    if (code)
        return code == MLOPS_INTEGRITY ? MLOPS_OK : code;
    struct record record = {.name = *name,
                            .kind = RECORD_BLOB,
                            .encoding = ENCODING_RAW,
                            .stored = (uint32_t)content.length,
                            .raw = (uint32_t)content.length};
    return pack_batch_copy(batch, &record, content.data, err);
}

/* As it is decoded: what it is a delta of there need not be here. */
static int fetch_one(struct reader *reader, const struct store *from, struct pack_batch *batch,
                     const struct digest *name, struct mlops_error *err)
{
    struct location location;
    const uint8_t *data;
    if (!index_find(from->index, name, &location))
        return MLOPS_OK;
    if (record_is_slice(&location.record))
        return fetch_slice(reader, batch, name, err);
    int code = reader_load(reader, &location, &data, err);
    if (code)
        return code == MLOPS_INTEGRITY || code == MLOPS_NOT_FOUND ? MLOPS_OK : code;
    struct record record = {.name = *name,
                            .kind = location.record.kind,
                            .encoding = ENCODING_RAW,
                            .stored = location.record.raw,
                            .raw = location.record.raw};
    return pack_batch_copy(batch, &record, data, err);
}

static int fetch(void *context, struct pack_batch *batch, struct mlops_error *err)
{
    const struct fetching *fetching = context;
    _cleanup_(reader_free_ptr) struct reader *reader = reader_new(fetching->from);
    for (size_t i = 0; i < fetching->count; i++) {
        TRY(check_in(fetching->store, "fetching what is missing", i, fetching->count, err));
        TRY(fetch_one(reader, fetching->from, batch, &fetching->names[i], err));
    }
    return check_in(fetching->store, "fetching what is missing", fetching->count, fetching->count,
                    err);
}

int salvage_fetch(struct store *store, struct store *from, const struct digest *names, size_t count,
                  struct mlops_error *err)
{
    struct fetching fetching = {.store = store, .from = from, .names = names, .count = count};
    TRY(store_refresh(from, err));
    return with_writer(store, fetch, &fetching, err);
}
