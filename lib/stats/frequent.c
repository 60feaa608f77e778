/* lib/stats/frequent.c - frequent values by Misra and Gries. */
#include "stats/frequent.h"
#include "stats/hll.h"
#include <math.h>
#include <stdio.h>

#define INDEX_MIN 64 /* places; a power of two */
/* Places for each counter, so that a value that is not there is soon known. */
#define INDEX_SPACE 4

struct counter {
    uint64_t hash;
    uint64_t count;
    union {
        struct {
            uint32_t at; /* within `keys` */
            uint32_t length;
        } text;
        char number[8];
    } key;
};

struct frequent {
    size_t limit;
    bool again;   /* a value may have come again since all were forgotten */
    bool numbers; /* keys are numbers, of which the hash tells all: it is one to one on 8 bytes */
    struct counter *counters; /* close together, in the order of coming */
    size_t used, capacity;
    uint16_t *index; /* open addressing, linear probing: a counter's number from 1, or 0 */
    size_t places;
    struct buffer keys; /* of texts, each with a NUL behind it */
    uint64_t total, error;
};

struct frequent *frequent_new_limited(size_t limit)
{
    struct frequent *sketch = xcalloc(1, sizeof(*sketch));
    sketch->limit = limit;
    sketch->places = INDEX_MIN;
    sketch->index = xcalloc(sketch->places, sizeof(*sketch->index));
    return sketch;
}

struct frequent *frequent_new(void)
{
    return frequent_new_limited(FREQUENT_MAX);
}

struct frequent *frequent_new_exact(void)
{
    return frequent_new_limited(FREQUENT_ALL);
}

void frequent_free(struct frequent *sketch)
{
    if (!sketch)
        return;
    free(sketch->counters);
    free(sketch->index);
    buffer_clear(&sketch->keys);
    free(sketch);
}

/* ---- finding -------------------------------------------------------------------------------- */

/* memcmp(a, b, length) == 0 without a call: keys are short, and one is compared for every value. */
static inline bool same_bytes(const char *a, const char *b, size_t length)
{
    uint64_t x, y;
    if (length < 8) {
        for (size_t i = 0; i < length; i++)
            if (a[i] != b[i])
                return false;
        return true;
    }
    for (size_t at = 0; at < length; at += 8) {
        size_t from = at + 8 <= length ? at : length - 8; /* the last eight overlap those before */
        memcpy(&x, a + from, sizeof(x));
        memcpy(&y, b + from, sizeof(y));
        if (x != y)
            return false;
    }
    return true;
}

static bool has_key(const struct frequent *sketch, const struct counter *counter, const char *value,
                    size_t length)
{
    return sketch->numbers || (counter->key.text.length == length &&
                               same_bytes(sketch->keys.data + counter->key.text.at, value, length));
}

/* The counter of a value, or NULL. */
static inline struct counter *find(const struct frequent *sketch, const char *value, size_t length,
                                   uint64_t hash)
{
    size_t mask = sketch->places - 1;
    for (size_t at = hash & mask; sketch->index[at]; at = (at + 1) & mask) {
        struct counter *counter = &sketch->counters[sketch->index[at] - 1];
        if (counter->hash == hash && has_key(sketch, counter, value, length))
            return counter;
    }
    return NULL;
}

static inline void enter(struct frequent *sketch, size_t number)
{
    size_t mask = sketch->places - 1, at = sketch->counters[number].hash & mask;
    while (sketch->index[at])
        at = (at + 1) & mask;
    sketch->index[at] = (uint16_t)(number + 1);
}

static void enter_all(struct frequent *sketch)
{
    memset(sketch->index, 0, sketch->places * sizeof(*sketch->index));
    for (size_t i = 0; i < sketch->used; i++)
        enter(sketch, i);
}

/* ---- coming and going ----------------------------------------------------------------------- */

