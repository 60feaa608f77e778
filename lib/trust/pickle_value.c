/* lib/trust/pickle_value.c - stack, memo and the ring of objects. */
#include "trust/pickle_value.h"

#define RING_FIRST 256u
#define RING_SIZE 8192u /* 6 MiB */
#define SLOT_BITS 20
#define LENGTH_MASK 0xffffffffffffu
#define DENSE_ALWAYS 65536u

struct pickle_sparse {
    uint64_t key;
    struct pickle_value value;
};

static bool is_object(struct pickle_value value)
{
    return value.kind == VALUE_LIST || value.kind == VALUE_TUPLE || value.kind == VALUE_DICT ||
           value.kind == VALUE_SET || value.kind == VALUE_RESULT;
}

void pickle_memory_clear(struct pickle_memory *memory)
{
    free(memory->stack);
    free(memory->marks);
    free(memory->memo);
    free(memory->sparse);
    free(memory->ring);
    free(memory->kept);
    *memory = (struct pickle_memory){0};
}

void pickle_memory_reset(struct pickle_memory *memory, bool keep_memo)
{
    memory->depth = memory->mark_count = 0;
    if (keep_memo)
        return;
    free(memory->memo);
    memory->memo = NULL;
    memory->memo_capacity = memory->sparse_count = 0;
    memory->memo_count = 0;
}

bool pickle_push(struct pickle_memory *memory, struct pickle_value value)
{
    if (memory->depth == PICKLE_STACK_MAX)
        return false;
    GROW(memory->stack, memory->depth, &memory->stack_capacity);
    memory->stack[memory->depth++] = value;
    return true;
}

bool pickle_mark(struct pickle_memory *memory)
{
    if (memory->mark_count == PICKLE_STACK_MAX)
        return false;
    GROW(memory->marks, memory->mark_count, &memory->mark_capacity);
    memory->marks[memory->mark_count++] = (uint32_t)memory->depth;
    return true;
}

size_t pickle_above_mark(const struct pickle_memory *memory)
{
    size_t fence = memory->mark_count ? memory->marks[memory->mark_count - 1] : 0;
    return memory->depth - fence;
}

struct pickle_value *pickle_top(struct pickle_memory *memory)
{
    return pickle_above_mark(memory) ? &memory->stack[memory->depth - 1] : NULL;
}

