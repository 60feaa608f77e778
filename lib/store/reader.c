/* lib/store/reader.c - records out of packs, verified. */
#include "store/reader.h"
#include <zstd.h>

struct reader {
    struct store_backend *backend;
    ZSTD_DCtx *zstd;
    uint8_t *stored, *raw; /* grown as needed */
    size_t stored_capacity, raw_capacity;
    struct sha256 *file_hash;
};

struct reader *reader_new(struct store_backend *backend)
{
    struct reader *reader = xcalloc(1, sizeof(*reader));
    reader->backend = backend;
    reader->zstd = xcheck(ZSTD_createDCtx());
    reader->file_hash = sha256_new();
    return reader;
}

void reader_free(struct reader *reader)
{
    if (!reader)
        return;
    ZSTD_freeDCtx(reader->zstd);
    free(reader->stored);
    free(reader->raw);
    sha256_free(reader->file_hash);
    free(reader);
}

static int damaged(struct mlops_error *err, const struct location *location, const char *what)
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

int reader_load(struct reader *reader, const struct location *location, const uint8_t **data,
                struct mlops_error *err)
{
    const struct record *record = &location->record;
    size_t length = RECORD_HEADER_SIZE + (size_t)record->stored;
    TRY(reserve(&reader->stored, &reader->stored_capacity,
                length < CHUNK_MAX ? CHUNK_MAX + RECORD_HEADER_SIZE : length, err));
    TRY(reader->backend->read(reader->backend, location->pack, record->offset, reader->stored,
                              length, err));
    if (!record_header_matches(reader->stored, record))
        return damaged(err, location, "a record's header does not match the index");
    *data = reader->stored + RECORD_HEADER_SIZE;
    if (record->encoding == ENCODING_ZSTD) {
        TRY(reserve(&reader->raw, &reader->raw_capacity,
                    record->raw < CHUNK_MAX ? CHUNK_MAX : record->raw, err));
        size_t got =
            ZSTD_decompressDCtx(reader->zstd, reader->raw, record->raw, *data, record->stored);
        if (ZSTD_isError(got) || got != record->raw)
            return damaged(err, location, "its content cannot be decompressed");
        *data = reader->raw;
    }
    if (record->kind == RECORD_BLOB) {
        struct digest digest;
        sha256_of(*data, record->raw, &digest);
        if (!digest_equal(&digest, &record->name))
            return damaged(err, location, "its content does not have the digest that it should");
    } else {
        size_t count;
        if (!recipe_check(*data, record->raw, &count))
            return damaged(err, location, "a recipe does not match its checksum");
    }
    return MLOPS_OK;
}

static int not_there(const struct index *index, const struct digest *name, struct mlops_error *err)
{
    char hex[SHA256_HEX_SIZE];
    digest_to_hex(name, hex);
    if (index_damage(index)) {
        *err = *index_damage(index);
        return (int)err->code;
    }
    mlops_fail(err, MLOPS_INTEGRITY, "a part %.16s… of an object is not in the store", hex);
    return mlops_hint(err, "put the pack files back from a backup or another copy of the registry");
}

static int stream_recipe(struct reader *reader, const struct index *index,
                         const struct location *recipe, const uint8_t *entries, reader_sink sink,
                         void *context, struct mlops_error *err)
{
    size_t count = (recipe->record.raw - 32) / RECIPE_ENTRY_SIZE;
    for (size_t i = 0; i < count; i++) {
        struct recipe_entry entry;
        struct location chunk;
        const uint8_t *data;
        recipe_entry_decode(entries, i, &entry);
        if (!index_find(index, &entry.chunk, &chunk))
            return not_there(index, &entry.chunk, err);
        if (chunk.record.kind != RECORD_BLOB || chunk.record.raw != entry.length)
            return damaged(err, recipe, "a recipe names a chunk of another size");
        TRY(reader_load(reader, &chunk, &data, err));
        sha256_update(reader->file_hash, data, entry.length);
        TRY(sink(context, data, entry.length, err));
    }
    return MLOPS_OK;
}

int reader_stream(struct reader *reader, const struct index *index, const struct digest *name,
                  reader_sink sink, void *context, struct mlops_error *err)
{
    struct location location;
    const uint8_t *data;
    if (!index_find(index, name, &location))
        return not_there(index, name, err);
    TRY(reader_load(reader, &location, &data, err));
    if (location.record.kind == RECORD_BLOB)
        return sink(context, data, location.record.raw, err);

    /* the chunks reuse the buffers that the recipe lies in */
    _cleanup_(buffer_clear) struct buffer entries = {0};
    buffer_append(&entries, data, location.record.raw);
    int code =
        stream_recipe(reader, index, &location, (const uint8_t *)entries.data, sink, context, err);
    struct digest digest;
    sha256_final(reader->file_hash, &digest); /* in every case: it starts anew with it */
    if (code == MLOPS_OK && !digest_equal(&digest, name))
        return damaged(err, &location, "the file put together does not have its digest");
    return code;
}