/* The value is not there yet. */
static void insert(struct frequent *sketch, const char *value, size_t length, uint64_t hash,
                   uint64_t count)
{
    if ((sketch->used + 1) * INDEX_SPACE > sketch->places) {
        sketch->places *= 2;
        sketch->index = xrealloc(sketch->index, sketch->places, sizeof(*sketch->index));
        enter_all(sketch);
    }
    GROW(sketch->counters, sketch->used, &sketch->capacity);
    struct counter *counter = &sketch->counters[sketch->used];
    *counter = (struct counter){.hash = hash, .count = count};
    sketch->again |= count > 1;
    if (sketch->numbers) {
        memcpy(counter->key.number, value, sizeof(counter->key.number));
    } else {
        counter->key.text.at = (uint32_t)sketch->keys.length;
        counter->key.text.length = (uint32_t)length;
        buffer_reserve(&sketch->keys, length + 1);
        memcpy(sketch->keys.data + sketch->keys.length, value, length);
        sketch->keys.length += length;
        sketch->keys.data[sketch->keys.length++] = '\0';
    }
    enter(sketch, sketch->used++);
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
    for (size_t i = 0; i < sketch->used; i++)
        if (sketch->counters[i].count < ARRAY_LENGTH(small))
            small[sketch->counters[i].count]++;
    size_t below = 0;
    for (size_t count = 1; count < ARRAY_LENGTH(small); count++) {
        below += small[count];
        if (below > rank)
            return count;
    }
    uint64_t *counts = xcalloc(sketch->used, sizeof(*counts)), cut;
    for (size_t i = 0; i < sketch->used; i++)
        counts[i] = sketch->counters[i].count;
    qsort(counts, sketch->used, sizeof(*counts), compare_counts);
    cut = counts[rank];
    free(counts);
    return cut;
}

/* Take `cut` off every counter and drop those that reach zero. */
static void purge(struct frequent *sketch, uint64_t cut)
{
    size_t kept = 0, end = 0;
    for (size_t i = 0; i < sketch->used; i++) {
        struct counter counter = sketch->counters[i];
        if (counter.count <= cut)
            continue;
        counter.count -= cut;
        if (!sketch->numbers) { /* texts stand in the order of their counters: they move down */
            memmove(sketch->keys.data + end, sketch->keys.data + counter.key.text.at,
                    counter.key.text.length + 1U);
            counter.key.text.at = (uint32_t)end;
            end += counter.key.text.length + 1U;
        }
        sketch->counters[kept++] = counter;
    }
    sketch->keys.length = end;
    sketch->used = kept;
    sketch->error += cut;
    enter_all(sketch);
}

/* As purge would, where all of them came once: of a column of different values nearly always, and
 * then a thirtieth of the time of a profile. */
static void forget_all(struct frequent *sketch)
{
    sketch->keys.length = 0;
    sketch->used = 0;
    sketch->again = false;
    sketch->error++;
    enter_all(sketch);
}

/* Half of the counters at least go. Nearly always more than that stand at one, where values hardly
 * come twice. */
static __attribute__((noinline)) void drop_half(struct frequent *sketch)
{
    size_t ones = sketch->again ? 0 : sketch->used;
    for (size_t i = 0; i < sketch->used && sketch->again; i++)
        ones += sketch->counters[i].count == 1;
    if (ones == sketch->used)
        forget_all(sketch);
    else
        purge(sketch, ones > sketch->used / 2 ? 1 : median_count(sketch));
}

static void add(struct frequent *sketch, const char *value, size_t length, uint64_t hash,
                uint64_t count)
{
    struct counter *counter = find(sketch, value, length, hash);
    sketch->total += count;
    if (counter) {
        counter->count += count;
        sketch->again = true;
        return;
    }
    insert(sketch, value, length, hash, count);
    if (sketch->used > sketch->limit)
        drop_half(sketch);
}

/* A text too long for a key, or with NUL bytes: by its beginning and its hash. */
static __attribute__((noinline)) void add_long(struct frequent *sketch, const char *value,
                                               size_t length, uint64_t hash, uint64_t count)
{
    char key[FREQUENT_KEY_MAX + 20];
    size_t zero = strnlen(value, length);
    int shown = (int)(zero < FREQUENT_KEY_MAX ? zero : FREQUENT_KEY_MAX);
    int written =
        snprintf(key, sizeof(key), "%.*s#%016llx", shown, value, (unsigned long long)hash);
    add(sketch, key, (size_t)written, stats_hash(key, (size_t)written), count);
}

uint32_t frequent_update_hashed(struct frequent *sketch, const char *value, size_t length,
                                uint64_t hash)
{
    if (length <= FREQUENT_KEY_MAX) {
        struct counter *counter = find(sketch, value, length, hash);
        if (counter) { /* nearly always: no key has NUL bytes */
            counter->count++;
            sketch->again = true;
            sketch->total++;
            return (uint32_t)(counter - sketch->counters);
        }
    }
    if (length > FREQUENT_KEY_MAX || strnlen(value, length) < length) {
        add_long(sketch, value, length, hash, 1);
        return FREQUENT_NO_COUNTER;
    }
    sketch->total++;
    insert(sketch, value, length, hash, 1);
    if (sketch->used <= sketch->limit)
        return (uint32_t)sketch->used - 1;
    drop_half(sketch);
    return FREQUENT_NO_COUNTER;
}

