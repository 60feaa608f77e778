/* lib/drift/slices.c - rows counted by slice and cell. */
#include "drift/slices.h"
#include "base/pool.h"
#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include "table/show.h"
#include <math.h>
#include <stdio.h>

#define BINS 20          /* of numbers: between quantiles of the reference */
#define EDGES (BINS + 2) /* and what lies below and above all of it */
#define SECOND_NS 1000000000LL
#define NO_SLICE UINT16_MAX
#define TABLE_SIZE 128 /* places of a table of hashes: a power of two, several times the values */
#define FEW_ROWS 4096  /* of which threads would cost more than they do */

/* Numbers by hash: open addressing, 0 where nothing is. */
struct hashes {
    uint64_t hash[TABLE_SIZE];
    uint8_t number[TABLE_SIZE]; /* from 1 */
};

struct cells {
    const struct column_profile *reference;
    size_t column; /* in a batch */
    size_t offset, count;
    double edges[EDGES]; /* numbers: upper ends, the last infinite */
    struct hashes values;
};

struct slices {
    struct cells *columns;
    size_t column_count, width;
    struct slice *slices;
    size_t count, capacity;
    size_t key;                      /* the column that says which slice a row belongs to */
    const struct column_profile *by; /* values: it in the reference; NULL: spans of time */
    struct hashes values;            /* values: which slice */
    size_t step;                     /* spans: how long they are, see span_ns */
};

/* ---- hashes --------------------------------------------------------------------------------- */

static void hashes_add(struct hashes *hashes, uint64_t hash, size_t number)
{
    size_t at = hash % TABLE_SIZE;
    while (hashes->number[at])
        at = (at + 1) % TABLE_SIZE;
    hashes->hash[at] = hash;
    hashes->number[at] = (uint8_t)(number + 1);
}

/* `otherwise` where it is not there. */
static size_t hashes_find(const struct hashes *hashes, uint64_t hash, size_t otherwise)
{
    for (size_t at = hash % TABLE_SIZE; hashes->number[at]; at = (at + 1) % TABLE_SIZE)
        if (hashes->hash[at] == hash)
            return hashes->number[at] - 1U;
    return otherwise;
}

static uint64_t cell_hash(const struct column *column, size_t row)
{
    if (column->texts)
        return stats_hash(column->texts[row].data, column->texts[row].length);
    return stats_hash_eight(&column->numbers[row]);
}

/* ---- cells ---------------------------------------------------------------------------------- */

static void cut_numbers(struct cells *cells)
{
    struct kll_view view;
    double edge = -INFINITY;
    kll_view_make(cells->reference->quantiles, &view);
    for (size_t i = 0; i <= BINS; i++) {
        double next = i == 0      ? nextafter(cells->reference->min, -INFINITY)
                      : i == BINS ? cells->reference->max
                                  : kll_view_quantile(&view, (double)i / BINS);
        if (next > edge) /* many equal values have one cell */
            cells->edges[cells->count++] = edge = next;
    }
    cells->edges[cells->count++] = INFINITY;
    kll_view_clear(&view);
}

static void cut_texts(struct cells *cells)
{
    size_t count;
    struct frequent_item *items = frequent_items(cells->reference->frequent, &count);
    for (size_t i = 0; i < count && cells->count + 2 < SLICES_CELLS_MAX; i++)
        hashes_add(&cells->values, stats_hash(items[i].value, items[i].length), cells->count++);
    cells->count++; /* all others */
    free(items);
}

static struct slices *slices_new(const struct profile *reference, const struct table_schema *schema,
                                 const char *const *names, size_t count, const char *key)
{
    struct slices *slices = xcalloc(1, sizeof(*slices));
    size_t place = 0;
    slices->columns = xcalloc(count + 1, sizeof(*slices->columns));
    slices->column_count = count;
    slices->key = table_schema_find(schema, key);
    for (size_t i = 0; i < count; i++) {
        struct cells *cells = &slices->columns[i];
        cells->reference = profile_column_near(reference, names[i], &place);
        cells->column = table_schema_find(schema, names[i]);
        cells->offset = slices->width;
        (cells->reference->quantiles ? cut_numbers : cut_texts)(cells);
        cells->count++; /* missing */
        slices->width += cells->count;
    }
    return slices;
}

void slices_close(struct slices *slices)
{
    for (size_t i = 0; i < slices->count; i++) {
        free(slices->slices[i].value);
        free(slices->slices[i].counts);
    }
    free(slices->slices);
    free(slices->columns);
    free(slices);
}

