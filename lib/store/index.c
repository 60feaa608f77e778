/* lib/store/index.c - a hash table over the index blocks of all packs. */
#include "store/index.h"
#include "base/endian.h"
#include "store/pack.h"

/* Where an entry stands: pack and entry number; `pack` 0 is an empty slot, else pack index + 1. */
struct slot {
    uint32_t pack, entry;
};

struct index {
    struct pack *packs;
    size_t pack_count, pack_capacity;
    struct slot *slots; /* open addressing, linear probing; a power of two of them */
    size_t slot_count, used;
    struct mlops_error damage; /* of the first pack that could not be taken in */
};

struct index *index_new(void)
{
    return xcalloc(1, sizeof(struct index));
}

void index_free(struct index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->pack_count; i++) {
        pack_clear(&index->packs[i]);
    }
    free(index->packs);
    free(index->slots);
    free(index);
}

static const uint8_t *name_at(const struct index *index, struct slot slot)
{
    return index->packs[slot.pack - 1].block + (size_t)slot.entry * INDEX_ENTRY_SIZE;
}

/* The slot of `name`, or the empty one where it would go. */
static size_t probe(const struct index *index, const uint8_t *name)
{
    size_t mask = index->slot_count - 1, at = get_u64(name) & mask;
    while (index->slots[at].pack && memcmp(name_at(index, index->slots[at]), name, 32) != 0)
        at = (at + 1) & mask;
    return at;
}

static void grow(struct index *index, size_t extra)
{
    size_t needed = (index->used + extra) * 2, count = index->slot_count ? index->slot_count : 1024;
    while (count < needed)
        count *= 2;
    if (count == index->slot_count)
        return;
    struct slot *old = index->slots;
    size_t old_count = index->slot_count;
    index->slots = xcalloc(count, sizeof(*index->slots));
    index->slot_count = count;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].pack)
            index->slots[probe(index, name_at(index, old[i]))] = old[i];
    free(old);
}

struct refresh {
    struct index *index;
    struct store_backend *backend;
    size_t known; /* packs that were in before: a listing names none twice */
};

static int add_pack(void *context, const char *name, struct mlops_error *err)
{
    struct refresh *refresh = context;
    struct index *index = refresh->index;
    if (!pack_name_valid(name))
        return MLOPS_OK; /* not ours */
    for (size_t i = refresh->known; i-- > 0;)
        if (str_equal(index->packs[i].name, name))
            return MLOPS_OK;
    struct pack pack;
    int code = pack_load(refresh->backend, name, &pack, err);
    if (code) {
        if (code != MLOPS_INTEGRITY)
            return code;
        if (index->damage.code == MLOPS_OK)
            index->damage = *err;
        return MLOPS_OK;
    }
    GROW(index->packs, index->pack_count, &index->pack_capacity);
    index->packs[index->pack_count++] = pack;
    grow(index, pack.footer.count);
    for (uint32_t i = 0; i < pack.footer.count; i++) {
        struct slot slot = {.pack = (uint32_t)index->pack_count, .entry = i};
        size_t at = probe(index, name_at(index, slot));
        index->used += index->slots[at].pack == 0;
        index->slots[at] = slot;
    }
    return MLOPS_OK;
}

int index_refresh(struct index *index, struct store_backend *backend, struct mlops_error *err)
{
    struct refresh refresh = {.index = index, .backend = backend, .known = index->pack_count};
    index->damage = (struct mlops_error){0};
    return backend->list(backend, add_pack, &refresh, err);
}

bool index_find(const struct index *index, const struct digest *name, struct location *location)
{
    if (index->slot_count == 0)
        return false;
    struct slot slot = index->slots[probe(index, name->bytes)];
    if (!slot.pack)
        return false;
    const struct pack *pack = &index->packs[slot.pack - 1];
    location->pack = pack->name;
    /* checked when the pack was taken in */
    (void)pack_index_entry(pack->block, slot.entry, &pack->footer, &location->record);
    return true;
}

const struct mlops_error *index_damage(const struct index *index)
{
    return index->damage.code == MLOPS_OK ? NULL : &index->damage;
}
