/* lib/store/reader.c - records out of packs, verified. */
#include "store/reader.h"
#include "base/crc32c.h"
#include <zstd.h>

/* Packs that may be replaced under a reader's hands before it gives up. */
#define RELOCATIONS_MAX 8
#define KEPT 4

/* A chunk of many small files, which a reader keeps for the next one, as they come in order. */
struct kept {
    struct digest name;
    uint8_t *data; /* CHUNK_MAX; NULL: none yet */
};

struct reader {
    const struct store *store;
    ZSTD_DCtx *zstd;
    uint8_t *stored, *raw; /* grown as needed */
    size_t stored_capacity, raw_capacity;
    struct sha256 *file_hash;
    struct reader *base_reader; /* of the bases of deltas; made when first needed */
    uint8_t *prefix;            /* the bases of the last delta, one after another */
    size_t prefix_length;
    struct digest bases[DELTA_BASES_MAX];
    size_t base_count; /* 0: `prefix` is nothing */
    struct kept kept[KEPT];
    size_t next_kept; /* that makes room for another */
};

struct reader *reader_new(const struct store *store)
{
    struct reader *reader = xcalloc(1, sizeof(*reader));
    reader->store = store;
    reader->zstd = xcheck(ZSTD_createDCtx());
    reader->file_hash = sha256_new();
    return reader;
}

void reader_free(struct reader *reader)
{
    if (!reader)
        return;
    reader_free(reader->base_reader);
    ZSTD_freeDCtx(reader->zstd);
    free(reader->stored);
    free(reader->raw);
    free(reader->prefix);
    for (size_t i = 0; i < KEPT; i++)
        free(reader->kept[i].data);
    sha256_free(reader->file_hash);
    free(reader);
}

int reader_damaged(struct mlops_error *err, const struct location *location, const char *what)
{
    mlops_fail(err, MLOPS_INTEGRITY, "pack %s is damaged at byte %llu: %s", location->pack,
               (unsigned long long)location->record.offset, what);
    return mlops_hint(err, "put the file back from a backup or from another copy of the registry");
}

static int reserve(uint8_t **memory, size_t *capacity, size_t size, struct mlops_error *err)
{
    if (size <= *capacity)
        return MLOPS_OK;
    uint8_t *grown = realloc(*memory, size);
    if (!grown)
        return mlops_fail(err, MLOPS_IO, "no memory for an object of %zu bytes", size);
    *memory = grown;
    *capacity = size;
    return MLOPS_OK;
}

/* The record as it is stored, at `*data`. Where gc has replaced its pack, `location` is changed to
 * where it is now. What is stored raw goes to `raw` at once, where that is given, without its
 * header: whoever gives it compares the content's digest. */
static int load_stored(struct reader *reader, struct location *location, uint8_t *raw,
                       const uint8_t **data, struct mlops_error *err)
{
    const struct record *record = &location->record;
    struct store_backend *backend = reader->store->backend;
    int code = MLOPS_NOT_FOUND;
    for (int i = 0; code == MLOPS_NOT_FOUND && i < RELOCATIONS_MAX; i++) {
        if (i > 0)
            TRY(store_relocate(reader->store, location, err));
        *data = raw;
        if (raw && record->encoding == ENCODING_RAW) {
            code = backend->read(backend, location->pack, record->offset + RECORD_HEADER_SIZE, raw,
                                 record->stored, err);
            continue;
        }
        size_t length = RECORD_HEADER_SIZE + (size_t)record->stored;
        TRY(reserve(&reader->stored, &reader->stored_capacity,
                    length < CHUNK_MAX ? CHUNK_MAX + RECORD_HEADER_SIZE : length, err));
        code = backend->read(backend, location->pack, record->offset, reader->stored, length, err);
    }
    TRY(code);
    if (raw && record->encoding == ENCODING_RAW)
        return MLOPS_OK;
    if (!record_header_matches(reader->stored, record))
        return reader_damaged(err, location, "a record's header does not match the index");
    *data = reader->stored + RECORD_HEADER_SIZE;
    if (record->checksum != 0 && crc32c(*data, record->stored) != record->checksum)
        return reader_damaged(err, location, "what is stored does not match its checksum");
    return MLOPS_OK;
}