static struct slice *append(struct slices *slices)
{
    GROW(slices->slices, slices->count, &slices->capacity);
    slices->slices[slices->count] =
        (struct slice){.counts = xcalloc(slices->width + 1, sizeof(uint64_t))};
    return &slices->slices[slices->count++];
}

/* ---- spans of time -------------------------------------------------------------------------- */

/* Each is a multiple of the one before; the last is doubled as often as need be. */
static int64_t span_ns(size_t step)
{
    static const int64_t seconds[] = {1,    5,    10,    30,    60,    300,   600,
                                      1800, 3600, 10800, 21600, 43200, 86400, 604800};
    size_t last = ARRAY_LENGTH(seconds) - 1;
    if (step <= last)
        return seconds[step] * SECOND_NS;
    return step - last < 14 ? seconds[last] * SECOND_NS * (1LL << (step - last)) : INT64_MAX;
}

static int64_t span_begin(int64_t time_ns, int64_t length_ns)
{
    int64_t past = time_ns % length_ns;
    past += past < 0 ? length_ns : 0;
    return time_ns < INT64_MIN + past ? INT64_MIN : time_ns - past;
}

/* The first span that begins at `from_ns` or later. */
static size_t span_search(const struct slices *slices, int64_t from_ns)
{
    size_t low = 0, high = slices->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slices->slices[middle].from_ns < from_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void set_span(struct slice *slice, int64_t from_ns, int64_t length_ns)
{
    slice->from_ns = from_ns;
    slice->to_ns = from_ns > INT64_MAX - length_ns ? INT64_MAX : from_ns + length_ns;
}

/* Spans become longer, and those that are one now are joined. */
static void lengthen(struct slices *slices)
{
    int64_t length = span_ns(++slices->step);
    size_t kept = 0;
    for (size_t i = 0; i < slices->count; i++) {
        struct slice *slice = &slices->slices[i];
        int64_t from = span_begin(slice->from_ns, length);
        if (kept > 0 && slices->slices[kept - 1].from_ns == from) {
            struct slice *into = &slices->slices[kept - 1];
            for (size_t cell = 0; cell < slices->width; cell++)
                into->counts[cell] += slice->counts[cell];
            into->rows += slice->rows;
            free(slice->counts);
            continue;
        }
        set_span(slice, from, length);
        slices->slices[kept++] = *slice;
    }
    slices->count = kept;
}

static void need_span(struct slices *slices, int64_t time_ns)
{
    for (;;) {
        int64_t length = span_ns(slices->step), from = span_begin(time_ns, length);
        size_t at = span_search(slices, from);
        if (at < slices->count && slices->slices[at].from_ns == from)
            return;
        if (slices->count < SLICES_SPANS_MAX) {
            struct slice fresh = *append(slices);
            memmove(&slices->slices[at + 1], &slices->slices[at],
                    (slices->count - 1 - at) * sizeof(fresh));
            set_span(&fresh, from, length);
            slices->slices[at] = fresh;
            return;
        }
        lengthen(slices);
    }
}

static void place_by_time(struct slices *slices, const struct column *times, uint16_t *places)
{
    int64_t from = 1, to = 0; /* of the last span, where the next row is, too, as a rule */
    for (size_t row = 0; row < times->rows; row++) {
        int64_t time = times->times[row];
        if (times->missing[row] || (time >= from && time < to))
            continue;
        need_span(slices, time);
        from = span_begin(time, span_ns(slices->step));
        to = from > INT64_MAX - span_ns(slices->step) ? INT64_MAX : from + span_ns(slices->step);
    }
    for (size_t row = 0; row < times->rows; row++)
        places[row] = times->missing[row]
                          ? NO_SLICE
                          : (uint16_t)span_search(
                                slices, span_begin(times->times[row], span_ns(slices->step)));
}

/* ---- values --------------------------------------------------------------------------------- */

static void place_by_value(const struct slices *slices, const struct column *column,
                           uint16_t *places)
{
    for (size_t row = 0; row < column->rows; row++)
        places[row] =
            (uint16_t)(column->missing[row] ? slices->count - 1
                                            : hashes_find(&slices->values, cell_hash(column, row),
                                                          slices->count - 2));
}

static void add_values(struct slices *slices)
{
    const struct column_profile *by = slices->by;
    size_t count;
    struct frequent_item *items = frequent_items(by->quantiles ? by->values : by->frequent, &count);
    for (size_t i = 0; i < count && i < SLICES_VALUES_MAX; i++) {
        char shown[CELL_SHOWN_SIZE];
        double number = by->quantiles ? frequent_number(&items[i]) : 0;
        if (by->quantiles)
            snprintf(shown, sizeof(shown), "%.15g", number);
        else
            cell_show((struct text_view){items[i].value, items[i].length}, shown);
        hashes_add(&slices->values,
                   by->quantiles ? stats_hash_eight(&number)
                                 : stats_hash(items[i].value, items[i].length),
                   i);
        append(slices)->value = xstrdup(shown);
    }
    append(slices); /* all others */
    append(slices)->missing = true;
    free(items);
}

/* ---- both ----------------------------------------------------------------------------------- */

struct counting {
    struct slices *slices;
    const struct batch *batch;
    const uint16_t *places;
};

static size_t cell_of(const struct cells *cells, const struct column *column, size_t row)
{
    size_t cell = 0;
    if (column->missing[row])
        return cells->count - 1;
    if (column->texts)
        return hashes_find(&cells->values, cell_hash(column, row), cells->count - 2);
    for (size_t i = 0; i + 2 < cells->count; i++)
        cell += column->numbers[row] > cells->edges[i];
    return cell;
}

static int count_column(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct counting *counting = context;
    const struct cells *cells = &counting->slices->columns[index];
    const struct column *column = &counting->batch->columns[cells->column];
    (void)worker;
    (void)err;
    for (size_t row = 0; row < column->rows; row++)
        if (counting->places[row] != NO_SLICE)
            counting->slices->slices[counting->places[row]]
                .counts[cells->offset + cell_of(cells, column, row)]++;
    return MLOPS_OK;
}

void slices_add(struct slices *slices, const struct batch *batches, size_t count)
{
    struct mlops_error err;
    for (size_t i = 0; i < count; i++) {
        const struct batch *batch = &batches[i];
        const struct column *key = &batch->columns[slices->key];
        uint16_t *places = xrealloc(NULL, batch->rows + 1, sizeof(*places));
        struct counting counting = {slices, batch, places};
        (slices->by ? place_by_value(slices, key, places) : place_by_time(slices, key, places));
        for (size_t row = 0; row < batch->rows; row++)
            if (places[row] != NO_SLICE)
                slices->slices[places[row]].rows++;
        if (batch->rows < FEW_ROWS)
            for (size_t j = 0; j < slices->column_count; j++)
                (void)count_column(&counting, j, 0, &err);
        else
            (void)pool_run(slices->column_count, count_column, &counting, &err); /* cannot fail */
        free(places);
    }
}

struct slices *slices_new_spans(const struct profile *reference, const struct table_schema *schema,
                                const char *const *names, size_t count, const char *time)
{
    return slices_new(reference, schema, names, count, time);
}

struct slices *slices_new_values(const struct profile *reference, const struct table_schema *schema,
                                 const char *const *names, size_t count, const char *column)
{
    struct slices *slices = slices_new(reference, schema, names, count, column);
    slices->by = profile_column(reference, column);
    add_values(slices);
    return slices;
}

const struct slice *slices_all(const struct slices *slices, size_t *count)
{
    *count = slices->count;
    return slices->slices;
}

size_t slices_cells(const struct slices *slices, size_t i, size_t *cells)
{
    *cells = slices->columns[i].count;
    return slices->columns[i].offset;
}

void slices_reference(const struct slices *slices, size_t i, double shares[SLICES_CELLS_MAX])
{
    const struct cells *cells = &slices->columns[i];
    const struct column_profile *of = cells->reference;
    double rows = of->count ? (double)of->count : 1, present = (double)column_present(of);
    for (size_t cell = 0; cell < SLICES_CELLS_MAX; cell++)
        shares[cell] = 0;
    shares[cells->count - 1] = (double)of->missing / rows;
    if (of->quantiles) {
        struct kll_view view;
        double below = 0;
        kll_view_make(of->quantiles, &view);
        for (size_t cell = 0; cell + 1 < cells->count && present > 0; cell++) {
            double up_to = cell + 2 == cells->count ? 1 : kll_view_cdf(&view, cells->edges[cell]);
            shares[cell] = (up_to - below) * present / rows;
            below = up_to;
        }
        kll_view_clear(&view);
        return;
    }
    size_t count;
    double others = present;
    struct frequent_item *items = frequent_items(of->frequent, &count);
    for (size_t cell = 0; cell + 2 < cells->count; cell++) {
        shares[cell] = (double)items[cell].count / rows;
        others -= (double)items[cell].count;
    }
    shares[cells->count - 2] = others / rows;
    free(items);
}
