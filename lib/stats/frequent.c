/* lib/stats/frequent.c - frequent values by Misra and Gries. */
#include "stats/frequent.h"
#include "stats/hll.h"
#include <stdio.h>

#define SLOTS_MIN 32 /* powers of two; the table is never more than half full */
#define SLOTS_MAX ((size_t)2 * FREQUENT_MAX)

struct counter {
    char *value; /* NULL: an empty slot */
    uint64_t count;
};

struct frequent {
    struct counter *slots; /* open addressing, linear probing */
    size_t size, used;
    uint64_t total, error;
};

struct frequent *frequent_new(void)
{
    struct frequent *sketch = xcalloc(1, sizeof(*sketch));
    sketch->size = SLOTS_MIN;
    sketch->slots = xcalloc(sketch->size, sizeof(*sketch->slots));
    return sketch;
}

void frequent_free(struct frequent *sketch)
{
    for (size_t i = 0; sketch && i < sketch->size; i++)
        free(sketch->slots[i].value);
    if (sketch)
        free(sketch->slots);
    free(sketch);
}

static size_t probe(const struct frequent *sketch, const char *value, size_t length)
{
    size_t at = stats_hash(value, length) & (sketch->size - 1);
    for (; sketch->slots[at].value; at = (at + 1) & (sketch->size - 1))
        if (strncmp(sketch->slots[at].value, value, length) == 0 &&
            sketch->slots[at].value[length] == '\0')
            break;
    return at;
}

static int compare_counts(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void insert(struct frequent *sketch, char *value, uint64_t count);

static void grow(struct frequent *sketch)
{
    struct counter *before = sketch->slots;
    size_t size = sketch->size;
    sketch->size = size * 2;
    sketch->used = 0;
    sketch->slots = xcalloc(sketch->size, sizeof(*sketch->slots));
    for (size_t i = 0; i < size; i++)
        if (before[i].value)
            insert(sketch, before[i].value, before[i].count);
    free(before);
}

/* `value` is not there yet, and becomes the sketch's. */
static void insert(struct frequent *sketch, char *value, uint64_t count)
{
    if (sketch->used >= sketch->size / 2 && sketch->size < SLOTS_MAX)
        grow(sketch);
    size_t at = probe(sketch, value, strlen(value));
    sketch->slots[at] = (struct counter){value, count};
    sketch->used++;
}

/* Take the median count off every counter and drop those that reach zero: half of them at least. */
static void purge(struct frequent *sketch)
{
    uint64_t counts[SLOTS_MAX];
    struct counter kept[SLOTS_MAX];
    size_t found = 0, left = 0;
    for (size_t i = 0; i < sketch->size; i++)
        if (sketch->slots[i].value)
            counts[found++] = sketch->slots[i].count;
    qsort(counts, found, sizeof(*counts), compare_counts);
    uint64_t cut = counts[found / 2];
    for (size_t i = 0; i < sketch->size; i++) {
        struct counter counter = sketch->slots[i];
        sketch->slots[i] = (struct counter){0};
        if (counter.value && counter.count > cut) {
            counter.count -= cut;
            kept[left++] = counter;
        } else {
            free(counter.value);
        }
    }
    sketch->used = 0;
    for (size_t i = 0; i < left; i++)
        insert(sketch, kept[i].value, kept[i].count);
    sketch->error += cut;
}

static void add(struct frequent *sketch, const char *value, size_t length, uint64_t count)
{
    size_t at = probe(sketch, value, length);
    sketch->total += count;
    if (sketch->slots[at].value) {
        sketch->slots[at].count += count;
        return;
    }
    insert(sketch, xstrndup(value, length), count);
    if (sketch->used > FREQUENT_MAX)
        purge(sketch);
}

void frequent_update(struct frequent *sketch, const char *value, size_t length)
{
    char key[FREQUENT_KEY_MAX + 20];
    size_t zero = strnlen(value, length);
    if (length > FREQUENT_KEY_MAX || zero < length) { /* too long, or with NUL bytes */
        int shown = (int)(zero < FREQUENT_KEY_MAX ? zero : FREQUENT_KEY_MAX);
        int written = snprintf(key, sizeof(key), "%.*s#%016llx", shown, value,
                               (unsigned long long)stats_hash(value, length));
        add(sketch, key, (size_t)written, 1);
        return;
    }
    add(sketch, value, length, 1);
}

void frequent_merge(struct frequent *sketch, const struct frequent *other)
{
    uint64_t total = sketch->total + other->total;
    for (size_t i = 0; i < other->size; i++)
        if (other->slots[i].value)
            add(sketch, other->slots[i].value, strlen(other->slots[i].value),
                other->slots[i].count);
    sketch->total = total; /* with what `other` had dropped */
    sketch->error += other->error;
}

uint64_t frequent_total(const struct frequent *sketch)
{
    return sketch->total;
}

uint64_t frequent_error(const struct frequent *sketch)
{
    return sketch->error;
}

static int compare_items(const void *a, const void *b)
{
    const struct frequent_item *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->value, y->value);
}

struct frequent_item *frequent_items(const struct frequent *sketch, size_t *count)
{
    struct frequent_item *items = xcalloc(sketch->used, sizeof(*items));
    *count = 0;
    for (size_t i = 0; i < sketch->size; i++)
        if (sketch->slots[i].value)
            items[(*count)++] =
                (struct frequent_item){sketch->slots[i].value, sketch->slots[i].count};
    qsort(items, *count, sizeof(*items), compare_items);
    return items;
}

uint64_t frequent_count(const struct frequent *sketch, const char *value)
{
    return sketch->slots[probe(sketch, value, strlen(value))].count;
}

/* Sorted, so that the bytes do not depend on the table's layout. */
void frequent_encode(const struct frequent *sketch, struct buffer *out)
{
    size_t count;
    struct frequent_item *items = frequent_items(sketch, &count);
    wire_put_u64(out, sketch->total);
    wire_put_u64(out, sketch->error);
    wire_put_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        wire_put_u32(out, (uint32_t)strlen(items[i].value));
        buffer_puts(out, items[i].value);
        wire_put_u64(out, items[i].count);
    }
    free(items);
}

struct frequent *frequent_decode(struct wire *wire)
{
    struct frequent *sketch = frequent_new();
    sketch->total = wire_u64(wire);
    sketch->error = wire_u64(wire);
    size_t count = wire_u32(wire);
    uint64_t sum = 0;
    wire->failed |= count > FREQUENT_MAX;
    for (size_t i = 0; i < count && !wire->failed; i++) {
        size_t length = wire_u32(wire);
        wire->failed |= length > FREQUENT_KEY_MAX + 20;
        const char *value = (const char *)wire_bytes(wire, length);
        uint64_t times = wire_u64(wire);
        if (wire->failed || memchr(value, '\0', length) || times == 0 ||
            sketch->slots[probe(sketch, value, length)].value ||
            __builtin_add_overflow(sum, times, &sum)) {
            wire->failed = true;
            break;
        }
        insert(sketch, xstrndup(value, length), times);
    }
    if (wire->failed || sum > sketch->total) {
        wire->failed = true;
        frequent_free(sketch);
        return NULL;
    }
    return sketch;
}
