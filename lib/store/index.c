/* lib/store/index.c - a hash table over the index blocks of all packs. */
#include "store/index.h"
#include "base/endian.h"
#include "store/pack.h"
#include <pthread.h>

/* Where an entry stands: pack and entry number; `pack` 0 is an empty slot, else pack index + 1. */
struct slot {
    uint32_t pack, entry;
};

/* A pack that went keeps its place and its name, which locations point to, and loses the rest. */
struct indexed {
    struct pack pack;
    bool gone, shunned;
    bool listed; /* by the listing under way; guarded by `refreshing` */
};

struct index {
    pthread_mutex_t refreshing; /* one refresh at a time: only it adds and drops packs */
    pthread_rwlock_t lock;      /* guards all below against those who look things up */
    struct indexed *packs;
    size_t pack_count, pack_capacity;
    struct slot *slots; /* open addressing, linear probing; a power of two of them */
    size_t slot_count, used;
    struct mlops_error *damage; /* of the first pack that could not be taken in; one of `damages` */
    struct mlops_error **damages;
    size_t damage_count, damage_capacity;
};

struct index *index_new(void)
{
    struct index *index = xcalloc(1, sizeof(*index));
    pthread_mutex_init(&index->refreshing, NULL);
    pthread_rwlock_init(&index->lock, NULL);
    return index;
}

void index_free(struct index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->pack_count; i++)
        pack_clear(&index->packs[i].pack);
    for (size_t i = 0; i < index->damage_count; i++)
        free(index->damages[i]);
    free(index->damages);
    free(index->packs);
    free(index->slots);
    pthread_rwlock_destroy(&index->lock);
    pthread_mutex_destroy(&index->refreshing);
    free(index);
}

static const uint8_t *name_at(const struct index *index, struct slot slot)
{
    return index->packs[slot.pack - 1].pack.block + (size_t)slot.entry * INDEX_ENTRY_SIZE;
}

/* The slot of `name`, or the empty one where it would go. */
static size_t probe(const struct index *index, const uint8_t *name)
{
    size_t mask = index->slot_count - 1, at = get_u64(name) & mask;
    while (index->slots[at].pack && memcmp(name_at(index, index->slots[at]), name, 32) != 0)
        at = (at + 1) & mask;
    return at;
}

/* How good a copy is; 0 is best. Deltas need blobs that are none, so these come first; and a recipe
 * of the same name, a slice, cannot stand for a chunk, as a blob can. */
static unsigned rank(const struct index *index, struct slot slot)
{
    const struct indexed *indexed = &index->packs[slot.pack - 1];
    struct record record;
    /* checked when the pack was taken in */
    (void)pack_index_entry(indexed->pack.block, slot.entry, &indexed->pack.footer, &record);
    return (record.kind == RECORD_RECIPE        ? 4U
            : record.encoding == ENCODING_DELTA ? 2U
                                                : 0U) +
           (indexed->shunned ? 1U : 0U);
}

static void insert_pack(struct index *index, size_t number)
{
    const struct pack *pack = &index->packs[number].pack;
    for (uint32_t i = 0; i < pack->footer.count; i++) {
        struct slot slot = {.pack = (uint32_t)number + 1, .entry = i};
        size_t at = probe(index, name_at(index, slot));
        if (index->slots[at].pack == 0)
            index->used++;
        else if (rank(index, slot) >= rank(index, index->slots[at]))
            continue;
        index->slots[at] = slot;
    }
}

/* The whole table anew. */
static void rebuild(struct index *index)
{
    size_t count = 1024, needed = 0;
    for (size_t i = 0; i < index->pack_count; i++)
        needed += index->packs[i].pack.footer.count;
    while (2 * count < 3 * needed)
        count *= 2;
    free(index->slots);
    index->slots = xcalloc(count, sizeof(*index->slots));
    index->slot_count = count;
    index->used = 0;
    for (size_t i = 0; i < index->pack_count; i++)
        insert_pack(index, i);
}

struct refresh {
    struct index *index;
    struct store_backend *backend;
    struct pack *added;
    size_t count, capacity;
    struct mlops_error *damage;
};

static void refresh_clear(struct refresh *refresh)
{
    for (size_t i = 0; i < refresh->count; i++)
        pack_clear(&refresh->added[i]);
    free(refresh->added);
}

/* The error of a pack that is left out; the same as before where it is the same. */
static void note_damage(struct refresh *refresh, const struct mlops_error *err)
{
    struct index *index = refresh->index;
    if (refresh->damage)
        return;
    if (index->damage && str_equal(index->damage->message, err->message)) {
        refresh->damage = index->damage;
        return;
    }
    struct mlops_error *copy = xmalloc(sizeof(*copy));
    *copy = *err;
    GROW(index->damages, index->damage_count, &index->damage_capacity);
    index->damages[index->damage_count++] = copy;
    refresh->damage = copy;
}