int reader_find(const struct reader *reader, const struct digest *name, struct location *location,
                struct mlops_error *err)
{
    const struct index *index = reader->store->index;
    char hex[SHA256_HEX_SIZE];
    struct mlops_error ignored = {0}; /* the one below says what it is a part of */
    if (index_find(index, name, location))
        return MLOPS_OK;
    location->record.name = *name; /* gc may have put it elsewhere while packs were listed */
    if (store_relocate(reader->store, location, &ignored) == MLOPS_OK)
        return MLOPS_OK;
    if (index_damage(index)) {
        *err = *index_damage(index);
        return (int)err->code;
    }
    digest_to_hex(name, hex);
    mlops_fail(err, MLOPS_INTEGRITY, "a part %.16s… of an object is not in the store", hex);
    return mlops_hint(err, "put the pack files back from a backup or another copy of the registry");
}

/* The bases of a delta, one after another in `prefix`; those of the last one are kept, as chunks
 * that follow one another often share them. */
static int load_bases(struct reader *reader, const struct location *delta,
                      const struct digest *bases, size_t count, struct mlops_error *err)
{
    if (count == reader->base_count && memcmp(bases, reader->bases, count * sizeof(*bases)) == 0)
        return MLOPS_OK;
    if (!reader->base_reader)
        reader->base_reader = reader_new(reader->store);
    if (!reader->prefix)
        reader->prefix = xmalloc(DELTA_BASES_MAX * CHUNK_MAX);
    reader->base_count = 0;
    reader->prefix_length = 0;
    for (size_t i = 0; i < count; i++) {
        struct location location;
        const uint8_t *data;
        TRY(reader_find(reader, &bases[i], &location, err));
        if (location.record.kind != RECORD_BLOB || location.record.encoding == ENCODING_DELTA)
            return reader_damaged(err, delta, "it is a delta of what is one itself");
        TRY(reader_load(reader->base_reader, &location, &data, err));
        memcpy(reader->prefix + reader->prefix_length, data, location.record.raw);
        reader->prefix_length += location.record.raw;
    }
    memcpy(reader->bases, bases, count * sizeof(*bases));
    reader->base_count = count;
    return MLOPS_OK;
}

/* Decode what is stored at `stored` into `raw`, which has room. */
static int decode(struct reader *reader, const struct location *location, const uint8_t *stored,
                  uint8_t *raw, struct mlops_error *err)
{
    const struct record *record = &location->record;
    size_t header = 0;
    if (record->encoding == ENCODING_DELTA) {
        struct digest bases[DELTA_BASES_MAX];
        size_t count;
        header = delta_header_decode(stored, record->stored, bases, &count);
        if (header == 0)
            return reader_damaged(err, location, "a delta's header is not one");
        TRY(load_bases(reader, location, bases, count, err));
        (void)ZSTD_DCtx_refPrefix(reader->zstd, reader->prefix, reader->prefix_length);
    }
    size_t got = ZSTD_decompressDCtx(reader->zstd, raw, record->raw, stored + header,
                                     record->stored - header);
    if (ZSTD_isError(got) || got != record->raw)
        return reader_damaged(err, location, "its content cannot be decompressed");
    return MLOPS_OK;
}

static int check_blob(const struct location *location, const uint8_t *data, struct mlops_error *err)
{
    struct digest digest;
    sha256_of(data, location->record.raw, &digest);
    return digest_equal(&digest, &location->record.name)
               ? MLOPS_OK
               : reader_damaged(err, location,
                                "its content does not have the digest that it should");
}

