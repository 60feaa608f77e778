/* lib/stats/frequent.c - frequent values by Misra and Gries. */
#include "stats/frequent.h"
#include "stats/hll.h"
#include <math.h>
#include <stdio.h>

#define SLOTS_MIN 32 /* powers of two; the table is never more than half full */

struct counter {
    uint64_t hash;
    uint64_t count; /* 0: an empty slot */
    uint32_t at;    /* of its key in `keys` */
    uint32_t length;
};

struct frequent {
    size_t limit;
    struct counter *slots; /* open addressing, linear probing */
    size_t size, used;
    struct buffer keys; /* each with a NUL behind it */
    uint64_t total, error;
};

struct frequent *frequent_new_limited(size_t limit)
{
    struct frequent *sketch = xcalloc(1, sizeof(*sketch));
    sketch->limit = limit;
    sketch->size = SLOTS_MIN;
    sketch->slots = xcalloc(sketch->size, sizeof(*sketch->slots));
    return sketch;
}

struct frequent *frequent_new(void)
{
    return frequent_new_limited(FREQUENT_MAX);
}

void frequent_free(struct frequent *sketch)
{
    if (!sketch)
        return;
    free(sketch->slots);
    buffer_clear(&sketch->keys);
    free(sketch);
}

static size_t probe(const struct frequent *sketch, const char *value, size_t length, uint64_t hash)
{
    size_t at = hash & (sketch->size - 1);
    for (; sketch->slots[at].count; at = (at + 1) & (sketch->size - 1)) {
        const struct counter *slot = &sketch->slots[at];
        if (slot->hash == hash && slot->length == length &&
            memcmp(sketch->keys.data + slot->at, value, length) == 0)
            break;
    }
    return at;
}

/* The first free slot for a key that is not there yet. */
static void place(struct frequent *sketch, struct counter counter)
{
    size_t at = counter.hash & (sketch->size - 1);
    while (sketch->slots[at].count)
        at = (at + 1) & (sketch->size - 1);
    sketch->slots[at] = counter;
    sketch->used++;
}

static void grow(struct frequent *sketch)
{
    struct counter *before = sketch->slots;
    size_t size = sketch->size;
    sketch->size = size * 2;
    sketch->used = 0;
    sketch->slots = xcalloc(sketch->size, sizeof(*sketch->slots));
    for (size_t i = 0; i < size; i++)
        if (before[i].count)
            place(sketch, before[i]);
    free(before);
}

/* The value is not there yet. */
static void insert(struct frequent *sketch, const char *value, size_t length, uint64_t hash,
                   uint64_t count)
{
    if (sketch->used >= sketch->size / 2 && sketch->size < 2 * sketch->limit)
        grow(sketch);
    struct counter counter = {hash, count, (uint32_t)sketch->keys.length, (uint32_t)length};
    buffer_append(&sketch->keys, value, length);
    buffer_putc(&sketch->keys, '\0');
    place(sketch, counter);
}

