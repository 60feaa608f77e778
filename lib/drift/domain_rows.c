/* lib/drift/domain_rows.c - rows of two tables as features. */
#include "drift/domain_rows.h"
#include "stats/hll.h"
#include "stats/row_sample.h"
#include <math.h>

#define ROWS_MIN 50      /* of either */
#define FEATURES_MAX 48  /* before products */
#define FEATURES_TEXT 16 /* of them for values of texts, where there are as many */
#define PRODUCTS_OF 16   /* features of which products are made, squares too */
#define VALUES 4         /* of a text column */
#define DEVIATIONS_MAX 4 /* standardised features are cut there: one row is not to lead */

/* Where the cells are that features are made of. */
struct source {
    const struct row_sample *samples[2]; /* reference, current */
    size_t *places[2];                   /* of each column in its sample */
    bool *texts;
    size_t columns, rows;
};

/* Values of one column, one for each row. */
struct feature {
    double *values;
    size_t column;
    double bond; /* the largest correlation with another: products of these tell most */
};

static const uint64_t *row_cells(const struct source *source, size_t row, int *side,
                                 uint64_t *times)
{
    size_t first = row_sample_rows(source->samples[0]);
    *side = row >= first;
    return row_sample_row(source->samples[*side], *side ? row - first : row, times);
}

/* A column's cell of each row as a number; NaN: missing. */
static double *column_values(const struct source *source, size_t column)
{
    double *values = xcalloc(source->rows + 1, sizeof(*values));
    for (size_t row = 0; row < source->rows; row++) {
        int side;
        uint64_t times;
        const uint64_t *cell = row_cells(source, row, &side, &times);
        cell += source->places[side][column];
        memcpy(&values[row], cell, sizeof(values[row]));
        if (*cell == ROW_CELL_MISSING)
            values[row] = NAN;
    }
    return values;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The values that come most often in the rows of both samples; returns how many. */
static size_t frequent_values(const double *values, size_t rows, double found[VALUES])
{
    double *order = xcalloc(rows + 1, sizeof(*order));
    size_t count = 0, known = 0, times[VALUES] = {0};
    for (size_t row = 0; row < rows; row++)
        if (!isnan(values[row]))
            order[count++] = values[row];
    qsort(order, count, sizeof(*order), by_number);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && order[end] == order[i]; end++)
            continue;
        size_t place = known < VALUES ? known : VALUES;
        for (; place > 0 && times[place - 1] < end - i; place--)
            if (place < VALUES) {
                times[place] = times[place - 1];
                found[place] = found[place - 1];
            }
        if (place < VALUES) {
            times[place] = end - i;
            found[place] = order[i];
            known += known < VALUES;
        }
    }
    free(order);
    return known;
}

/* Mean 0 and deviation 1; what is missing or infinite becomes the mean. */
static void standardise(const struct domain_rows *rows, double *values)
{
    double weight = 0, sum = 0, squares = 0;
    for (size_t row = 0; row < rows->count; row++)
        if (isfinite(values[row])) {
            weight += rows->times[row];
            sum += rows->times[row] * values[row];
        }
    double mean = weight > 0 ? sum / weight : 0;
    for (size_t row = 0; row < rows->count; row++) {
        double gap = values[row] - mean;
        squares += isfinite(gap) ? rows->times[row] * gap * gap : 0;
    }
    double deviation = weight > 0 ? sqrt(squares / weight) : 0;
    for (size_t row = 0; row < rows->count; row++) {
        double standard = deviation > 0 ? (values[row] - mean) / deviation : 0;
        values[row] =
            isfinite(standard) ? fmax(fmin(standard, DEVIATIONS_MAX), -DEVIATIONS_MAX) : 0;
    }
}

/* Numbers, of which up to `most` are looked at. */
static size_t number_features(const struct source *source, const struct domain_rows *rows,
                              size_t most, struct feature *features)
{
    size_t count = 0;
    for (size_t i = 0; i < source->columns && count < most; i++)
        if (!source->texts[i]) {
            features[count].values = column_values(source, i);
            features[count].column = i;
            standardise(rows, features[count++].values);
        }
    return count;
}

