/* lib/stats/kll.c - the KLL quantile sketch. */
#include "stats/kll.h"
#include "stats/sort.h"
#include <math.h>

#define LEVELS_MAX 48 /* of weight 2^47: more values than 64 bits count are never seen */
#define LEVEL_MIN 8   /* least capacity of a level */
#define SEED 0x9e3779b97f4a7c15ULL
#define SMALL 48 /* items of a level that are sorted whatever runs it has */
#define RUNS 6   /* sorted runs of a level that are merged, not sorted */
#define RUN_ITEMS 1024
#define SAMPLED_FROM 17 /* from 2^17 values on, one of a group is looked at */

struct level {
    double *items;
    size_t count, capacity; /* capacity of the memory */
};

struct kll {
    struct level levels[LEVELS_MAX];
    size_t height;             /* levels in use, at least 1 */
    size_t size;               /* items in all levels */
    size_t limit;              /* items that may be held before a compaction */
    size_t limits[LEVELS_MAX]; /* of each level */
    uint64_t count;
    uint64_t random;
    bool exact; /* nothing is ever left out */
    /* the group of values of which one is looked at */
    unsigned group_level; /* it has 2^group_level of them */
    uint64_t group_left;  /* that are still to come; 0 between groups */
    uint64_t group_pick;  /* which of those left it is, from 0; ~0 where it came already */
    double picked;
};

/* A level may hold k items at the top, and two thirds of the level above below it. */
static void set_limits(struct kll *sketch)
{
    sketch->limit = sketch->exact ? SIZE_MAX : 0;
    for (size_t i = 0; i < sketch->height && !sketch->exact; i++) {
        double limit = ceil(KLL_K * pow(2.0 / 3.0, (double)(sketch->height - 1 - i)));
        sketch->limits[i] = limit < LEVEL_MIN ? LEVEL_MIN : (size_t)limit;
        sketch->limit += sketch->limits[i];
    }
}

struct kll *kll_new(void)
{
    struct kll *sketch = xcalloc(1, sizeof(*sketch));
    sketch->height = 1;
    sketch->random = SEED;
    set_limits(sketch);
    return sketch;
}

struct kll *kll_new_exact(void)
{
    struct kll *sketch = kll_new();
    sketch->exact = true;
    set_limits(sketch);
    return sketch;
}

bool kll_is_exact(const struct kll *sketch)
{
    return sketch->exact || sketch->count <= KLL_K;
}

void kll_free(struct kll *sketch)
{
    if (!sketch)
        return;
    for (size_t i = 0; i < LEVELS_MAX; i++)
        free(sketch->levels[i].items);
    free(sketch);
}

/* xorshift64* (Vigna 2016): its upper `bits` bits. */
static uint64_t draw(struct kll *sketch, unsigned bits)
{
    sketch->random ^= sketch->random >> 12;
    sketch->random ^= sketch->random << 25;
    sketch->random ^= sketch->random >> 27;
    return (sketch->random * 0x2545f4914f6cdd1dULL) >> (64 - bits);
}

/* Room for `more` items. */
static void reserve(struct level *level, size_t more)
{
    if (level->count + more <= level->capacity)
        return;
    while (level->capacity < level->count + more)
        level->capacity = level->capacity ? level->capacity * 2 : LEVEL_MIN;
    level->items = xrealloc(level->items, level->capacity, sizeof(*level->items));
}

static void push(struct level *level, double value)
{
    reserve(level, 1);
    level->items[level->count++] = value;
}

/* From both ends at once: each step waits for the one before it, but not for those of the other end.
 */
static void merge_runs(const double *left, size_t left_count, const double *right,
                       size_t right_count, double *out)
{
    const double *left_end = left + left_count, *right_end = right + right_count;
    double *out_end = out + left_count + right_count;
    while (left_end - left >= 2 && right_end - right >= 2) {
        bool right_first = *right < *left, left_last = left_end[-1] > right_end[-1];
        *out++ = right_first ? *right : *left;
        *--out_end = left_last ? left_end[-1] : right_end[-1];
        right += right_first;
        left += !right_first;
        left_end -= left_last;
        right_end -= !left_last;
    }
    while (left < left_end && right < right_end) {
        bool right_first = *right < *left;
        *out++ = right_first ? *right : *left;
        right += right_first;
        left += !right_first;
    }
    memcpy(out, left, (size_t)(left_end - left) * sizeof(*out));
    memcpy(out + (left_end - left), right, (size_t)(right_end - right) * sizeof(*out));
}