bool frequent_may_drop(const struct frequent *sketch, const char *value, size_t length,
                       uint64_t hash)
{
    return sketch->used == sketch->limit &&
           (length > FREQUENT_KEY_MAX || !find(sketch, value, length, hash));
}

void frequent_count_more(struct frequent *sketch, uint32_t counter, uint64_t times)
{
    sketch->counters[counter].count += times;
    sketch->again = true;
    sketch->total += times;
}

void frequent_update(struct frequent *sketch, const char *value, size_t length)
{
    frequent_update_hashed(sketch, value, length, stats_hash(value, length));
}

void frequent_update_times(struct frequent *sketch, const char *value, uint64_t times)
{
    size_t length = strlen(value);
    if (times > 0)
        add(sketch, value, length, stats_hash(value, length), times);
}

void frequent_put(struct frequent *sketch, const char *value, size_t length, uint64_t times)
{
    uint64_t hash = stats_hash(value, length);
    if (length <= FREQUENT_KEY_MAX && strnlen(value, length) == length)
        add(sketch, value, length, hash, times);
    else
        add_long(sketch, value, length, hash, times);
}

void frequent_put_number(struct frequent *sketch, double value, uint64_t times)
{
    char key[8];
    put_f64((uint8_t *)key, value);
    sketch->numbers = true;
    add(sketch, key, sizeof(key), stats_hash_eight(key), times);
}

void frequent_leave_out(struct frequent *sketch, uint64_t count, uint64_t most)
{
    sketch->total += count;
    sketch->error += count > 0 ? most : 0;
}

/* All the memory that numbers can ask for, so that none of them has to. */
static void make_room(struct frequent *sketch)
{
    while (sketch->places < (sketch->limit + 1) * INDEX_SPACE)
        sketch->places *= 2;
    sketch->index = xrealloc(sketch->index, sketch->places, sizeof(*sketch->index));
    sketch->capacity = sketch->limit + 1;
    sketch->counters = xrealloc(sketch->counters, sketch->capacity, sizeof(*sketch->counters));
    enter_all(sketch);
}

void frequent_update_numbers(struct frequent *sketch, const double *values, const uint64_t *hashes,
                             size_t count)
{
    sketch->numbers = true;
    sketch->total += count;
    if (sketch->capacity <= sketch->limit)
        make_room(sketch);
    /* neither moves any more: by names of their own the compiler knows it, too */
    struct counter *counters = sketch->counters;
    uint16_t *index = sketch->index;
    size_t mask = sketch->places - 1, used = sketch->used;
    bool again = sketch->again;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hashes[i];
        size_t at = hash & mask;
        while (index[at] && counters[index[at] - 1].hash != hash)
            at = (at + 1) & mask;
        if (index[at]) {
            counters[index[at] - 1].count++;
            again = true;
            continue;
        }
        struct counter *counter = &counters[used++];
        counter->hash = hash;
        counter->count = 1;
        put_f64((uint8_t *)counter->key.number, values[i]);
        index[at] = (uint16_t)used;
        if (used > sketch->limit) {
            sketch->used = used;
            sketch->again = again;
            drop_half(sketch);
            used = sketch->used;
            again = sketch->again;
        }
    }
    sketch->used = used;
    sketch->again = again;
}

void frequent_update_number(struct frequent *sketch, double value, uint64_t hash)
{
    frequent_update_numbers(sketch, &value, &hash, 1);
}

void frequent_merge(struct frequent *sketch, const struct frequent *other)
{
    uint64_t total = sketch->total + other->total;
    size_t count;
    struct frequent_item *items = frequent_items(other, &count); /* in an order of their own */
    sketch->numbers |= other->numbers;
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
    *count = sketch->used;
    for (size_t i = 0; i < sketch->used; i++) {
        const struct counter *counter = &sketch->counters[i];
        items[i] = sketch->numbers
                       ? (struct frequent_item){counter->key.number, counter->count,
                                                sizeof(counter->key.number)}
                       : (struct frequent_item){sketch->keys.data + counter->key.text.at,
                                                counter->count, counter->key.text.length};
    }
    qsort(items, *count, sizeof(*items), compare_items);
    return items;
}

uint64_t frequent_count(const struct frequent *sketch, const char *value)
{
    size_t length = strlen(value);
    const struct counter *counter = find(sketch, value, length, stats_hash(value, length));
    return counter ? counter->count : 0;
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
    sketch->numbers = numbers;
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
        wire->failed |=
            find(sketch, value, length, hash) != NULL || __builtin_add_overflow(sum, times, &sum);
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
