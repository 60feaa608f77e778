/* lib/stats/profile_column.c - one column of a profile, batch by batch. */
#include "stats/profile_column.h"
#include "stats/frequent.h"
#include "stats/hash_many.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include "stats/range.h"
#include "stats/row_sample.h"
#include <math.h>

#define DAY_NS 86400000000000LL
#define HOUR_NS 3600000000000LL

void column_init(struct column_profile *column, const char *name, enum column_type type,
                 bool extended)
{
    *column = (struct column_profile){
        .name = xstrdup(name), .type = type, .min = NAN, .max = NAN, .extended = extended};
    column->distinct = hll_new();
    if (type == COLUMN_BOOL || column_has_texts(type))
        column->frequent = frequent_new();
    if (column_is_numeric(type))
        column->quantiles = kll_new();
    if (!extended)
        return;
    if (column_is_numeric(type))
        column->values = frequent_new_limited(PROFILE_VALUES);
    if (type == COLUMN_TIME)
        column->times = kll_new();
    if (column_has_texts(type))
        column->patterns = frequent_new_limited(PROFILE_PATTERNS);
}

void column_make_exact(struct column_profile *column)
{
    if (column->quantiles) {
        kll_free(column->quantiles);
        column->quantiles = kll_new_exact();
    }
    if (column->frequent) {
        frequent_free(column->frequent);
        column->frequent = frequent_new_exact();
    }
}

void column_clear(struct column_profile *column)
{
    free(column->name);
    free(column->chunk);
    free(column->recent);
    kll_free(column->quantiles);
    kll_free(column->times);
    hll_free(column->distinct);
    frequent_free(column->frequent);
    frequent_free(column->values);
    frequent_free(column->patterns);
    *column = (struct column_profile){0};
}

static void extend(struct column_profile *column, double value)
{
    if (!(column->min <= value))
        column->min = value;
    if (!(column->max >= value))
        column->max = value;
}

/* ---- moments -------------------------------------------------------------------------------- */

static struct moments moments_of(const struct column_profile *column, double n)
{
    return (struct moments){
        n, {column->mean, column->mean_low}, column->m2, column->m3, column->m4};
}

static void set_moments(struct column_profile *column, const struct moments *moments)
{
    column->mean = moments->mean.high;
    column->mean_low = moments->mean.low;
    column->m2 = moments->m2;
    column->m3 = moments->m3;
    column->m4 = moments->m4;
}

/* `before` finite values are in already, some of them perhaps in the chunk. */
static void add_moments(struct column_profile *column, uint64_t before, const double *values,
                        size_t count)
{
    if (!column->chunk)
        column->chunk = xcalloc(1, sizeof(*column->chunk));
    struct moments moments = moments_of(column, (double)(before - column->chunk->held));
    moments_add(&moments, column->chunk, values, count);
    set_moments(column, &moments);
}

void column_finish(struct column_profile *column)
{
    column_finish_texts(column);
    if (!column->chunk)
        return;
    struct moments moments =
        moments_of(column, (double)(column_finite(column) - column->chunk->held));
    moments_finish(&moments, column->chunk);
    set_moments(column, &moments);
    free(column->chunk);
    column->chunk = NULL;
}

/* ---- numbers and times ---------------------------------------------------------------------- */

/* Values of a slice that are there, close together, and the hashes of them: those of its rows where
 * none is missing, `memory` otherwise. */
struct slice {
    size_t count;
    const uint64_t *hashes;
    double values[COLUMN_SLICE];
    uint64_t memory[COLUMN_SLICE];
};

static bool any_missing(const uint8_t *missing, size_t count)
{
    uint64_t any = 0, eight;
    size_t i = 0;
    for (; i + sizeof(eight) <= count; i += sizeof(eight)) {
        memcpy(&eight, missing + i, sizeof(eight));
        any |= eight;
    }
    for (; i < count; i++)
        any |= missing[i];
    return any != 0;
}

/* All of a slice at once, where nothing is missing: no branch stands in the way of the next value.
 */
