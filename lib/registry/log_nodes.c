/* lib/registry/log_nodes.c - hashes of the log's tree, kept and read many at once. */
#include "registry/log_nodes.h"
#include "registry/log_tree.h"

/* ---- those that are kept --------------------------------------------------------------------- */

#define SLOTS 4096 /* a power of two; a hash has one slot, the last one wins */

struct slot {
    uint64_t index;
    unsigned level;
    bool filled;
    struct digest hash;
};

struct log_nodes {
    struct slot slots[SLOTS];
};

static struct slot *slot_of(struct mlops_registry *registry, unsigned level, uint64_t index)
{
    if (!registry->nodes)
        registry->nodes = xcalloc(1, sizeof(*registry->nodes));
    return &registry->nodes->slots[(index + level * 797) % SLOTS];
}

static bool slot_has(const struct slot *slot, unsigned level, uint64_t index)
{
    return slot->filled && slot->level == level && slot->index == index;
}

static void keep(struct mlops_registry *registry, unsigned level, uint64_t index,
                 const struct digest *hash)
{
    *slot_of(registry, level, index) =
        (struct slot){.index = index, .level = level, .filled = true, .hash = *hash};
}

int log_nodes_read(void *context, unsigned level, uint64_t index, struct digest *hash,
                   struct mlops_error *err)
{
    struct mlops_registry *registry = context;
    const struct slot *slot = slot_of(registry, level, index);
    if (slot_has(slot, level, index)) {
        *hash = slot->hash;
        return MLOPS_OK;
    }
    TRY(log_tree_node(registry->db, level, index, hash, err));
    keep(registry, level, index, hash);
    return MLOPS_OK;
}

void log_nodes_append(struct mlops_registry *registry, struct merkle_frontier *frontier,
                      const struct digest *leaf)
{
    struct digest created[MERKLE_LEVELS];
    unsigned highest = merkle_append(frontier, leaf, created);
    for (unsigned level = 0; level <= highest; level++)
        keep(registry, level, (frontier->size >> level) - 1, &created[level]);
}

void log_nodes_forget(struct mlops_registry *registry)
{
    free(registry->nodes);
    registry->nodes = NULL;
}

/* ---- many at once ---------------------------------------------------------------------------- */

struct wishes {
    struct mlops_registry *registry;
    struct log_tree_hash *items;
    size_t count, capacity;
};

/* merkle_reader that only notes what it is asked for. */
static int wish(void *context, unsigned level, uint64_t index, struct digest *hash,
                struct mlops_error *err)
{
    struct wishes *wishes = context;
    (void)err;
    *hash = (struct digest){0};
    if (slot_has(slot_of(wishes->registry, level, index), level, index))
        return MLOPS_OK;
    GROW(wishes->items, wishes->count, &wishes->capacity);
    wishes->items[wishes->count++] = (struct log_tree_hash){.level = level, .index = index};
    return MLOPS_OK;
}

static int grant(struct wishes *wishes, struct mlops_error *err)
{
    int code = log_tree_hashes(wishes->registry->db, wishes->items, wishes->count, err);
    for (size_t i = 0; i < wishes->count && code == MLOPS_OK; i++) {
        const struct log_tree_hash *item = &wishes->items[i];
        if (item->found) /* what is missing is missed by who needs it */
            keep(wishes->registry, item->level, item->index, &item->hash);
    }
    return code;
}

int log_nodes_fetch(struct mlops_registry *registry, const uint64_t *indexes, size_t count,
                    uint64_t size, struct mlops_error *err)
{
    struct wishes wishes = {.registry = registry};
    struct merkle_proof ignored;
    int code = MLOPS_OK;
    for (size_t i = 0; i < count && code == MLOPS_OK; i++)
        if (indexes[i] < size)
            code = merkle_prove_inclusion(indexes[i], size, wish, &wishes, &ignored, err);
    if (code == MLOPS_OK)
        code = grant(&wishes, err);
    free(wishes.items);
    return code;
}

int log_nodes_frontier(struct mlops_registry *registry, uint64_t size,
                       struct merkle_frontier *frontier, struct mlops_error *err)
{
    struct wishes wishes = {.registry = registry};
    *frontier = (struct merkle_frontier){.size = size};
    for (unsigned level = 0; level < MERKLE_LEVELS; level++)
        if (size >> level & 1)
            (void)wish(&wishes, level, (size >> level) - 1, &frontier->roots[level], err);
    int code = grant(&wishes, err); /* a wish cannot fail */
    free(wishes.items);
    for (unsigned level = 0; level < MERKLE_LEVELS && code == MLOPS_OK; level++)
        if (size >> level & 1)
            code =
                log_nodes_read(registry, level, (size >> level) - 1, &frontier->roots[level], err);
    return code;
}
