/* lib/store/visit.c - what objects are made of. */
#include "store/visit.h"
#include "store/reader.h"

struct visitor {
    struct store *store;
    struct reader *reader;
};

struct visitor *visitor_new(struct store *store)
{
    struct visitor *visitor = xcalloc(1, sizeof(*visitor));
    visitor->store = store;
    visitor->reader = reader_new(store);
    return visitor;
}

void visitor_free(struct visitor *visitor)
{
    if (!visitor)
        return;
    reader_free(visitor->reader);
    free(visitor);
}

/* A part of an object: that it is not there is damage. */
static int locate_part(struct visitor *visitor, const struct digest *name,
                       struct location *location, struct mlops_error *err)
{
    int code = store_locate(visitor->store, name, location, err);
    if (code == MLOPS_NOT_FOUND)
        code = (int)(err->code = MLOPS_INTEGRITY);
    return code;
}

int visitor_bases(struct visitor *visitor, const struct location *location,
                  struct digest bases[DELTA_BASES_MAX], size_t *count, struct mlops_error *err)
{
    return reader_bases(visitor->reader, location, bases, count, err);
}

static int visit_blob(struct visitor *visitor, const struct location *location, bool bases,
                      visitor_each each, void *context, struct mlops_error *err)
{
    struct digest names[DELTA_BASES_MAX];
    size_t count;
    if (!each(context, location) || !bases)
        return MLOPS_OK;
    TRY(visitor_bases(visitor, location, names, &count, err));
    for (size_t i = 0; i < count; i++) {
        struct location base;
        TRY(locate_part(visitor, &names[i], &base, err));
        (void)each(context, &base); /* deltas have no deltas as bases */
    }
    return MLOPS_OK;
}

static int visit(struct visitor *visitor, const struct digest *digest, bool bases,
                 visitor_each each, void *context, struct mlops_error *err)
{
    struct location location;
    const uint8_t *data;
    TRY(store_locate(visitor->store, digest, &location, err));
    if (location.record.kind == RECORD_BLOB)
        return visit_blob(visitor, &location, bases, each, context, err);
    if (!each(context, &location))
        return MLOPS_OK;
    TRY(reader_load(visitor->reader, &location, &data, err));
    /* the reader is used again below */
    _cleanup_(buffer_clear) struct buffer entries = {0};
    buffer_append(&entries, data, location.record.raw);
    size_t count = recipe_count(entries.length);
    for (size_t i = 0; i < count; i++) {
        struct recipe_entry entry;
        struct location chunk;
        recipe_entry_decode((const uint8_t *)entries.data, i, &entry);
        TRY(locate_part(visitor, &entry.chunk, &chunk, err));
        TRY(visit_blob(visitor, &chunk, bases, each, context, err));
    }
    return MLOPS_OK;
}

int visitor_parts(struct visitor *visitor, const struct digest *digest, visitor_each each,
                  void *context, struct mlops_error *err)
{
    return visit(visitor, digest, false, each, context, err);
}

int visitor_needs(struct visitor *visitor, const struct digest *digest, visitor_each each,
                  void *context, struct mlops_error *err)
{
    return visit(visitor, digest, true, each, context, err);
}

int visitor_length(struct visitor *visitor, const struct digest *digest, uint64_t *length,
                   struct mlops_error *err)
{
    struct location location, chunk;
    const uint8_t *entries;
    TRY(store_locate(visitor->store, digest, &location, err));
    *length = location.record.raw;
    if (location.record.kind == RECORD_BLOB)
        return MLOPS_OK;
    *length = 0;
    TRY(reader_load(visitor->reader, &location, &entries, err));
    size_t count = recipe_count(location.record.raw);
    for (size_t i = 0; i < count; i++) {
        struct recipe_entry entry;
        recipe_entry_decode(entries, i, &entry);
        TRY(locate_part(visitor, &entry.chunk, &chunk, err));
        if (chunk.record.kind != RECORD_BLOB || !recipe_entry_fits(&entry, count, chunk.record.raw))
            return reader_damaged(err, &location, "a recipe names a chunk of another size");
        *length += entry.length;
    }
    return MLOPS_OK;
}

static int miss_blob(struct visitor *visitor, const struct digest *name, visitor_miss each,
                     void *context, struct mlops_error *err)
{
    struct digest bases[DELTA_BASES_MAX];
    struct location location, base;
    size_t count = 0;
    int code = MLOPS_INTEGRITY;
    if (index_find(visitor->store->index, name, &location))
        code = visitor_bases(visitor, &location, bases, &count, err);
    if (code == MLOPS_INTEGRITY)
        each(context, name);
    else
        TRY(code);
    for (size_t i = 0; i < count; i++)
        if (!index_find(visitor->store->index, &bases[i], &base))
            each(context, &bases[i]);
    return MLOPS_OK;
}

/* visitor_miss */
static void note_any(void *context, const struct digest *name)
{
    (void)name;
    *(bool *)context = true;
}

int visitor_missing(struct visitor *visitor, const struct digest *digest, visitor_miss each,
                    void *context, struct mlops_error *err)
{
    struct location location;
    const uint8_t *data;
    if (!index_find(visitor->store->index, digest, &location) ||
        location.record.kind == RECORD_BLOB)
        return miss_blob(visitor, digest, each, context, err);
    int code = reader_load(visitor->reader, &location, &data, err);
    if (code == MLOPS_INTEGRITY) {
        each(context, digest);
        return MLOPS_OK;
    }
    TRY(code);
    _cleanup_(buffer_clear) struct buffer entries = {0};
    buffer_append(&entries, data, location.record.raw);
    bool slice = record_is_slice(&location.record), any = false;
    for (size_t i = 0; i < recipe_count(entries.length); i++) {
        struct recipe_entry entry;
        recipe_entry_decode((const uint8_t *)entries.data, i, &entry);
        TRY(miss_blob(visitor, &entry.chunk, slice ? note_any : each,
                      slice ? (void *)&any : context, err));
    }
    if (any)
        each(context, digest);
    return MLOPS_OK;
}

int visitor_verify(struct visitor *visitor, const struct location *location,
                   struct mlops_error *err)
{
    const uint8_t *data;
    return reader_load(visitor->reader, location, &data, err);
}

int visitor_stored(struct visitor *visitor, struct location *location, bool bases,
                   const uint8_t **stored, struct mlops_error *err)
{
    return reader_load_stored(visitor->reader, location, bases, stored, err);
}

void store_shun(struct store *store, char *const *packs, size_t count)
{
    index_shun(store->index, packs, count);
}