static int load_into(struct reader *reader, const struct location *location, uint8_t *data,
                     struct mlops_error *err)
{
    struct location now = *location;
    const uint8_t *stored = NULL;
    TRY(load_stored(reader, &now, data, &stored, err));
    if (now.record.encoding != ENCODING_RAW)
        TRY(decode(reader, &now, stored, data, err));
    /* a copy is checked before it is used, as there is something to be done about it here */
    return reader->store->backend->remote ? check_blob(&now, data, err) : MLOPS_OK;
}

/* reader_load that does not try again; `location` as load_stored. */
static int load(struct reader *reader, struct location *location, const uint8_t **data,
                struct mlops_error *err)
{
    const struct record *record = &location->record;
    TRY(load_stored(reader, location, NULL, data, err));
    if (record->encoding != ENCODING_RAW) {
        TRY(reserve(&reader->raw, &reader->raw_capacity,
                    record->raw < CHUNK_MAX ? CHUNK_MAX : record->raw, err));
        TRY(decode(reader, location, *data, reader->raw, err));
        *data = reader->raw;
    }
    if (record->kind == RECORD_BLOB)
        return check_blob(location, *data, err);
    if (!recipe_check(*data, record->raw))
        return reader_damaged(err, location, "a recipe does not match its checksum");
    return MLOPS_OK;
}

bool reader_recognize(struct reader *reader, const struct digest *blobs, size_t count,
                      const uint8_t *data, uint32_t length, struct digest *name)
{
    struct store_backend *backend = reader->store->backend;
    struct mlops_error ignored = {0}; /* without memory it is not recognized */
    if (!backend->peek || reserve(&reader->stored, &reader->stored_capacity,
                                  CHUNK_MAX + RECORD_HEADER_SIZE, &ignored))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct location location;
        const struct record *record = &location.record;
        if (!index_find(reader->store->index, &blobs[i], &location) ||
            record->kind != RECORD_BLOB || record->encoding != ENCODING_RAW ||
            record->raw != length || length > CHUNK_MAX ||
            !backend->peek(backend, location.pack, record->offset + RECORD_HEADER_SIZE,
                           reader->stored, length) ||
            memcmp(reader->stored, data, length) != 0)
            continue;
        *name = blobs[i];
        return true;
    }
    return false;
}

/* It came damaged, and from a copy on this machine or over a network: may it be sound where it
 * lies? */
static bool is_worth_another(const struct reader *reader, const struct location *location, int code)
{
    struct store_backend *backend = reader->store->backend;
    return code == MLOPS_INTEGRITY && backend->forget && backend->forget(backend, location->pack);
}

int reader_load_into(struct reader *reader, const struct location *location, uint8_t *data,
                     struct mlops_error *err)
{
    int code = load_into(reader, location, data, err);
    return is_worth_another(reader, location, code) ? load_into(reader, location, data, err) : code;
}

int reader_load(struct reader *reader, const struct location *location, const uint8_t **data,
                struct mlops_error *err)
{
    struct location now = *location;
    int code = load(reader, &now, data, err);
    return is_worth_another(reader, &now, code) ? load(reader, &now, data, err) : code;
}

static int check_stored(struct reader *reader, struct location *location, bool bases,
                        const uint8_t **data, struct mlops_error *err)
{
    if (!bases && location->record.encoding == ENCODING_DELTA && location->record.checksum != 0)
        return load_stored(reader, location, NULL, data, err);
    return load(reader, location, data, err);
}

int reader_load_stored(struct reader *reader, struct location *location, bool bases,
                       const uint8_t **stored, struct mlops_error *err)
{
    const uint8_t *data;
    int code = check_stored(reader, location, bases, &data, err);
    if (is_worth_another(reader, location, code))
        code = check_stored(reader, location, bases, &data, err);
    TRY(code);
    *stored = reader->stored + RECORD_HEADER_SIZE;
    return MLOPS_OK;
}

