/* lib/stats/association.c - correlation, Cramér's V, correlation ratio. */
#include "stats/association.h"
#include "stats/row_sample.h"
#include <math.h>

/* The rows of a sample in which both columns have a value. */
struct pairs {
    size_t count;
    double total;   /* of the weights */
    uint64_t *x, *y; /* cells */
    double *weights;
};

static void pairs_clear(struct pairs *pairs)
{
    free(pairs->x);
    free(pairs->y);
    free(pairs->weights);
}

static void pairs_take(const struct row_sample *sample, size_t i, size_t j, struct pairs *pairs)
{
    size_t rows = row_sample_rows(sample);
    *pairs = (struct pairs){.x = xcalloc(rows, sizeof(uint64_t)),
                            .y = xcalloc(rows, sizeof(uint64_t)),
                            .weights = xcalloc(rows, sizeof(double))};
    for (size_t row = 0; row < rows; row++) {
        uint64_t count;
        const uint64_t *cells = row_sample_row(sample, row, &count);
        if (cells[i] == ROW_CELL_MISSING || cells[j] == ROW_CELL_MISSING)
            continue;
        pairs->x[pairs->count] = cells[i];
        pairs->y[pairs->count] = cells[j];
        pairs->weights[pairs->count++] = (double)count;
        pairs->total += (double)count;
    }
}

static double number(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static double pearson(const struct pairs *pairs)
{
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        mean_x += pairs->weights[i] / pairs->total * number(pairs->x[i]);
        mean_y += pairs->weights[i] / pairs->total * number(pairs->y[i]);
    }
    for (size_t i = 0; i < pairs->count; i++) {
        double dx = number(pairs->x[i]) - mean_x, dy = number(pairs->y[i]) - mean_y;
        xx += pairs->weights[i] * dx * dx;
        yy += pairs->weights[i] * dy * dy;
        xy += pairs->weights[i] * dx * dy;
    }
    double r = xy / sqrt(xx) / sqrt(yy);
    return isfinite(r) ? fmax(-1, fmin(1, r)) : NAN;
}

/* Values of a text column: the frequent ones have a number each, 0 …, all others share the last. */
struct codes {
    uint64_t values[ASSOCIATION_VALUES];
    double weights[ASSOCIATION_VALUES + 1];
    size_t count; /* with the one for the others, where there are any */
    size_t named;
};

struct tally {
    uint64_t value;
    double weight;
};

static int by_value(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static int by_weight(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return x->weight != y->weight ? (x->weight < y->weight) - (x->weight > y->weight)
                                  : by_value(a, b);
}

static void codes_take(const uint64_t *cells, const struct pairs *pairs, struct codes *codes)
{
    struct tally *tallies = xcalloc(pairs->count + 1, sizeof(*tallies));
    size_t distinct = 0;
    *codes = (struct codes){0};
    for (size_t i = 0; i < pairs->count; i++)
        tallies[i] = (struct tally){cells[i], pairs->weights[i]};
    qsort(tallies, pairs->count, sizeof(*tallies), by_value);
    for (size_t i = 0; i < pairs->count; i++) {
        if (distinct > 0 && tallies[distinct - 1].value == tallies[i].value)
            tallies[distinct - 1].weight += tallies[i].weight;
        else
            tallies[distinct++] = tallies[i];
    }
    qsort(tallies, distinct, sizeof(*tallies), by_weight);
    codes->named = distinct < ASSOCIATION_VALUES ? distinct : ASSOCIATION_VALUES;
    codes->count = codes->named + (distinct > codes->named);
    for (size_t i = 0; i < distinct; i++) {
        if (i < codes->named)
            codes->values[i] = tallies[i].value;
        codes->weights[i < codes->named ? i : codes->named] += tallies[i].weight;
    }
    free(tallies);
}

static size_t code_of(const struct codes *codes, uint64_t cell)
{
    size_t i = 0;
    while (i < codes->named && codes->values[i] != cell)
        i++;
    return i;
}

static double cramer_v(const struct pairs *pairs)
{
    struct codes x, y;
    double table[ASSOCIATION_VALUES + 1][ASSOCIATION_VALUES + 1] = {{0}}, phi2 = 0;
    codes_take(pairs->x, pairs, &x);
    codes_take(pairs->y, pairs, &y);
    for (size_t i = 0; i < pairs->count; i++)
        table[code_of(&x, pairs->x[i])][code_of(&y, pairs->y[i])] += pairs->weights[i];
    for (size_t i = 0; i < x.count; i++)
        for (size_t j = 0; j < y.count; j++) {
            double expected = x.weights[i] * y.weights[j] / pairs->total;
            phi2 += (table[i][j] - expected) * (table[i][j] - expected) / expected / pairs->total;
        }
    double n = (double)pairs->count, r = (double)x.count, c = (double)y.count;
    phi2 = fmax(0, phi2 - (r - 1) * (c - 1) / (n - 1));
    r -= (r - 1) * (r - 1) / (n - 1);
    c -= (c - 1) * (c - 1) / (n - 1);
    double least = fmin(r, c) - 1;
    return least > 0 ? fmin(1, sqrt(phi2 / least)) : NAN;
}

/* `x` are texts, `y` numbers. */
static double correlation_ratio(const struct pairs *pairs)
{
    struct codes codes;
    double sums[ASSOCIATION_VALUES + 1] = {0}, mean = 0, total = 0, within = 0;
    codes_take(pairs->x, pairs, &codes);
    for (size_t i = 0; i < pairs->count; i++) {
        sums[code_of(&codes, pairs->x[i])] += pairs->weights[i] * number(pairs->y[i]);
        mean += pairs->weights[i] / pairs->total * number(pairs->y[i]);
    }
    for (size_t i = 0; i < pairs->count; i++) {
        size_t code = code_of(&codes, pairs->x[i]);
        double y = number(pairs->y[i]), own = y - sums[code] / codes.weights[code];
        total += pairs->weights[i] * (y - mean) * (y - mean);
        within += pairs->weights[i] * own * own;
    }
    double n = (double)pairs->count, k = (double)codes.count;
    double square = 1 - within / total * (n - 1) / (n - k);
    return isfinite(square) && k > 1 && n > k ? sqrt(fmax(0, fmin(1, square))) : NAN;
}

const char *association_name(enum association_kind kind)
{
    static const char *const names[] = {"pearson", "cramer_v", "eta"};
    return names[kind];
}

static bool is_text(const struct column_profile *column)
{
    return column->type == COLUMN_CATEGORY || column->type == COLUMN_TEXT;
}

struct association profile_association(const struct profile *profile, size_t i, size_t j)
{
    bool x = is_text(&profile->columns[i]), y = is_text(&profile->columns[j]);
    struct association found = {x && y   ? ASSOCIATION_CRAMER_V
                                : x || y ? ASSOCIATION_RATIO
                                         : ASSOCIATION_PEARSON,
                                NAN, 0};
    const struct row_sample *sample = profile->sample;
    if (!sample || i >= row_sample_columns(sample) || j >= row_sample_columns(sample))
        return found;
    _cleanup_(pairs_clear) struct pairs pairs;
    pairs_take(sample, y && !x ? j : i, y && !x ? i : j, &pairs);
    found.rows = pairs.count;
    if (pairs.count < 3)
        return found;
    found.value = found.kind == ASSOCIATION_CRAMER_V ? cramer_v(&pairs)
                  : found.kind == ASSOCIATION_RATIO  ? correlation_ratio(&pairs)
                                                     : pearson(&pairs);
    return found;
}
