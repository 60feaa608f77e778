/* lib/trial/object.c - ranges of an object: its chunks by binary search, the last few kept. */
#include "trial/object.h"

#define CACHED 4 /* chunks: a container's directory, its member, and what lies between */

struct chunk {
    struct digest name;
    uint64_t offset; /* in the object */
    uint32_t length;
};

struct cached {
    size_t chunk;
    uint64_t used; /* when; 0: never */
    uint8_t *data;
};

struct object {
    struct source source;
    struct reader *reader;
    struct chunk *chunks;
    size_t count;
    struct cached cached[CACHED];
    uint64_t uses;
};

static void close_object(struct source *source)
{
    struct object *object = (struct object *)source;
    for (size_t i = 0; i < CACHED; i++)
        free(object->cached[i].data);
    free(object->chunks);
    free(object);
}

static size_t find_chunk(const struct object *object, uint64_t offset)
{
    size_t low = 0, high = object->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (object->chunks[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The bytes of a chunk, out of the cache or instead of what was not used for longest. */
static int load_chunk(struct object *object, size_t index, const uint8_t **data,
                      struct mlops_error *err)
{
    const struct chunk *chunk = &object->chunks[index];
    struct cached *oldest = &object->cached[0];
    struct location location;
    const uint8_t *loaded;
    for (size_t i = 0; i < CACHED; i++) {
        struct cached *cached = &object->cached[i];
        if (cached->used && cached->chunk == index) {
            cached->used = ++object->uses;
            *data = cached->data;
            return MLOPS_OK;
        }
        if (cached->used < oldest->used)
            oldest = cached;
    }
    TRY(reader_find(object->reader, &chunk->name, &location, err));
    if (location.record.kind != RECORD_BLOB || location.record.raw != chunk->length)
        return reader_damaged(err, &location, "a recipe names a chunk of another size");
    TRY(reader_load(object->reader, &location, &loaded, err));
    oldest->data = xrealloc(oldest->data, chunk->length ? chunk->length : 1, 1);
    memcpy(oldest->data, loaded, chunk->length);
    oldest->chunk = index;
    oldest->used = ++object->uses;
    *data = oldest->data;
    return MLOPS_OK;
}

static int read_object(struct source *source, uint64_t offset, void *data, size_t length,
                       struct mlops_error *err)
{
    struct object *object = (struct object *)source;
    uint8_t *to = data;
    for (size_t at = length ? find_chunk(object, offset) : 0; length > 0; at++) {
        const struct chunk *chunk = &object->chunks[at];
        const uint8_t *bytes = NULL;
        size_t skip = (size_t)(offset - chunk->offset), part = chunk->length - skip;
        if (part > length)
            part = length;
        TRY(load_chunk(object, at, &bytes, err));
        memcpy(to, bytes + skip, part);
        to += part;
        offset += part;
        length -= part;
    }
    return MLOPS_OK;
}

static int read_recipe(struct object *object, const struct location *location,
                       struct mlops_error *err)
{
    uint8_t *entries = NULL;
    size_t count;
    TRY(reader_load_recipe(object->reader, location, &entries, &count, err));
    object->chunks = xcalloc(count, sizeof(*object->chunks));
    for (size_t i = 0; i < count; i++) {
        struct recipe_entry entry;
        recipe_entry_decode(entries, i, &entry);
        object->chunks[i] = (struct chunk){
            .name = entry.chunk, .offset = object->source.size, .length = entry.length};
        object->source.size += entry.length;
    }
    object->count = count;
    free(entries);
    return MLOPS_OK;
}

/* A small file, which may be a slice of a chunk that it shares with others: all of it at once, for
 * the reader keeps such chunks for the next file. */
static int load_whole(struct object *object, const struct digest *name, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    TRY(reader_stream(object->reader, name, reader_to_buffer, &content, err));
    object->source.size = content.length;
    object->count = 1;
    object->chunks = xcalloc(1, sizeof(*object->chunks));
    object->chunks[0] = (struct chunk){.name = *name, .length = (uint32_t)content.length};
    object->cached[0].used = ++object->uses;
    object->cached[0].data = xmalloc(content.length + 1);
    if (content.length)
        memcpy(object->cached[0].data, content.data, content.length);
    return MLOPS_OK;
}

int object_open(struct store *store, struct reader *reader, const struct digest *name,
                struct source **source, struct mlops_error *err)
{
    struct location location;
    TRY(store_locate(store, name, &location, err));
    struct object *object = xcalloc(1, sizeof(*object));
    object->source = (struct source){.read = read_object, .close = close_object};
    object->reader = reader;
    *source = &object->source;
    /* the caller closes in any case */
    bool large = location.record.kind == RECORD_RECIPE && !record_is_slice(&location.record);
    return large ? read_recipe(object, &location, err) : load_whole(object, name, err);
}
