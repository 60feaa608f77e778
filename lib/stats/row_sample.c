/* lib/stats/row_sample.c - rows by their smallest hashes. */
#include "stats/row_sample.h"

struct row_sample {
    size_t limit, columns; /* rows that fit, columns that are kept */
    size_t rows;
    uint32_t *order;   /* places of the rows, by hash */
    uint64_t *hashes;  /* by place */
    uint64_t *counts;  /* by place */
    uint64_t *cells;   /* by place */
    size_t capacity;   /* rows that there is memory for */
    bool overflowed;   /* rows had to go */
};

struct row_sample *row_sample_new(size_t columns)
{
    struct row_sample *sample = xcalloc(1, sizeof(*sample));
    sample->columns = columns < ROW_SAMPLE_COLUMNS_MAX ? columns : ROW_SAMPLE_COLUMNS_MAX;
    sample->limit = ROW_SAMPLE_CELLS / (sample->columns ? sample->columns : 1);
    if (sample->limit > ROW_SAMPLE_MAX)
        sample->limit = ROW_SAMPLE_MAX;
    return sample;
}

void row_sample_free(struct row_sample *sample)
{
    if (!sample)
        return;
    free(sample->order);
    free(sample->hashes);
    free(sample->counts);
    free(sample->cells);
    free(sample);
}

uint64_t row_sample_threshold(const struct row_sample *sample)
{
    return sample->rows < sample->limit ? UINT64_MAX
                                        : sample->hashes[sample->order[sample->rows - 1]];
}

/* Where in the order `hash` is, or would be. */
static size_t find(const struct row_sample *sample, uint64_t hash)
{
    size_t low = 0, high = sample->rows;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sample->hashes[sample->order[middle]] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void grow(struct row_sample *sample)
{
    size_t capacity = sample->capacity ? sample->capacity * 2 : 64;
    if (capacity > sample->limit)
        capacity = sample->limit;
    sample->order = xrealloc(sample->order, capacity, sizeof(*sample->order));
    sample->hashes = xrealloc(sample->hashes, capacity, sizeof(*sample->hashes));
    sample->counts = xrealloc(sample->counts, capacity, sizeof(*sample->counts));
    sample->cells = xrealloc(sample->cells, capacity * (sample->columns ? sample->columns : 1),
                             sizeof(*sample->cells));
    sample->capacity = capacity;
}

/* A place for a new row: a fresh one, or that of the row with the largest hash. */
static uint32_t make_room(struct row_sample *sample)
{
    if (sample->rows == sample->limit) {
        sample->overflowed = true;
        return sample->order[--sample->rows];
    }
    if (sample->rows == sample->capacity)
        grow(sample);
    return (uint32_t)sample->rows;
}

void row_sample_pass_over(struct row_sample *sample)
{
    sample->overflowed = true;
}

void row_sample_update(struct row_sample *sample, uint64_t hash, uint64_t count,
                       const uint64_t *cells)
{
    size_t at = find(sample, hash);
    if (at < sample->rows && sample->hashes[sample->order[at]] == hash) {
        sample->counts[sample->order[at]] += count;
        return;
    }
    if (at == sample->limit) {
        sample->overflowed = true;
        return;
    }
    uint32_t place = make_room(sample);
    memmove(sample->order + at + 1, sample->order + at,
            (sample->rows - at) * sizeof(*sample->order));
    sample->order[at] = place;
    sample->hashes[place] = hash;
    sample->counts[place] = count;
    if (sample->columns > 0)
        memcpy(sample->cells + place * sample->columns, cells,
               sample->columns * sizeof(*sample->cells));
    sample->rows++;
}

void row_sample_merge(struct row_sample *sample, const struct row_sample *other)
{
    for (size_t i = 0; i < other->rows; i++) {
        size_t place = other->order[i];
        row_sample_update(sample, other->hashes[place], other->counts[place],
                          other->cells + place * other->columns);
    }
    sample->overflowed |= other->overflowed;
}

size_t row_sample_rows(const struct row_sample *sample)
{
    return sample->rows;
}

size_t row_sample_columns(const struct row_sample *sample)
{
    return sample->columns;
}

bool row_sample_is_whole(const struct row_sample *sample)
{
    return !sample->overflowed;
}

const uint64_t *row_sample_row(const struct row_sample *sample, size_t i, uint64_t *count)
{
    size_t place = sample->order[i];
    *count = sample->counts[place];
    return sample->cells + place * sample->columns;
}

double row_sample_worth(const struct row_sample *sample)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < sample->rows; i++) {
        double times = (double)sample->counts[sample->order[i]];
        sum += times;
        squares += times * times;
    }
    return sample->overflowed && squares > 0 ? sum * sum / squares : sum;
}

double row_sample_duplicates(const struct row_sample *sample)
{
    double total = 0;
    for (size_t i = 0; i < sample->rows; i++)
        total += (double)sample->counts[sample->order[i]];
    return total > 0 ? 1 - (double)sample->rows / total : 0;
}

static void put_cell(struct buffer *out, uint64_t cell)
{
    double value;
    memcpy(&value, &cell, sizeof(value)); /* a missing one is a NaN of its own */
    wire_put_number(out, value);
}

static uint64_t get_cell(struct wire *wire)
{
    double value = wire_number(wire);
    uint64_t cell;
    memcpy(&cell, &value, sizeof(cell));
    return cell;
}

/* u32 rows, u32 0 where the sample is whole or 1, then each row in order: u64 hash, its count as a
 * varint, its cells as numbers. */
void row_sample_encode(const struct row_sample *sample, struct buffer *out)
{
    wire_put_u32(out, (uint32_t)sample->rows);
    wire_put_u32(out, sample->overflowed);
    for (size_t i = 0; i < sample->rows; i++) {
        uint64_t count;
        const uint64_t *cells = row_sample_row(sample, i, &count);
        wire_put_u64(out, sample->hashes[sample->order[i]]);
        wire_put_varint(out, count);
        for (size_t j = 0; j < sample->columns; j++)
            put_cell(out, cells[j]);
    }
}

struct row_sample *row_sample_decode(struct wire *wire, size_t columns)
{
    struct row_sample *sample = row_sample_new(columns);
    size_t rows = wire_u32(wire);
    uint32_t overflowed = wire_u32(wire);
    uint64_t before = 0, cells[ROW_SAMPLE_COLUMNS_MAX];
    wire->failed |= rows > sample->limit || overflowed > 1;
    for (size_t i = 0; i < rows && !wire->failed; i++) {
        uint64_t hash = wire_u64(wire), count = wire_varint(wire);
        for (size_t j = 0; j < sample->columns; j++)
            cells[j] = get_cell(wire);
        wire->failed |= count == 0 || (i > 0 && hash <= before);
        before = hash;
        if (!wire->failed)
            row_sample_update(sample, hash, count, cells);
    }
    sample->overflowed = overflowed == 1;
    if (wire->failed) {
        row_sample_free(sample);
        return NULL;
    }
    return sample;
}
