/* lib/store/parcel.c - chosen records as packs that are made while they are sent away. */
#include "store/parcel.h"
#include "base/digest_set.h"
#include "store/handle.h"
#include "store/visit.h"
#include <stdio.h>
#include <stdlib.h>

struct parcel {
    struct store *store;
    struct digest_set names;
    struct location *items; /* where each record lies, in the order in which they were taken */
    size_t count, capacity;
    struct parcel_pack *packs;
    size_t pack_count, pack_capacity;
};

struct parcel *parcel_new(struct store *store)
{
    struct parcel *parcel = xcalloc(1, sizeof(*parcel));
    parcel->store = store;
    return parcel;
}

void parcel_free(struct parcel *parcel)
{
    if (!parcel)
        return;
    digest_set_clear(&parcel->names);
    free(parcel->items);
    free(parcel->packs);
    free(parcel);
}

bool parcel_take(void *context, const struct location *location)
{
    struct parcel *parcel = context;
    if (!digest_set_add(&parcel->names, &location->record.name))
        return false;
    GROW(parcel->items, parcel->count, &parcel->capacity);
    parcel->items[parcel->count++] = *location;
    return true;
}

bool parcel_has(const struct parcel *parcel, const struct digest *name)
{
    return digest_set_has(&parcel->names, name);
}

/* Index and footer of a pack; its records end at `*end`. */
static void make_tail(const struct parcel *parcel, const struct parcel_pack *pack, uint64_t *end,
                      struct buffer *tail, struct digest *id)
{
    struct record *records = xcalloc(pack->count, sizeof(*records));
    uint64_t offset = PACK_HEADER_SIZE;
    for (size_t i = 0; i < pack->count; i++) {
        records[i] = parcel->items[pack->first + i].record;
        records[i].offset = offset;
        offset += RECORD_HEADER_SIZE + records[i].stored;
    }
    pack_tail_encode(records, pack->count, offset, tail, id);
    free(records);
    *end = offset;
}

static void name_pack(const struct parcel *parcel, struct parcel_pack *pack)
{
    _cleanup_(buffer_clear) struct buffer tail = {0};
    char hex[SHA256_HEX_SIZE];
    struct digest id;
    uint64_t end;
    make_tail(parcel, pack, &end, &tail, &id);
    digest_to_hex(&id, hex);
    snprintf(pack->name, sizeof(pack->name), "%s.pack", hex);
    pack->size = end + tail.length;
}

void parcel_seal(struct parcel *parcel)
{
    for (size_t first = 0; first < parcel->count;) {
        uint64_t size = PACK_HEADER_SIZE;
        size_t end = first;
        while (end < parcel->count && size < PACK_TARGET_SIZE)
            size += RECORD_HEADER_SIZE + parcel->items[end++].record.stored;
        GROW(parcel->packs, parcel->pack_count, &parcel->pack_capacity);
        struct parcel_pack *pack = &parcel->packs[parcel->pack_count++];
        *pack = (struct parcel_pack){.first = first, .count = end - first};
        name_pack(parcel, pack);
        first = end;
    }
}

size_t parcel_count(const struct parcel *parcel)
{
    return parcel->pack_count;
}

const struct parcel_pack *parcel_pack(const struct parcel *parcel, size_t index)
{
    return &parcel->packs[index];
}

/* As it is stored, with its header. The name of the pack was made of what lay there earlier. */
static int read_record(struct visitor *visitor, const struct location *location,
                       struct buffer *bytes, struct mlops_error *err)
{
    struct location now = *location;
    uint8_t header[RECORD_HEADER_SIZE];
    const uint8_t *stored;
    TRY(visitor_stored(visitor, &now, true, &stored, err));
    record_header_encode(&now.record, header);
    if (!record_header_matches(header, &location->record) ||
        now.record.checksum != location->record.checksum) {
        mlops_fail(err, MLOPS_CONFLICT, "the pack %s was removed while it was read",
                   location->pack);
        return mlops_hint(err, "gc was at work: run the same command again");
    }
    buffer_reset(bytes);
    buffer_append(bytes, header, sizeof(header));
    buffer_append(bytes, stored, now.record.stored);
    return MLOPS_OK;
}

int parcel_write(struct parcel *parcel, size_t index, parcel_sink sink, void *context,
                 struct mlops_error *err)
{
    const struct parcel_pack *pack = &parcel->packs[index];
    _cleanup_(visitor_free_ptr) struct visitor *visitor = visitor_new(parcel->store);
    _cleanup_(buffer_clear) struct buffer bytes = {0}, tail = {0};
    uint8_t header[PACK_HEADER_SIZE];
    struct digest id;
    uint64_t end;

    pack_header_encode(header);
    TRY(sink(context, header, sizeof(header), err));
    for (size_t i = 0; i < pack->count; i++) {
        TRY(read_record(visitor, &parcel->items[pack->first + i], &bytes, err));
        TRY(sink(context, bytes.data, bytes.length, err));
    }
    make_tail(parcel, pack, &end, &tail, &id);
    return sink(context, tail.data, tail.length, err);
}