/* A level above the first has a few sorted runs, one for each time that the level below was halved:
 * they are merged. Anything else is sorted, and what is small. */
static void sort_level(double *items, size_t count)
{
    if (count <= SMALL) {
        sort_numbers(items, count);
        return;
    }
    double memory[2][RUN_ITEMS];
    size_t starts[RUNS + 1], runs = 0;
    for (size_t i = 0; i < count && runs <= RUNS; i++)
        if (i == 0 || items[i] < items[i - 1])
            starts[runs++] = i;
    if (runs > RUNS || count > RUN_ITEMS) {
        sort_numbers(items, count);
        return;
    }
    const double *merged = items;
    size_t length = runs > 1 ? starts[1] : count;
    for (size_t run = 1; run < runs; run++) {
        size_t end = run + 1 < runs ? starts[run + 1] : count;
        merge_runs(merged, length, items + starts[run], end - starts[run], memory[run % 2]);
        merged = memory[run % 2];
        length = end;
    }
    if (merged != items)
        memcpy(items, merged, count * sizeof(*items));
}

/* Half of a level, every second item by a coin, goes one up with twice the weight. An odd item
 * stays. */
static void compact(struct kll *sketch, size_t i)
{
    if (i + 1 == sketch->height) {
        sketch->height++;
        set_limits(sketch);
    }
    struct level *level = &sketch->levels[i];
    sort_level(level->items, level->count);
    size_t pairs = level->count / 2, from = draw(sketch, 1);
    struct level *above = &sketch->levels[i + 1];
    reserve(above, pairs);
    for (size_t j = 0; j < pairs; j++)
        above->items[above->count + j] = level->items[2 * j + from];
    above->count += pairs;
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
        while (i + 1 < sketch->height && sketch->levels[i].count < sketch->limits[i])
            i++;
        if (sketch->levels[i].count < 2 || i + 1 == LEVELS_MAX)
            return;
        compact(sketch, i);
    }
}

static void take(struct kll *sketch, double value, unsigned level)
{
    if (level >= sketch->height) {
        sketch->height = level + 1;
        set_limits(sketch);
    }
    push(&sketch->levels[level], value);
    if (++sketch->size >= sketch->limit)
        compress(sketch);
}

/* A group that was cut short: its value stands for as many as came, which are powers of two. */
static void close_group(struct kll *sketch)
{
    uint64_t came = sketch->group_left ? (1ULL << sketch->group_level) - sketch->group_left : 0;
    double value = sketch->picked;
    sketch->group_left = 0;
    for (unsigned level = 0; came >> level; level++)
        if (came >> level & 1)
            take(sketch, value, level);
}

static void begin_group(struct kll *sketch)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(sketch->count | 1); /* count < 2^bits */
    sketch->group_level = bits > SAMPLED_FROM && !sketch->exact ? bits - SAMPLED_FROM : 0;
    sketch->group_left = 1ULL << sketch->group_level;
    sketch->group_pick = sketch->group_level ? draw(sketch, sketch->group_level) : 0;
}

/* While every group is of one value: as many of them as there is room for before a compaction, and
 * at least one. How many were taken. */
static size_t take_ungrouped(struct kll *sketch, const double *values, size_t count)
{
    size_t room = sketch->limit > sketch->size ? sketch->limit - sketch->size : 1;
    uint64_t ungrouped = sketch->exact ? UINT64_MAX : (1ULL << SAMPLED_FROM) - sketch->count;
    size_t taken = count < room ? count : room;
    taken = taken < ungrouped ? taken : (size_t)ungrouped;
    struct level *level = &sketch->levels[0];
    reserve(level, taken);
    memcpy(level->items + level->count, values, taken * sizeof(*values));
    level->count += taken;
    sketch->size += taken;
    sketch->count += taken;
    if (sketch->size >= sketch->limit)
        compress(sketch);
    return taken;
}