int reader_load_recipe(struct reader *reader, const struct location *location, uint8_t **entries,
                       size_t *count, struct mlops_error *err)
{
    const uint8_t *data;
    if (location->record.kind != RECORD_RECIPE)
        return reader_damaged(err, location, "it is not the recipe that it should be");
    TRY(reader_load(reader, location, &data, err));
    *count = recipe_count(location->record.raw);
    bool raw = location->record.encoding == ENCODING_RAW;
    uint8_t **memory = raw ? &reader->stored : &reader->raw;
    memmove(*memory, data, *count * RECIPE_ENTRY_SIZE);
    *entries = TAKE_PTR(*memory);
    *(raw ? &reader->stored_capacity : &reader->raw_capacity) = 0;
    return MLOPS_OK;
}

int reader_bases(struct reader *reader, const struct location *location,
                 struct digest bases[DELTA_BASES_MAX], size_t *count, struct mlops_error *err)
{
    struct location now = *location;
    const struct record *record = &now.record;
    struct store_backend *backend = reader->store->backend;
    uint8_t head[RECORD_HEADER_SIZE + DELTA_HEADER_MAX];
    size_t length = 0;
    int code = MLOPS_NOT_FOUND;
    *count = 0;
    for (int i = 0; code == MLOPS_NOT_FOUND && i < RELOCATIONS_MAX; i++) {
        if (i > 0)
            TRY(store_relocate(reader->store, &now, err));
        if (record->encoding != ENCODING_DELTA)
            return MLOPS_OK;
        length = record->stored < DELTA_HEADER_MAX ? record->stored : DELTA_HEADER_MAX;
        code = backend->read(backend, now.pack, record->offset, head, RECORD_HEADER_SIZE + length,
                             err);
    }
    TRY(code);
    if (!record_header_matches(head, record))
        return reader_damaged(err, &now, "a record's header does not match the index");
    if (delta_header_decode(head + RECORD_HEADER_SIZE, length, bases, count) == 0)
        return reader_damaged(err, &now, "a delta's header is not one");
    return MLOPS_OK;
}

/* A blob, and what it is a delta of. */
static int has_blob(struct reader *reader, const struct digest *name, bool *whole,
                    struct mlops_error *err)
{
    const struct index *index = reader->store->index;
    struct location location, base;
    struct digest bases[DELTA_BASES_MAX];
    size_t count;
    *whole = index_find(index, name, &location) && location.record.kind == RECORD_BLOB;
    if (!*whole || location.record.encoding != ENCODING_DELTA)
        return MLOPS_OK;
    TRY(reader_bases(reader, &location, bases, &count, err));
    for (size_t i = 0; i < count && *whole; i++)
        *whole = index_find(index, &bases[i], &base) && base.record.kind == RECORD_BLOB &&
                 base.record.encoding != ENCODING_DELTA;
    return MLOPS_OK;
}

static int has_all(struct reader *reader, const struct digest *name, bool *whole,
                   struct mlops_error *err)
{
    struct location location;
    const uint8_t *entries;
    if (!index_find(reader->store->index, name, &location) || location.record.kind != RECORD_RECIPE)
        return has_blob(reader, name, whole, err);
    TRY(reader_load(reader, &location, &entries, err));
    size_t count = recipe_count(location.record.raw);
    *whole = true;
    for (size_t i = 0; i < count && *whole; i++) {
        struct recipe_entry entry;
        recipe_entry_decode(entries, i, &entry);
        TRY(has_blob(reader, &entry.chunk, whole, err));
    }
    return MLOPS_OK;
}

int reader_has_whole(struct reader *reader, const struct digest *name, bool *whole,
                     struct mlops_error *err)
{
    int code = has_all(reader, name, whole, err);
    if (code == MLOPS_OK || code == MLOPS_IO)
        return code;
    *whole = false;
    *err = (struct mlops_error){0};
    return MLOPS_OK;
}