static void gather_whole(const double *numbers, size_t count, struct slice *slice, uint64_t *hashes)
{
    for (size_t i = 0; i < count; i++)
        slice->values[i] = numbers[i] + 0.0; /* -0 is 0 */
    hash_many(slice->values, count, hashes);
    slice->hashes = hashes;
    slice->count = count;
}

static void gather_numbers(struct column_profile *column, const struct column *from, size_t row,
                           size_t end, struct slice *slice, uint64_t *hashes)
{
    if (!any_missing(from->missing + row, end - row)) {
        gather_whole(from->numbers + row, end - row, slice, hashes + row);
        return;
    }
    size_t count = 0;
    for (size_t i = row; i < end; i++) { /* what is missing is written over */
        slice->values[count] = from->numbers[i] + 0.0;
        count += from->missing[i] == MISSING_NOT;
    }
    hash_many(slice->values, count, slice->memory);
    slice->hashes = slice->memory;
    slice->count = count;
    for (count = 0; row < end; row++) {
        hashes[row] = from->missing[row] ? COLUMN_MISSING_HASH : slice->memory[count++];
        if (from->missing[row])
            column_count_missing(column, from->missing[row]);
    }
}

static size_t drop_infinite(struct slice *slice)
{
    size_t kept = 0, dropped;
    for (size_t i = 0; i < slice->count; i++)
        if (!isinf(slice->values[i]))
            slice->values[kept++] = slice->values[i];
    dropped = slice->count - kept;
    slice->count = kept;
    return dropped;
}

/* Range, zeros and signs; infinite values go, so that what stays is fit for moments. */
static void range_of_numbers(struct column_profile *column, struct slice *slice)
{
    double least, largest;
    if (slice->count == 0)
        return;
    range_of(slice->values, slice->count, &least, &largest);
    extend(column, least);
    extend(column, largest);
    uint64_t zeros = 0, negatives = 0;
    for (size_t i = 0; i < slice->count && least <= 0; i++) {
        zeros += slice->values[i] == 0;
        negatives += slice->values[i] < 0;
    }
    column->zeros += zeros;
    column->negatives += negatives;
    if (isinf(least) || isinf(largest))
        column->infinite += drop_infinite(slice);
}

static void count_bools(struct frequent *frequent, const struct slice *slice)
{
    uint64_t trues = 0;
    for (size_t i = 0; i < slice->count; i++)
        trues += slice->values[i] != 0;
    frequent_update_times(frequent, "true", trues);
    frequent_update_times(frequent, "false", slice->count - trues);
}

static void update_numbers(struct column_profile *column, const struct column *from,
                           uint64_t *hashes)
{
    struct slice slice;
    for (size_t row = 0; row < from->rows; row += COLUMN_SLICE) {
        size_t end = row + COLUMN_SLICE < from->rows ? row + COLUMN_SLICE : from->rows;
        uint64_t before = column_finite(column);
        column->count += end - row;
        gather_numbers(column, from, row, end, &slice, hashes);
        hll_update_hashes(column->distinct, slice.hashes, slice.count);
        kll_update_many(column->quantiles, slice.values, slice.count);
        if (column->values)
            frequent_update_numbers(column->values, slice.values, slice.hashes, slice.count);
        if (column->frequent)
            count_bools(column->frequent, &slice);
        range_of_numbers(column, &slice);
        add_moments(column, before, slice.values, slice.count);
    }
}

static void count_time(struct column_profile *column, int64_t time_ns, bool first)
{
    if (first || time_ns < column->first_ns)
        column->first_ns = time_ns;
    if (first || time_ns > column->last_ns)
        column->last_ns = time_ns;
    int64_t day = time_ns / DAY_NS, rest = time_ns % DAY_NS;
    if (rest < 0) {
        rest += DAY_NS;
        day--;
    }
    column->hours[rest / HOUR_NS]++;
    column->weekdays[((day + 3) % 7 + 7) % 7]++; /* 1970-01-01 was a Thursday */
}

