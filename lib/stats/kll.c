/* lib/stats/kll.c - the KLL quantile sketch. */
#include "stats/kll.h"
#include <math.h>

#define LEVELS_MAX 48 /* of weight 2^47: more values than 64 bits count are never seen */
#define LEVEL_MIN 8   /* least capacity of a level */
#define SEED 0x9e3779b97f4a7c15ULL

struct level {
    double *items;
    size_t count, capacity; /* capacity of the memory */
};

struct kll {
    struct level levels[LEVELS_MAX];
    size_t height; /* levels in use, at least 1 */
    size_t size;   /* items in all levels */
    size_t limit;  /* items that may be held before a compaction */
    uint64_t count;
    uint64_t random;
};

/* Items that level `i` may hold: k at the top, two thirds of the level above below it. */
static size_t level_limit(const struct kll *sketch, size_t i)
{
    double limit = ceil(KLL_K * pow(2.0 / 3.0, (double)(sketch->height - 1 - i)));
    return limit < LEVEL_MIN ? LEVEL_MIN : (size_t)limit;
}

static void set_limit(struct kll *sketch)
{
    sketch->limit = 0;
    for (size_t i = 0; i < sketch->height; i++)
        sketch->limit += level_limit(sketch, i);
}

struct kll *kll_new(void)
{
    struct kll *sketch = xcalloc(1, sizeof(*sketch));
    sketch->height = 1;
    sketch->random = SEED;
    set_limit(sketch);
    return sketch;
}

void kll_free(struct kll *sketch)
{
    if (!sketch)
        return;
    for (size_t i = 0; i < LEVELS_MAX; i++)
        free(sketch->levels[i].items);
    free(sketch);
}

/* xorshift64* (Vigna 2016): one bit of it is all that is asked. */
static bool coin(struct kll *sketch)
{
    sketch->random ^= sketch->random >> 12;
    sketch->random ^= sketch->random << 25;
    sketch->random ^= sketch->random >> 27;
    return (sketch->random * 0x2545f4914f6cdd1dULL) >> 63;
}

static void push(struct level *level, double value)
{
    GROW(level->items, level->count, &level->capacity);
    level->items[level->count++] = value;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Half of a level, every second item by a coin, goes one up with twice the weight. An odd item
 * stays. */
static void compact(struct kll *sketch, size_t i)
{
    if (i + 1 == sketch->height) {
        if (sketch->height == LEVELS_MAX)
            return;
        sketch->height++;
        set_limit(sketch);
    }
    struct level *level = &sketch->levels[i];
    qsort(level->items, level->count, sizeof(double), compare);
    size_t pairs = level->count / 2, from = coin(sketch);
    for (size_t j = 0; j < pairs; j++)
        push(&sketch->levels[i + 1], level->items[2 * j + from]);
    if (level->count % 2)
        level->items[0] = level->items[level->count - 1];
    level->count %= 2;
    sketch->size -= pairs;
}

/* The lowest level that is full is halved, until all fits. */
static void compress(struct kll *sketch)
{
    while (sketch->size >= sketch->limit) {
        size_t i = 0;
        while (i + 1 < sketch->height && sketch->levels[i].count < level_limit(sketch, i))
            i++;
        if (sketch->levels[i].count < 2)
            return;
        compact(sketch, i);
    }
}

void kll_update(struct kll *sketch, double value)
{
    push(&sketch->levels[0], value);
    sketch->count++;
    if (++sketch->size >= sketch->limit)
        compress(sketch);
}

void kll_merge(struct kll *sketch, const struct kll *other)
{
    while (sketch->height < other->height)
        sketch->height++;
    set_limit(sketch);
    for (size_t i = 0; i < other->height; i++)
        for (size_t j = 0; j < other->levels[i].count; j++)
            push(&sketch->levels[i], other->levels[i].items[j]);
    sketch->size += other->size;
    sketch->count += other->count;
    compress(sketch);
}

uint64_t kll_count(const struct kll *sketch)
{
    return sketch->count;
}

struct weighted {
    double value;
    uint64_t weight;
};

static int compare_weighted(const void *a, const void *b)
{
    return compare(&((const struct weighted *)a)->value, &((const struct weighted *)b)->value);
}

void kll_view_make(const struct kll *sketch, struct kll_view *view)
{
    struct weighted *items = xcalloc(sketch->size, sizeof(*items));
    size_t used = 0;
    for (size_t i = 0; i < sketch->height; i++)
        for (size_t j = 0; j < sketch->levels[i].count; j++)
            items[used++] = (struct weighted){sketch->levels[i].items[j], 1ULL << i};
    qsort(items, used, sizeof(*items), compare_weighted);
    *view = (struct kll_view){.values = xcalloc(used, sizeof(double)),
                              .cumulative = xcalloc(used, sizeof(uint64_t))};
    uint64_t total = 0;
    for (size_t i = 0; i < used; i++) {
        total += items[i].weight;
        if (view->size == 0 || items[i].value > view->values[view->size - 1])
            view->values[view->size++] = items[i].value;
        view->cumulative[view->size - 1] = total;
    }
    free(items);
}

void kll_view_clear(struct kll_view *view)
{
    free(view->values);
    free(view->cumulative);
    *view = (struct kll_view){0};
}

double kll_view_quantile(const struct kll_view *view, double q)
{
    if (view->size == 0)
        return NAN;
    double wanted = q * (double)view->cumulative[view->size - 1];
    size_t low = 0, high = view->size - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((double)view->cumulative[middle] >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return view->values[low];
}

double kll_view_cdf(const struct kll_view *view, double value)
{
    size_t low = 0, high = view->size; /* the first item above `value` */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (view->values[middle] > value)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0)
        return 0;
    return (double)view->cumulative[low - 1] / (double)view->cumulative[view->size - 1];
}

void kll_encode(const struct kll *sketch, struct buffer *out)
{
    wire_put_u64(out, sketch->count);
    wire_put_u64(out, sketch->random);
    wire_put_u32(out, (uint32_t)sketch->height);
    for (size_t i = 0; i < sketch->height; i++) {
        wire_put_u32(out, (uint32_t)sketch->levels[i].count);
        for (size_t j = 0; j < sketch->levels[i].count; j++)
            wire_put_f64(out, sketch->levels[i].items[j]);
    }
}

struct kll *kll_decode(struct wire *wire)
{
    struct kll *sketch = kll_new();
    sketch->count = wire_u64(wire);
    sketch->random = wire_u64(wire);
    size_t height = wire_u32(wire);
    if (height < 1 || height > LEVELS_MAX || sketch->random == 0)
        wire->failed = true;
    else
        sketch->height = height;
    uint64_t weight = 0;
    for (size_t i = 0; i < sketch->height && !wire->failed; i++) {
        size_t count = wire_u32(wire);
        if (count > (size_t)(wire->end - wire->at) / 8)
            wire->failed = true;
        for (size_t j = 0; j < count && !wire->failed; j++) {
            double value = wire_f64(wire);
            wire->failed |= isnan(value);
            push(&sketch->levels[i], value);
            weight += 1ULL << i;
        }
        sketch->size += sketch->levels[i].count;
    }
    set_limit(sketch);
    if (wire->failed || weight != sketch->count) {
        wire->failed = true;
        kll_free(sketch);
        return NULL;
    }
    return sketch;
}