/* The most frequent values of texts, each 1 where it stands, behind `count` others. */
static size_t text_features(const struct source *source, const struct domain_rows *rows,
                            size_t count, struct feature *features)
{
    for (size_t i = 0; i < source->columns && count < FEATURES_MAX; i++) {
        double found[VALUES];
        if (!source->texts[i])
            continue;
        double *values = column_values(source, i);
        size_t known = frequent_values(values, rows->count, found);
        for (size_t k = 0; k < known && count < FEATURES_MAX; k++) {
            double *feature = xcalloc(rows->count + 1, sizeof(*feature));
            for (size_t row = 0; row < rows->count; row++)
                feature[row] = isnan(values[row]) ? NAN : values[row] == found[k];
            standardise(rows, feature);
            features[count++] = (struct feature){.values = feature, .column = i};
        }
        free(values);
    }
    return count;
}

static int by_bond(const void *a, const void *b)
{
    const struct feature *x = a, *y = b;
    return (x->bond < y->bond) - (x->bond > y->bond);
}

/* Those first that go together with another: what goes together may do so otherwise. */
static void order_numbers(const struct domain_rows *rows, struct feature *features, size_t count)
{
    double weight = 0;
    for (size_t row = 0; row < rows->count; row++)
        weight += rows->times[row];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            double sum = 0;
            for (size_t row = 0; row < rows->count; row++)
                sum += rows->times[row] * features[i].values[row] * features[j].values[row];
            double bond = fabs(sum / weight);
            features[i].bond = fmax(features[i].bond, bond);
            features[j].bond = fmax(features[j].bond, bond);
        }
    qsort(features, count, sizeof(*features), by_bond);
}

/* Features, then products of the first of them. */
static void fill(struct domain_rows *rows, const struct feature *features, size_t count)
{
    size_t of = count < PRODUCTS_OF ? count : PRODUCTS_OF, next = count;
    double *product = xcalloc(rows->count + 1, sizeof(*product));
    rows->width = count + of * (of + 1) / 2;
    rows->paired = of;
    rows->origins = xcalloc(count + 1, sizeof(*rows->origins));
    for (size_t i = 0; i < count; i++)
        rows->origins[i] = features[i].column;
    rows->x = xcalloc(rows->count * rows->width, sizeof(*rows->x));
    for (size_t i = 0; i < count; i++)
        for (size_t row = 0; row < rows->count; row++)
            rows->x[rows->places[row] * rows->width + i] = features[i].values[row];
    for (size_t i = 0; i < of; i++)
        for (size_t j = i; j < of; j++, next++) {
            for (size_t row = 0; row < rows->count; row++)
                product[row] = features[i].values[row] * features[j].values[row];
            standardise(rows, product);
            for (size_t row = 0; row < rows->count; row++)
                rows->x[rows->places[row] * rows->width + next] = product[row];
        }
    free(product);
}

static void make_features(const struct source *source, struct domain_rows *rows)
{
    struct feature *features = xcalloc(FEATURES_MAX + 1, sizeof(*features));
    size_t texts = 0;
    for (size_t i = 0; i < source->columns; i++)
        texts += source->texts[i] ? VALUES : 0;
    size_t reserved = texts < FEATURES_TEXT ? texts : FEATURES_TEXT;
    size_t count = number_features(source, rows, FEATURES_MAX - reserved, features);
    order_numbers(rows, features, count);
    count = text_features(source, rows, count, features);
    fill(rows, features, count);
    for (size_t i = 0; i < count; i++)
        free(features[i].values);
    free(features);
}

struct keyed {
    uint64_t hash;
    size_t row;
};

static int by_hash(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash)
                              : (x->row > y->row) - (x->row < y->row);
}

/* Rows by their folds, and in a fold as they come. */
static void place_rows(const struct keyed *hashed, struct domain_rows *rows)
{
    for (size_t row = 0; row < rows->count; row++)
        rows->starts[hashed[row].hash % DOMAIN_FOLDS + 1]++;
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++)
        rows->starts[fold + 1] += rows->starts[fold];
    size_t next[DOMAIN_FOLDS];
    memcpy(next, rows->starts, sizeof(next));
    for (size_t row = 0; row < rows->count; row++)
        rows->places[row] = next[hashed[row].hash % DOMAIN_FOLDS]++;
}

