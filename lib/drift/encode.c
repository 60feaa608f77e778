/* lib/drift/encode.c - imputed and counted: rows as numbers. */
#include "drift/encode.h"
#include "stats/row_sample.h"
#include <math.h>

/* A value of a text column and how many rows have it. */
struct tally {
    uint64_t cell;
    double count;
};

/* How one column is made numbers. */
struct coder {
    bool text;
    double mean;           /* numbers: in place of missing ones */
    struct tally *tallies; /* texts: by cell */
    size_t count;
    double most;  /* texts: rows of the most frequent value */
    double apart; /* texts: by how much a row counts less that is not of the reference */
};

static int by_cell(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

static double number(uint64_t cell)
{
    double value;
    memcpy(&value, &cell, sizeof(value));
    return cell == ROW_CELL_MISSING ? NAN : value;
}

static void count_texts(const struct row_sample *sample, size_t place, struct coder *coder)
{
    size_t rows = row_sample_rows(sample), count = 0, first = 0;
    double missing = 0;
    struct tally *tallies = xcalloc(rows + 1, sizeof(*tallies));
    for (size_t row = 0; row < rows; row++) {
        uint64_t times, cell = row_sample_row(sample, row, &times)[place];
        if (cell != ROW_CELL_MISSING)
            tallies[count++] = (struct tally){cell, (double)times};
        else
            missing += (double)times;
    }
    qsort(tallies, count, sizeof(*tallies), by_cell);
    for (size_t i = 0; i < count; i++) {
        if (coder->count > 0 && tallies[coder->count - 1].cell == tallies[i].cell)
            tallies[coder->count - 1].count += tallies[i].count;
        else
            tallies[coder->count++] = tallies[i];
    }
    for (size_t i = 1; i < coder->count; i++)
        if (tallies[i].count > tallies[first].count)
            first = i;
    tallies[first].count += missing; /* imputed first, then counted */
    coder->most = tallies[first].count;
    /* Where all values come as often the column has no spread by which one less could be measured:
     * it stays, as it would in other rows. A value that came once was not there without its row. */
    coder->apart = coder->most <= 1;
    for (size_t i = 1; i < coder->count; i++)
        if (tallies[i].count != coder->most)
            coder->apart = 1;
    coder->tallies = tallies;
}

static void average_numbers(const struct row_sample *sample, size_t place, struct coder *coder)
{
    double total = 0, sum = 0;
    for (size_t row = 0; row < row_sample_rows(sample); row++) {
        uint64_t times;
        double value = number(row_sample_row(sample, row, &times)[place]);
        if (!isfinite(value))
            continue;
        total += (double)times;
        sum += (double)times * value;
    }
    coder->mean = total > 0 ? sum / total : 0;
}

/* `apart`: the row itself is not to be counted. */
static double code_cell(const struct coder *coder, uint64_t cell, bool apart)
{
    if (!coder->text) {
        double value = number(cell);
        return isfinite(value) ? value : coder->mean;
    }
    if (cell == ROW_CELL_MISSING)
        return coder->most - (apart ? coder->apart : 0);
    const struct tally wanted = {.cell = cell}, *found = NULL;
    if (coder->count > 0)
        found = bsearch(&wanted, coder->tallies, coder->count, sizeof(wanted), by_cell);
    return !found ? 0 : found->count - (apart ? coder->apart : 0);
}

static double *code_rows(const struct row_sample *sample, const struct coder *coders,
                         const size_t *places, size_t width, bool apart)
{
    size_t rows = row_sample_rows(sample);
    double *x = xcalloc(rows * width + 1, sizeof(*x));
    for (size_t row = 0; row < rows; row++) {
        uint64_t times;
        const uint64_t *cells = row_sample_row(sample, row, &times);
        for (size_t i = 0; i < width; i++)
            x[row * width + i] = code_cell(&coders[i], cells[places[i]], apart);
    }
    return x;
}

static double *row_weights(const struct row_sample *sample)
{
    size_t rows = row_sample_rows(sample);
    double *weights = xcalloc(rows + 1, sizeof(*weights));
    for (size_t row = 0; row < rows; row++) {
        uint64_t times;
        (void)row_sample_row(sample, row, &times);
        weights[row] = (double)times;
    }
    return weights;
}

void encode_rows(const struct profile *reference, const struct profile *current,
                 const char *const *names, size_t count, struct encoded *encoded)
{
    const struct row_sample *samples[] = {reference->sample, current->sample};
    size_t *places[] = {xcalloc(count + 1, sizeof(size_t)), xcalloc(count + 1, sizeof(size_t))};
    struct coder *coders = xcalloc(count + 1, sizeof(*coders));
    size_t width = 0, in[2] = {0};
    *encoded = (struct encoded){.names = xcalloc(count + 1, sizeof(char *))};
    for (size_t i = 0; i < count; i++) {
        const struct column_profile *r = profile_column_near(reference, names[i], &in[0]);
        const struct column_profile *c = profile_column_near(current, names[i], &in[1]);
        if (!r || !c)
            continue;
        places[0][width] = (size_t)(r - reference->columns);
        places[1][width] = (size_t)(c - current->columns);
        if (places[0][width] >= row_sample_columns(samples[0]) ||
            places[1][width] >= row_sample_columns(samples[1]))
            continue;
        coders[width].text = !r->quantiles;
        (coders[width].text ? count_texts : average_numbers)(samples[0], places[0][width],
                                                             &coders[width]);
        encoded->names[width++] = r->name;
    }
    encoded->width = width;
    for (int side = 0; side < 2; side++) {
        encoded->rows[side] = row_sample_rows(samples[side]);
        encoded->x[side] = code_rows(samples[side], coders, places[side], width, false);
        encoded->weights[side] = row_weights(samples[side]);
        encoded->worth[side] = row_sample_worth(samples[side]);
    }
    encoded->apart = code_rows(samples[0], coders, places[0], width, true);
    for (size_t i = 0; i < width; i++)
        free(coders[i].tallies);
    free(coders);
    free(places[0]);
    free(places[1]);
}

void encoded_clear(struct encoded *encoded)
{
    free(encoded->names);
    for (int side = 0; side < 2; side++) {
        free(encoded->x[side]);
        free(encoded->weights[side]);
    }
    free(encoded->apart);
    *encoded = (struct encoded){0};
}