void kll_update_many(struct kll *sketch, const double *values, size_t count)
{
    while (count > 0) {
        if (sketch->group_left == 0 && (sketch->exact || sketch->count >> SAMPLED_FROM == 0)) {
            size_t taken = take_ungrouped(sketch, values, count);
            values += taken;
            count -= taken;
            continue;
        }
        if (sketch->group_left == 0)
            begin_group(sketch);
        uint64_t taken = sketch->group_left < count ? sketch->group_left : count;
        /* until its own turn has come, the first of a group stands for it: close_group may ask */
        if (sketch->group_left == 1ULL << sketch->group_level)
            sketch->picked = values[0];
        if (sketch->group_pick < taken)
            sketch->picked = values[sketch->group_pick];
        sketch->group_pick -= taken; /* wraps around once it came: never below `taken` again */
        sketch->group_left -= taken;
        sketch->count += taken;
        values += taken;
        count -= taken;
        if (sketch->group_left == 0)
            take(sketch, sketch->picked, sketch->group_level);
    }
}

void kll_update(struct kll *sketch, double value)
{
    kll_update_many(sketch, &value, 1);
}

/* The same sketch without a group under way; the caller frees it. */
static struct kll *closed_copy(const struct kll *sketch)
{
    struct kll *copy = xmalloc(sizeof(*copy));
    *copy = *sketch;
    for (size_t i = 0; i < LEVELS_MAX; i++) {
        const struct level *level = &sketch->levels[i];
        copy->levels[i] = (struct level){NULL, level->count, level->count};
        if (level->count) {
            copy->levels[i].items = xcalloc(level->count, sizeof(double));
            memcpy(copy->levels[i].items, level->items, level->count * sizeof(double));
        }
    }
    close_group(copy);
    return copy;
}

void kll_merge(struct kll *sketch, const struct kll *other)
{
    struct kll *part = closed_copy(other);
    close_group(sketch);
    while (sketch->height < part->height)
        sketch->height++;
    set_limits(sketch);
    for (size_t i = 0; i < part->height; i++)
        for (size_t j = 0; j < part->levels[i].count; j++)
            push(&sketch->levels[i], part->levels[i].items[j]);
    sketch->size += part->size;
    sketch->count += part->count;
    kll_free(part);
    compress(sketch);
}

/* The value at `rank`, from 1; ranks come in ascending order, `*at` is where the last was. */
static double value_at(const struct kll_view *view, uint64_t rank, size_t *at)
{
    while (*at + 1 < view->size && view->cumulative[*at] < rank)
        ++*at;
    return view->values[*at];
}

/* As few equal shares as a level takes, each by the value in its middle; the rest in powers of two.
 */
void kll_add_ranked(struct kll *sketch, const struct kll_view *view)
{
    uint64_t total = view->size ? view->cumulative[view->size - 1] : 0, begin = 0;
    unsigned level = 0;
    size_t at = 0;
    close_group(sketch);
    while (total >> level > KLL_K)
        level++;
    for (uint64_t left = total; left > 0;) {
        while (left < 1ULL << level)
            level--;
        uint64_t share = 1ULL << level;
        take(sketch, value_at(view, begin + share / 2 + 1, &at), level);
        begin += share;
        left -= share;
    }
    sketch->count += total;
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
    double x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;
    return (x > y) - (x < y);
}

void kll_view_make(const struct kll *open, struct kll_view *view)
{
    struct kll *sketch = closed_copy(open);
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
    kll_free(sketch);
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
    /* 0.35 · 400 is a little more than 140 in binary: that is still the 140th value */
    double wanted = q * (double)view->cumulative[view->size - 1] * (1 - 1e-12);
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

void kll_encode(const struct kll *open, bool compact, struct buffer *out)
{
    struct kll *sketch = closed_copy(open);
    wire_put_u64(out, sketch->count);
    wire_put_u64(out, sketch->random);
    wire_put_u32(out, (uint32_t)sketch->height);
    for (size_t i = 0; i < sketch->height; i++) {
        wire_put_u32(out, (uint32_t)sketch->levels[i].count);
        for (size_t j = 0; j < sketch->levels[i].count; j++)
            (compact ? wire_put_number : wire_put_f64)(out, sketch->levels[i].items[j]);
    }
    kll_free(sketch);
}

struct kll *kll_decode(struct wire *wire, bool compact)
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
        if (count > (size_t)(wire->end - wire->at) / (compact ? 1 : 8))
            wire->failed = true;
        for (size_t j = 0; j < count && !wire->failed; j++) {
            double value = compact ? wire_number(wire) : wire_f64(wire);
            wire->failed |= isnan(value);
            push(&sketch->levels[i], value);
            weight += 1ULL << i;
        }
        sketch->size += sketch->levels[i].count;
    }
    set_limits(sketch);
    if (wire->failed || weight != sketch->count) {
        wire->failed = true;
        kll_free(sketch);
        return NULL;
    }
    return sketch;
}