/* Which rows are equal, by the hashes of their cells. */
static void find_twins(const struct source *source, struct domain_rows *rows)
{
    uint64_t *cells = xcalloc(source->columns + 1, sizeof(*cells));
    struct keyed *order = xcalloc(rows->count + 1, sizeof(*order));
    for (size_t row = 0; row < rows->count; row++) {
        int side;
        uint64_t times;
        const uint64_t *found = row_cells(source, row, &side, &times);
        for (size_t i = 0; i < source->columns; i++)
            cells[i] = found[source->places[side][i]];
        order[row] = (struct keyed){stats_hash(cells, source->columns * sizeof(*cells)), row};
        rows->times[row] = (double)times;
        rows->current[row] = (uint8_t)side;
        rows->twins[row] = SIZE_MAX;
    }
    place_rows(order, rows);
    qsort(order, rows->count, sizeof(*order), by_hash);
    for (size_t i = 1; i < rows->count; i++) {
        size_t one = order[i - 1].row, other = order[i].row;
        if (order[i - 1].hash == order[i].hash && rows->current[one] != rows->current[other] &&
            rows->twins[one] == SIZE_MAX) {
            rows->twins[one] = other;
            rows->twins[other] = one;
        }
    }
    free(order);
    free(cells);
}

/* The columns that both samples have. */
static void find_columns(const struct profile *reference, const struct profile *current,
                         const char *const *names, size_t count, struct source *source,
                         const char **found)
{
    size_t in[2] = {0};
    source->texts = xcalloc(count + 1, sizeof(*source->texts));
    source->places[0] = xcalloc(count + 1, sizeof(size_t));
    source->places[1] = xcalloc(count + 1, sizeof(size_t));
    for (size_t i = 0; i < count; i++) {
        const struct column_profile *r = profile_column_near(reference, names[i], &in[0]);
        const struct column_profile *c = profile_column_near(current, names[i], &in[1]);
        if (!r || !c)
            continue;
        size_t in_r = (size_t)(r - reference->columns), in_c = (size_t)(c - current->columns);
        if (in_r >= row_sample_columns(source->samples[0]) ||
            in_c >= row_sample_columns(source->samples[1]))
            continue;
        source->places[0][source->columns] = in_r;
        source->places[1][source->columns] = in_c;
        found[source->columns] = names[i];
        source->texts[source->columns++] = !r->quantiles;
    }
}

bool domain_rows_make(const struct profile *reference, const struct profile *current,
                      const char *const *names, size_t count, struct domain_rows *rows)
{
    struct source source = {.samples = {reference->sample, current->sample}};
    *rows = (struct domain_rows){0};
    if (!reference->sample || !current->sample || row_sample_rows(reference->sample) < ROWS_MIN ||
        row_sample_rows(current->sample) < ROWS_MIN)
        return false;
    rows->names = xcalloc(count + 1, sizeof(*rows->names));
    find_columns(reference, current, names, count, &source, rows->names);
    if (source.columns > 0) {
        source.rows = rows->count =
            row_sample_rows(source.samples[0]) + row_sample_rows(source.samples[1]);
        rows->whole =
            row_sample_is_whole(source.samples[0]) && row_sample_is_whole(source.samples[1]);
        rows->times = xcalloc(rows->count, sizeof(*rows->times));
        rows->current = xcalloc(rows->count, sizeof(*rows->current));
        rows->twins = xcalloc(rows->count, sizeof(*rows->twins));
        rows->places = xcalloc(rows->count, sizeof(*rows->places));
        find_twins(&source, rows);
        make_features(&source, rows);
    }
    free(source.texts);
    free(source.places[0]);
    free(source.places[1]);
    if (source.columns == 0)
        domain_rows_clear(rows);
    return source.columns > 0;
}

void domain_rows_clear(struct domain_rows *rows)
{
    free(rows->x);
    free(rows->times);
    free(rows->current);
    free(rows->twins);
    free(rows->places);
    free(rows->origins);
    free(rows->names);
    *rows = (struct domain_rows){0};
}