/* The chunk that a slice is of. It is not checked: the slice will be, by its own digest. */
static int load_group(struct reader *reader, const struct location *chunk,
                      const struct kept **group, struct mlops_error *err)
{
    for (size_t i = 0; i < KEPT; i++) {
        *group = &reader->kept[i];
        if ((*group)->data && digest_equal(&(*group)->name, &chunk->record.name))
            return MLOPS_OK;
    }
    struct kept *room = &reader->kept[reader->next_kept];
    reader->next_kept = (reader->next_kept + 1) % KEPT;
    if (!room->data)
        room->data = xmalloc(CHUNK_MAX);
    room->name = (struct digest){0}; /* nothing, should loading fail */
    TRY(reader_load_into(reader, chunk, room->data, err));
    room->name = chunk->record.name;
    *group = room;
    return MLOPS_OK;
}

static int stream_slice(struct reader *reader, const struct location *recipe,
                        const struct recipe_entry *entry, reader_sink sink, void *context,
                        struct mlops_error *err)
{
    struct location chunk;
    const struct kept *group;
    struct digest digest;
    TRY(reader_find(reader, &entry->chunk, &chunk, err));
    if (chunk.record.kind != RECORD_BLOB || !recipe_entry_fits(entry, 1, chunk.record.raw))
        return reader_damaged(err, recipe, "a recipe names what is not in its chunk");
    TRY(load_group(reader, &chunk, &group, err));
    sha256_of(group->data + entry->offset, entry->length, &digest);
    if (!digest_equal(&digest, &recipe->record.name))
        return reader_damaged(err, &chunk, "its content does not have the digest that it should");
    return sink(context, group->data + entry->offset, entry->length, err);
}

static int stream_recipe(struct reader *reader, const struct location *recipe,
                         const uint8_t *entries, reader_sink sink, void *context,
                         struct mlops_error *err)
{
    size_t count = recipe_count(recipe->record.raw);
    for (size_t i = 0; i < count; i++) {
        struct recipe_entry entry;
        struct location chunk;
        const uint8_t *data;
        recipe_entry_decode(entries, i, &entry);
        TRY(reader_find(reader, &entry.chunk, &chunk, err));
        if (chunk.record.kind != RECORD_BLOB || !recipe_entry_fits(&entry, count, chunk.record.raw))
            return reader_damaged(err, recipe, "a recipe names a chunk of another size");
        TRY(reader_load(reader, &chunk, &data, err));
        sha256_update(reader->file_hash, data, entry.length);
        TRY(sink(context, data, entry.length, err));
    }
    return MLOPS_OK;
}

int reader_stream(struct reader *reader, const struct digest *name, reader_sink sink, void *context,
                  struct mlops_error *err)
{
    struct location location;
    const uint8_t *data;
    TRY(reader_find(reader, name, &location, err));
    TRY(reader_load(reader, &location, &data, err));
    if (location.record.kind == RECORD_BLOB)
        return sink(context, data, location.record.raw, err);
    if (record_is_slice(&location.record)) {
        struct recipe_entry entry;
        recipe_entry_decode(data, 0, &entry);
        return stream_slice(reader, &location, &entry, sink, context, err);
    }

    /* the chunks reuse the buffers that the recipe lies in */
    _cleanup_(buffer_clear) struct buffer entries = {0};
    buffer_append(&entries, data, location.record.raw);
    int code = stream_recipe(reader, &location, (const uint8_t *)entries.data, sink, context, err);
    struct digest digest;
    sha256_final(reader->file_hash, &digest); /* in every case: it starts anew with it */
    if (code == MLOPS_OK && !digest_equal(&digest, name))
        return reader_damaged(err, &location, "the file put together does not have its digest");
    return code;
}

int reader_to_buffer(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    (void)err; /* memory does not fail */
    buffer_append(context, data, length);
    return MLOPS_OK;
}