static int compare_counts(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The count in the middle. Most are small where there is much to drop: those are counted off. */
static uint64_t median_count(const struct frequent *sketch)
{
    uint32_t small[64] = {0};
    size_t rank = sketch->used / 2;
    for (size_t i = 0; i < sketch->size; i++)
        if (sketch->slots[i].count && sketch->slots[i].count < ARRAY_LENGTH(small))
            small[sketch->slots[i].count]++;
    size_t below = 0;
    for (size_t count = 1; count < ARRAY_LENGTH(small); count++) {
        below += small[count];
        if (below > rank)
            return count;
    }
    uint64_t counts[2 * FREQUENT_MAX];
    size_t found = 0;
    for (size_t i = 0; i < sketch->size; i++)
        if (sketch->slots[i].count)
            counts[found++] = sketch->slots[i].count;
    qsort(counts, found, sizeof(*counts), compare_counts);
    return counts[rank];
}

/* Take the median count off every counter and drop those that reach zero: half of them at least. */
static void purge(struct frequent *sketch)
{
    struct counter kept[2 * FREQUENT_MAX];
    struct buffer keys = {0};
    size_t left = 0;
    uint64_t cut = median_count(sketch);
    for (size_t i = 0; i < sketch->size; i++) {
        struct counter counter = sketch->slots[i];
        sketch->slots[i].count = 0;
        if (counter.count <= cut)
            continue;
        const char *key = sketch->keys.data + counter.at;
        counter.count -= cut;
        counter.at = (uint32_t)keys.length;
        buffer_append(&keys, key, counter.length + 1U);
        kept[left++] = counter;
    }
    /* back into the memory that is there: it will be as full again soon */
    buffer_reset(&sketch->keys);
    buffer_append(&sketch->keys, keys.data ? keys.data : "", keys.length);
    buffer_clear(&keys);
    sketch->used = 0;
    for (size_t i = 0; i < left; i++)
        place(sketch, kept[i]);
    sketch->error += cut;
}

static void add(struct frequent *sketch, const char *value, size_t length, uint64_t hash,
                uint64_t count)
{
    size_t at = probe(sketch, value, length, hash);
    sketch->total += count;
    if (sketch->slots[at].count) {
        sketch->slots[at].count += count;
        return;
    }
    insert(sketch, value, length, hash, count);
    if (sketch->used > sketch->limit)
        purge(sketch);
}

void frequent_update_hashed(struct frequent *sketch, const char *value, size_t length,
                            uint64_t hash)
{
    char key[FREQUENT_KEY_MAX + 20];
    if (length <= FREQUENT_KEY_MAX) {
        size_t at = probe(sketch, value, length, hash);
        if (sketch->slots[at].count) { /* nearly always: no key has NUL bytes */
            sketch->slots[at].count++;
            sketch->total++;
            return;
        }
    }
    size_t zero = strnlen(value, length);
    if (length <= FREQUENT_KEY_MAX && zero == length) {
        add(sketch, value, length, hash, 1);
        return;
    }
    /* too long, or with NUL bytes */
    int shown = (int)(zero < FREQUENT_KEY_MAX ? zero : FREQUENT_KEY_MAX);
    int written =
        snprintf(key, sizeof(key), "%.*s#%016llx", shown, value, (unsigned long long)hash);
    add(sketch, key, (size_t)written, stats_hash(key, (size_t)written), 1);
}

void frequent_update(struct frequent *sketch, const char *value, size_t length)
{
    frequent_update_hashed(sketch, value, length, stats_hash(value, length));
}

void frequent_update_number(struct frequent *sketch, double value, uint64_t hash)
{
    char key[8];
    put_f64((uint8_t *)key, value);
    add(sketch, key, sizeof(key), hash, 1);
}

void frequent_merge(struct frequent *sketch, const struct frequent *other)
{
    uint64_t total = sketch->total + other->total;
    size_t count;
    struct frequent_item *items = frequent_items(other, &count); /* in an order of their own */
    for (size_t i = 0; i < count; i++)
        add(sketch, items[i].value, items[i].length, stats_hash(items[i].value, items[i].length),
            items[i].count);
    free(items);
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

double frequent_number(const struct frequent_item *item)
{
    return get_f64((const uint8_t *)item->value);
}

static int compare_items(const void *a, const void *b)
{
    const struct frequent_item *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    size_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->value, y->value, shorter);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

struct frequent_item *frequent_items(const struct frequent *sketch, size_t *count)
{
    struct frequent_item *items = xcalloc(sketch->used, sizeof(*items));
    *count = 0;
    for (size_t i = 0; i < sketch->size; i++) {
        const struct counter *slot = &sketch->slots[i];
        if (slot->count)
            items[(*count)++] =
                (struct frequent_item){sketch->keys.data + slot->at, slot->count, slot->length};
    }
    qsort(items, *count, sizeof(*items), compare_items);
    return items;
}

uint64_t frequent_count(const struct frequent *sketch, const char *value)
{
    size_t length = strlen(value);
    return sketch->slots[probe(sketch, value, length, stats_hash(value, length))].count;
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
        wire_put_u32(out, items[i].length);
        buffer_append(out, items[i].value, items[i].length);
        wire_put_u64(out, items[i].count);
    }
    free(items);
}

static bool key_fits(const char *value, size_t length, bool numbers)
{
    if (!numbers)
        return length <= FREQUENT_KEY_MAX + 20 && !memchr(value, '\0', length);
    double number = length == 8 ? get_f64((const uint8_t *)value) : NAN;
    return !isnan(number) && !(number == 0 && signbit(number));
}

static struct frequent *decode(struct wire *wire, size_t limit, bool numbers)
{
    struct frequent *sketch = frequent_new_limited(limit);
    sketch->total = wire_u64(wire);
    sketch->error = wire_u64(wire);
    size_t count = wire_u32(wire);
    uint64_t sum = 0;
    wire->failed |= count > limit;
    for (size_t i = 0; i < count && !wire->failed; i++) {
        size_t length = wire_u32(wire);
        const char *value = (const char *)wire_bytes(wire, length);
        uint64_t times = wire_u64(wire);
        wire->failed |= times == 0 || !value || !key_fits(value, length, numbers);
        if (wire->failed)
            break;
        uint64_t hash = stats_hash(value, length);
        wire->failed |= sketch->slots[probe(sketch, value, length, hash)].count != 0 ||
                        __builtin_add_overflow(sum, times, &sum);
        if (!wire->failed)
            insert(sketch, value, length, hash, times);
    }
    if (wire->failed || sum > sketch->total) {
        wire->failed = true;
        frequent_free(sketch);
        return NULL;
    }
    return sketch;
}

struct frequent *frequent_decode(struct wire *wire)
{
    return decode(wire, FREQUENT_MAX, false);
}

struct frequent *frequent_decode_limited(struct wire *wire, size_t limit)
{
    return decode(wire, limit, false);
}

struct frequent *frequent_decode_numbers(struct wire *wire, size_t limit)
{
    return decode(wire, limit, true);
}