static int list_pack(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    struct refresh *refresh = context;
    struct index *index = refresh->index;
    if (!pack_name_valid(blob->name))
        return MLOPS_OK; /* not ours */
    for (size_t i = index->pack_count; i-- > 0;)
        if (!index->packs[i].gone && str_equal(index->packs[i].pack.name, blob->name)) {
            index->packs[i].listed = true;
            return MLOPS_OK;
        }
    struct pack pack;
    int code = pack_load(refresh->backend, blob->name, &pack, err);
    if (code == MLOPS_NOT_FOUND) /* removed since it was listed */
        return MLOPS_OK;
    if (code == MLOPS_INTEGRITY) {
        note_damage(refresh, err);
        return MLOPS_OK;
    }
    TRY(code);
    GROW(refresh->added, refresh->count, &refresh->capacity);
    refresh->added[refresh->count++] = pack;
    return MLOPS_OK;
}

/* Forget the packs that were not listed. True where there was one. */
static bool drop_gone(struct index *index)
{
    bool any = false;
    for (size_t i = 0; i < index->pack_count; i++) {
        struct indexed *indexed = &index->packs[i];
        if (indexed->gone || indexed->listed)
            continue;
        free(indexed->pack.block);
        indexed->pack = (struct pack){.name = indexed->pack.name};
        indexed->gone = true;
        any = true;
    }
    return any;
}

static void take_in(struct index *index, struct refresh *refresh)
{
    size_t before = index->pack_count, entries = 0;
    for (size_t i = 0; i < refresh->count; i++) {
        GROW(index->packs, index->pack_count, &index->pack_capacity);
        index->packs[index->pack_count++] =
            (struct indexed){.pack = refresh->added[i], .listed = true};
        entries += refresh->added[i].footer.count;
    }
    refresh->count = 0; /* they are the index's now */
    if (drop_gone(index) || (index->used + entries) * 3 > index->slot_count * 2) {
        rebuild(index);
        return;
    }
    for (size_t i = before; i < index->pack_count; i++)
        insert_pack(index, i);
}

static int refresh_locked(struct index *index, struct store_backend *backend, bool kept,
                          struct mlops_error *err)
{
    _cleanup_(refresh_clear) struct refresh refresh = {.index = index, .backend = backend};
    for (size_t i = 0; i < index->pack_count; i++)
        index->packs[i].listed = false;
    TRY((kept ? backend->list_kept : backend->list)(backend, list_pack, &refresh, err));
    pthread_rwlock_wrlock(&index->lock);
    index->damage = refresh.damage;
    take_in(index, &refresh);
    pthread_rwlock_unlock(&index->lock);
    return MLOPS_OK;
}

int index_refresh(struct index *index, struct store_backend *backend, struct mlops_error *err)
{
    pthread_mutex_lock(&index->refreshing);
    int code = refresh_locked(index, backend, false, err);
    pthread_mutex_unlock(&index->refreshing);
    return code;
}

int index_prime(struct index *index, struct store_backend *backend, struct mlops_error *err)
{
    pthread_mutex_lock(&index->refreshing);
    int code = index->pack_count > 0 ? MLOPS_OK : refresh_locked(index, backend, true, err);
    pthread_mutex_unlock(&index->refreshing);
    return code;
}

/* Those who look things up change nothing but the lock. */
static pthread_rwlock_t *lock_of(const struct index *index)
{
    return (pthread_rwlock_t *)(uintptr_t)&index->lock;
}

bool index_find(const struct index *index, const struct digest *name, struct location *location)
{
    struct slot slot = {0};
    pthread_rwlock_rdlock(lock_of(index));
    if (index->slot_count > 0)
        slot = index->slots[probe(index, name->bytes)];
    if (slot.pack) {
        const struct pack *pack = &index->packs[slot.pack - 1].pack;
        location->pack = pack->name;
        /* checked when the pack was taken in */
        (void)pack_index_entry(pack->block, slot.entry, &pack->footer, &location->record);
    }
    pthread_rwlock_unlock(lock_of(index));
    return slot.pack != 0;
}

void index_shun(struct index *index, char *const *packs, size_t count)
{
    bool changed = false;
    pthread_mutex_lock(&index->refreshing);
    pthread_rwlock_wrlock(&index->lock);
    for (size_t i = 0; i < index->pack_count; i++) {
        bool shunned = false;
        for (size_t j = 0; j < count && !shunned; j++)
            shunned = str_equal(index->packs[i].pack.name, packs[j]);
        changed |= shunned != index->packs[i].shunned;
        index->packs[i].shunned = shunned;
    }
    if (changed)
        rebuild(index);
    pthread_rwlock_unlock(&index->lock);
    pthread_mutex_unlock(&index->refreshing);
}

const struct mlops_error *index_damage(const struct index *index)
{
    pthread_rwlock_rdlock(lock_of(index));
    const struct mlops_error *damage = index->damage;
    pthread_rwlock_unlock(lock_of(index));
    return damage;
}
