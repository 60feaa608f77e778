/* lib/stats/radix.c - least significant digit first; digits that all keys share are passed over. */
#include "stats/radix.h"
#include "base/pool.h"

#define DIGIT_BITS 11
#define DIGIT_VALUES (1U << DIGIT_BITS)
#define DIGITS 6         /* of 11 bits in 64 */
#define SMALL_SIZE 512   /* below this a comparison sort is faster than clearing the histograms */
#define SPLIT_SIZE 65536 /* from here on two halves are sorted at once and merged */

static unsigned digit(uint64_t key, unsigned place)
{
    return (unsigned)(key >> (place * DIGIT_BITS)) & (DIGIT_VALUES - 1);
}

/* Counts into where each value of a digit begins; false where all keys share it. */
static bool to_starts(size_t *start, size_t count, unsigned any)
{
    size_t before = 0;
    if (start[any] == count)
        return false;
    for (unsigned value = 0; value < DIGIT_VALUES; value++) {
        size_t here = start[value];
        start[value] = before;
        before += here;
    }
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void sort_keys(uint64_t *keys, uint64_t *spare, size_t count)
{
    if (count < SMALL_SIZE) {
        qsort(keys, count, sizeof(*keys), compare_keys);
        return;
    }
    size_t(*starts)[DIGIT_VALUES] = xcalloc(DIGITS, sizeof(*starts));
    for (size_t i = 0; i < count; i++)
        for (unsigned place = 0; place < DIGITS; place++)
            starts[place][digit(keys[i], place)]++;
    uint64_t *from = keys, *to = spare;
    for (unsigned place = 0; place < DIGITS; place++) {
        size_t *start = starts[place];
        if (!to_starts(start, count, digit(from[0], place)))
            continue;
        for (size_t i = 0; i < count; i++)
            to[start[digit(from[i], place)]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, count * sizeof(*keys));
    free(starts);
}

static void insertion_sort(struct keyed *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct keyed item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].key > item.key; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

void radix_sort_keyed(struct keyed *items, struct keyed *spare, size_t count)
{
    if (count < SMALL_SIZE / 8) {
        insertion_sort(items, count);
        return;
    }
    size_t(*starts)[DIGIT_VALUES] = xcalloc(DIGITS, sizeof(*starts));
    for (size_t i = 0; i < count; i++)
        for (unsigned place = 0; place < DIGITS; place++)
            starts[place][digit(items[i].key, place)]++;
    struct keyed *from = items, *to = spare;
    for (unsigned place = 0; place < DIGITS; place++) {
        size_t *start = starts[place];
        if (!to_starts(start, count, digit(from[0].key, place)))
            continue;
        for (size_t i = 0; i < count; i++)
            to[start[digit(from[i].key, place)]++] = from[i];
        struct keyed *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof(*items));
    free(starts);
}

/* Of 4 digits of 8 bits: the counts of more values would take longer than so few keys. */
void radix_order(const uint64_t *keys, size_t count, uint64_t *order, uint64_t *spare)
{
    uint32_t starts[4][256] = {0};
    for (size_t i = 0; i < count; i++) {
        uint64_t upper = keys[i] >> 32;
        order[i] = upper << 32 | i;
        for (unsigned place = 0; place < 4; place++)
            starts[place][upper >> (8 * place) & 255]++;
    }
    for (unsigned place = 0; place < 4; place++) {
        unsigned shift = 32 + 8 * place;
        uint32_t before = 0, *start = starts[place];
        for (unsigned value = 0; value < 256; value++) {
            uint32_t here = start[value];
            start[value] = before;
            before += here;
        }
        for (size_t i = 0; i < count; i++)
            spare[start[order[i] >> shift & 255]++] = order[i];
        uint64_t *swap = order;
        order = spare;
        spare = swap;
    }
    for (size_t i = 0; i < count; i++) { /* now by the lower bits: an insertion sort */
        size_t place = (uint32_t)order[i], at = i;
        for (; at > 0 && keys[order[at - 1]] > keys[place]; at--)
            order[at] = order[at - 1];
        order[at] = place;
    }
}

struct halves {
    uint64_t *keys, *spare;
    size_t middle, count;
};

static int sort_half(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct halves *halves = context;
    size_t from = index ? halves->middle : 0, to = index ? halves->count : halves->middle;
    (void)worker, (void)err;
    sort_keys(halves->keys + from, halves->spare + from, to - from);
    return MLOPS_OK;
}

void radix_sort_keys(uint64_t *keys, uint64_t *spare, size_t count)
{
    struct halves halves = {.keys = keys, .spare = spare, .middle = count / 2, .count = count};
    struct mlops_error ignored = {0}; /* sorting does not fail */
    if (count < SPLIT_SIZE || pool_threads() < 2) {
        sort_keys(keys, spare, count);
        return;
    }
    (void)pool_run(2, sort_half, &halves, &ignored);
    size_t left = 0, right = halves.middle;
    for (size_t i = 0; i < count; i++) {
        bool first = right == count || (left < halves.middle && keys[left] <= keys[right]);
        spare[i] = first ? keys[left] : keys[right];
        left += first;
        right += !first;
    }
    memcpy(keys, spare, count * sizeof(*keys));
}