/* The first entry whose key is not below `key`. */
static size_t sparse_find(const struct pickle_memory *memory, uint64_t key)
{
    size_t low = 0, high = memory->sparse_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memory->sparse[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool sparse_put(struct pickle_memory *memory, uint64_t key, struct pickle_value value)
{
    size_t at = sparse_find(memory, key);
    if (at == memory->sparse_count || memory->sparse[at].key != key) {
        if (memory->sparse_count == PICKLE_SPARSE_MAX)
            return false;
        GROW(memory->sparse, memory->sparse_count, &memory->sparse_capacity);
        memmove(memory->sparse + at + 1, memory->sparse + at,
                (memory->sparse_count - at) * sizeof(*memory->sparse));
        memory->sparse_count++;
        memory->memo_count++;
    }
    memory->sparse[at] = (struct pickle_sparse){.key = key, .value = value};
    return true;
}

bool pickle_memo_put(struct pickle_memory *memory, uint64_t key, struct pickle_value value)
{
    if (key >= memory->memo_capacity) {
        /* Picklers number entries as they come: what is far beyond is not theirs. */
        if (key >= DENSE_ALWAYS && key > memory->memo_count * 2)
            return sparse_put(memory, key, value);
        if (key >= PICKLE_MEMO_MAX)
            return false;
        size_t capacity = memory->memo_capacity ? memory->memo_capacity : 64;
        while (capacity <= key)
            capacity *= 2;
        memory->memo = xrealloc(memory->memo, capacity, sizeof(*memory->memo));
        memset(memory->memo + memory->memo_capacity, 0,
               (capacity - memory->memo_capacity) * sizeof(*memory->memo));
        size_t before = memory->memo_capacity;
        memory->memo_capacity = capacity;
        /* Entries that were far away and now lie within move over. */
        size_t first = sparse_find(memory, before), end = sparse_find(memory, capacity);
        for (size_t i = first; i < end; i++)
            memory->memo[memory->sparse[i].key] = memory->sparse[i].value;
        if (end > first) {
            memmove(memory->sparse + first, memory->sparse + end,
                    (memory->sparse_count - end) * sizeof(*memory->sparse));
            memory->sparse_count -= end - first;
        }
    }
    memory->memo_count += memory->memo[key].kind == VALUE_ABSENT;
    memory->memo[key] = value;
    return true;
}

struct pickle_value pickle_memo_get(const struct pickle_memory *memory, uint64_t key)
{
    if (key < memory->memo_capacity)
        return memory->memo[key];
    size_t at = sparse_find(memory, key);
    if (at < memory->sparse_count && memory->sparse[at].key == key)
        return memory->sparse[at].value;
    return (struct pickle_value){.kind = VALUE_ABSENT};
}

struct pickle_value pickle_object_new(struct pickle_memory *memory, enum pickle_kind kind,
                                      uint32_t origin, const struct pickle_value *items,
                                      size_t count)
{
    uint64_t generation = ++memory->next_generation;
    if (memory->ring_size < RING_SIZE && generation >= memory->ring_size) {
        uint32_t size = memory->ring_size ? memory->ring_size : RING_FIRST;
        while (size < RING_SIZE && size <= generation)
            size *= 4;
        /* Slots are generations modulo the final size, so growth moves nothing. */
        memory->ring = xrealloc(memory->ring, size, sizeof(*memory->ring));
        memory->ring_size = size;
    }
    uint32_t slot = (uint32_t)(generation % RING_SIZE);
    struct pickle_object *object = &memory->ring[slot];
    object->generation = generation;
    object->weight = 1;
    object->count = object->width = 0;
    object->taint = 0;
    struct pickle_value value = {.kind = (uint8_t)kind,
                                 .length = (slot | (uint64_t)(origin & 0xffffff) << SLOT_BITS) &
                                           LENGTH_MASK,
                                 .place = generation};
    pickle_object_add(memory, value, items, count);
    return value;
}

struct pickle_value pickle_object_keep(struct pickle_memory *memory, uint32_t origin)
{
    if (memory->kept_count == PICKLE_KEPT_MAX)
        return pickle_object_new(memory, VALUE_RESULT, origin, NULL, 0);
    GROW(memory->kept, memory->kept_count, &memory->kept_capacity);
    struct pickle_object *object = &memory->kept[memory->kept_count];
    *object = (struct pickle_object){.generation = ++memory->next_generation, .weight = 1};
    return (struct pickle_value){.kind = VALUE_RESULT,
                                 .length = ((RING_SIZE + memory->kept_count++) |
                                            (uint64_t)(origin & 0xffffff) << SLOT_BITS) &
                                           LENGTH_MASK,
                                 .place = object->generation};
}

struct pickle_object *pickle_object_of(struct pickle_memory *memory, struct pickle_value value)
{
    if (!is_object(value))
        return NULL;
    uint32_t slot = (uint32_t)(value.length & ((1u << SLOT_BITS) - 1));
    struct pickle_object *object =
        slot < RING_SIZE ? &memory->ring[slot] : &memory->kept[slot - RING_SIZE];
    return object->generation == value.place ? object : NULL;
}

void pickle_object_add(struct pickle_memory *memory, struct pickle_value container,
                       const struct pickle_value *items, size_t count)
{
    struct pickle_object *object = pickle_object_of(memory, container);
    if (!object)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct pickle_object *item = pickle_object_of(memory, items[i]);
        object->weight += item ? item->weight : 1;
        if (item)
            object->taint |= item->taint & TAINT_OBJECT_DTYPE;
        else if (is_object(items[i])) /* fallen out of the ring: it may have been one */
            object->taint |= TAINT_OBJECT_DTYPE;
        if (object->count < PICKLE_OBJECT_ITEMS)
            object->items[object->count] = items[i];
        object->count++;
    }
}

uint32_t pickle_origin(struct pickle_value value)
{
    return value.kind == VALUE_RESULT ? (uint32_t)(value.length >> SLOT_BITS) : PICKLE_NO_ORIGIN;
}
