/* lib/trial/row_ids.c - ids of rows: their bytes one behind another, and a hash table over them. */
#include "trial/row_ids.h"
#include "base/buffer.h"
#include "stats/hll.h"
#include "trial/output.h"

#define SHOWN_BYTES 40

struct row_ids {
    char *bytes;
    size_t length, room;
    size_t *ends; /* of the id of each row, in `bytes` */
    size_t count, capacity;
    size_t *slots;     /* 1 + row; 0: free */
    size_t slot_count; /* a power of two */
};

struct row_ids *row_ids_new(void)
{
    return xcalloc(1, sizeof(struct row_ids));
}

void row_ids_free(struct row_ids *ids)
{
    if (!ids)
        return;
    free(ids->bytes);
    free(ids->ends);
    free(ids->slots);
    free(ids);
}

static struct text_view id_of(const struct row_ids *ids, size_t row)
{
    size_t from = row ? ids->ends[row - 1] : 0;
    return (struct text_view){.data = ids->bytes + from,
                              .length = (uint32_t)(ids->ends[row] - from)};
}

static int no_memory(size_t rows, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_IO, "not enough memory for the ids of more than %zu rows", rows);
}

int row_ids_add(struct row_ids *ids, struct text_view id, struct mlops_error *err)
{
    if (ids->length + id.length > ids->room) {
        size_t room = (ids->length + id.length) * 2 + 64;
        char *bytes = realloc(ids->bytes, room);
        if (!bytes)
            return no_memory(ids->count, err);
        ids->bytes = bytes;
        ids->room = room;
    }
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity * 2 + 64;
        size_t *ends = reallocarray(ids->ends, capacity, sizeof(*ends));
        if (!ends)
            return no_memory(ids->count, err);
        ids->ends = ends;
        ids->capacity = capacity;
    }
    memcpy(ids->bytes + ids->length, id.data, id.length);
    ids->length += id.length;
    ids->ends[ids->count++] = ids->length;
    return MLOPS_OK;
}

/* The slot of the row that is called `id`; the free one where it would be. */
static size_t *slot_of(const struct row_ids *ids, struct text_view id)
{
    size_t mask = ids->slot_count - 1;
    for (size_t at = stats_hash(id.data, id.length) & mask;; at = (at + 1) & mask) {
        size_t row = ids->slots[at];
        if (row == 0)
            return &ids->slots[at];
        struct text_view known = id_of(ids, row - 1);
        if (known.length == id.length && memcmp(known.data, id.data, id.length) == 0)
            return &ids->slots[at];
    }
}

/* For messages; the caller frees. */
static char *show(struct text_view id)
{
    return output_clean(id.data, id.length > SHOWN_BYTES ? SHOWN_BYTES : id.length);
}

int row_ids_index(struct row_ids *ids, struct mlops_error *err)
{
    ids->slot_count = 64;
    while (ids->slot_count < ids->count * 2)
        ids->slot_count *= 2;
    ids->slots = calloc(ids->slot_count, sizeof(*ids->slots));
    if (!ids->slots)
        return no_memory(ids->count, err);
    for (size_t row = 0; row < ids->count; row++) {
        struct text_view id = id_of(ids, row);
        size_t *slot = slot_of(ids, id);
        if (*slot) {
            _cleanup_(free_string) char *shown = show(id);
            return mlops_fail(err, MLOPS_INVALID, "the id '%s' stands in two rows, %zu and %zu",
                              shown, *slot, row + 1);
        }
        *slot = row + 1;
    }
    return MLOPS_OK;
}

/* The first id of `here` that is not in `there`. */
static int tell_missing(const struct row_ids *here, const struct row_ids *there,
                        const char *here_name, const char *there_name, struct mlops_error *err)
{
    for (size_t row = 0; row < here->count; row++) {
        struct text_view id = id_of(here, row);
        if (*slot_of(there, id))
            continue;
        _cleanup_(free_string) char *shown = show(id);
        return mlops_fail(err, MLOPS_INVALID, "the id '%s' of %s (row %zu) is not in %s", shown,
                          here_name, row + 1, there_name);
    }
    return MLOPS_OK;
}

int row_ids_order(const struct row_ids *here, const struct row_ids *there,
                  const char *const names[2], size_t **order, struct mlops_error *err)
{
    TRY(tell_missing(here, there, names[0], names[1], err));
    TRY(tell_missing(there, here, names[1], names[0], err)); /* as many, then: no id is twice */
    *order = calloc(here->count + 1, sizeof(**order));
    if (!*order)
        return no_memory(here->count, err);
    for (size_t row = 0; row < here->count; row++)
        (*order)[row] = *slot_of(there, id_of(here, row)) - 1;
    return MLOPS_OK;
}
