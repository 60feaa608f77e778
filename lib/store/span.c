/* lib/store/span.c - an object by ranges: the chunks that a range lies in, the last one kept. */
#include "store/span.h"
#include "store/reader.h"

struct store_span {
    struct reader *reader;
    struct location recipe;
    uint8_t *entries;  /* of the recipe */
    uint64_t *offsets; /* where each chunk begins in the object; one more for the end */
    size_t count;
    const uint8_t *chunk; /* the reader's, of entry `at`; NULL: none */
    size_t at;
    struct buffer content; /* of an object of one piece; `count` is 0 then */
};
DEFINE_CLEANUP(struct store_span, store_span_free)

void store_span_free(struct store_span *span)
{
    if (!span)
        return;
    reader_free(span->reader);
    free(span->entries);
    free(span->offsets);
    buffer_clear(&span->content);
    free(span);
}

static int open_recipe(struct store_span *span, struct mlops_error *err)
{
    TRY(reader_load_recipe(span->reader, &span->recipe, &span->entries, &span->count, err));
    span->offsets = xcalloc(span->count + 1, sizeof(*span->offsets));
    for (size_t i = 0; i < span->count; i++) {
        struct recipe_entry entry;
        recipe_entry_decode(span->entries, i, &entry);
        span->offsets[i + 1] = span->offsets[i] + entry.length;
    }
    return MLOPS_OK;
}

int store_span_open(struct store *store, const struct digest *digest, struct store_span **span,
                    struct mlops_error *err)
{
    _cleanup_(store_span_free_ptr) struct store_span *opened = xcalloc(1, sizeof(*opened));
    TRY(store_locate(store, digest, &opened->recipe, err));
    opened->reader = reader_new(store);
    if (opened->recipe.record.kind == RECORD_RECIPE && !record_is_slice(&opened->recipe.record))
        TRY(open_recipe(opened, err));
    else
        TRY(reader_stream(opened->reader, digest, reader_to_buffer, &opened->content, err));
    *span = TAKE_PTR(opened);
    return MLOPS_OK;
}

/* The chunk that has `offset`: most likely the one after the last. */
static size_t find_entry(const struct store_span *span, uint64_t offset)
{
    size_t low = 0, high = span->count - 1;
    for (size_t i = span->at; i < span->count && i <= span->at + 1; i++)
        if (span->offsets[i] <= offset && offset < span->offsets[i + 1])
            return i;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (span->offsets[middle] <= offset)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int load_entry(struct store_span *span, size_t i, struct mlops_error *err)
{
    struct recipe_entry entry;
    struct location chunk;
    if (span->chunk && span->at == i)
        return MLOPS_OK;
    span->chunk = NULL;
    span->at = i;
    recipe_entry_decode(span->entries, i, &entry);
    TRY(reader_find(span->reader, &entry.chunk, &chunk, err));
    if (chunk.record.kind != RECORD_BLOB ||
        !recipe_entry_fits(&entry, span->count, chunk.record.raw))
        return reader_damaged(err, &span->recipe, "a recipe names a chunk of another size");
    return reader_load(span->reader, &chunk, &span->chunk, err);
}

int store_span_read(struct store_span *span, uint64_t offset, void *data, size_t length,
                    struct mlops_error *err)
{
    uint64_t size = span->count ? span->offsets[span->count] : span->content.length;
    uint8_t *to = data;
    if (offset > size || length > size - offset)
        return reader_damaged(err, &span->recipe, "the object is shorter than it should be");
    if (span->count == 0) {
        memcpy(to, span->content.data + offset, length);
        return MLOPS_OK;
    }
    while (length > 0) {
        size_t i = find_entry(span, offset);
        TRY(load_entry(span, i, err));
        size_t inside = (size_t)(offset - span->offsets[i]);
        size_t there = (size_t)(span->offsets[i + 1] - offset);
        size_t part = there < length ? there : length;
        memcpy(to, span->chunk + inside, part);
        to += part;
        offset += part;
        length -= part;
    }
    return MLOPS_OK;
}