static void update_times(struct column_profile *column, const struct column *from, uint64_t *hashes)
{
    struct slice slice;
    for (size_t row = 0; row < from->rows; row += COLUMN_SLICE) {
        size_t end = row + COLUMN_SLICE < from->rows ? row + COLUMN_SLICE : from->rows;
        uint64_t before = column_finite(column);
        column->count += end - row;
        slice.count = 0;
        slice.hashes = slice.memory;
        for (size_t i = row; i < end; i++) {
            if (from->missing[i]) {
                column_count_missing(column, from->missing[i]);
                hashes[i] = COLUMN_MISSING_HASH;
                continue;
            }
            int64_t time_ns = from->times[i];
            count_time(column, time_ns, before + slice.count == 0);
            extend(column, (double)time_ns);
            slice.values[slice.count] = (double)time_ns;
            slice.memory[slice.count++] = hashes[i] = stats_hash_eight(&time_ns);
        }
        hll_update_hashes(column->distinct, slice.hashes, slice.count);
        if (column->times)
            kll_update_many(column->times, slice.values, slice.count);
        add_moments(column, before, slice.values, slice.count);
    }
}

void column_update(struct column_profile *profile, const struct column *column, uint64_t *hashes)
{
    if (column->numbers)
        update_numbers(profile, column, hashes);
    else if (column->times)
        update_times(profile, column, hashes);
    else
        column_update_texts(profile, column, hashes);
}

/* ---- merging -------------------------------------------------------------------------------- */

static void merge_ranges(struct column_profile *a, const struct column_profile *b)
{
    bool first = column_present(a) == 0;
    if (column_present(b) == 0)
        return;
    if (!isnan(b->min)) {
        extend(a, b->min);
        extend(a, b->max);
    }
    if (!a->extended)
        return;
    if (first || b->first_ns < a->first_ns)
        a->first_ns = b->first_ns;
    if (first || b->last_ns > a->last_ns)
        a->last_ns = b->last_ns;
    if (first || b->length_min < a->length_min)
        a->length_min = b->length_min;
    if (first || b->length_max > a->length_max)
        a->length_max = b->length_max;
}

static void merge_sketches(struct column_profile *a, const struct column_profile *b)
{
    hll_merge(a->distinct, b->distinct);
    if (a->quantiles)
        kll_merge(a->quantiles, b->quantiles);
    if (a->times && b->times)
        kll_merge(a->times, b->times);
    if (a->frequent)
        frequent_merge(a->frequent, b->frequent);
    if (a->values && b->values)
        frequent_merge(a->values, b->values);
    if (a->patterns && b->patterns)
        frequent_merge(a->patterns, b->patterns);
}

void column_forget_extension(struct column_profile *column)
{
    struct column_profile plain = *column;
    frequent_free(column->values);
    frequent_free(column->patterns);
    kll_free(column->times);
    *column = (struct column_profile){.name = plain.name,
                                      .type = plain.type,
                                      .count = plain.count,
                                      .missing = plain.missing,
                                      .infinite = plain.infinite,
                                      .min = plain.min,
                                      .max = plain.max,
                                      .mean = plain.mean,
                                      .m2 = plain.m2,
                                      .m3 = plain.m3,
                                      .quantiles = plain.quantiles,
                                      .distinct = plain.distinct,
                                      .frequent = plain.frequent};
}

void column_merge(struct column_profile *a, const struct column_profile *b)
{
    struct moments moments = moments_of(a, (double)column_finite(a));
    struct moments others = moments_of(b, (double)column_finite(b));
    moments_merge(&moments, &others);
    moments.m4 = a->extended ? moments.m4 : 0;
    moments.mean.low = a->extended ? moments.mean.low : 0;
    set_moments(a, &moments);
    merge_ranges(a, b);
    merge_sketches(a, b);
    a->count += b->count;
    a->missing += b->missing;
    a->infinite += b->infinite;
    if (!a->extended)
        return;
    a->misfits += b->misfits;
    a->zeros += b->zeros;
    a->negatives += b->negatives;
    a->length_sum += b->length_sum;
    for (size_t i = 0; i < ARRAY_LENGTH(a->absence); i++)
        a->absence[i] += b->absence[i];
    for (size_t i = 0; i < ARRAY_LENGTH(a->hours); i++)
        a->hours[i] += b->hours[i];
    for (size_t i = 0; i < ARRAY_LENGTH(a->weekdays); i++)
        a->weekdays[i] += b->weekdays[i];
}
