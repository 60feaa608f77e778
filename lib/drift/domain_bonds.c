/* lib/drift/domain_bonds.c - correlations of pairs in two tables. */
#include "drift/domain_bonds.h"
#include <math.h>

#define LANES DEAL_LANES
#define BLOCK 128             /* rows that are summed at a time */
#define CORRELATION_MAX 0.999 /* beyond it Fisher's z says more of rounding than of rows */

/* The sums are, all lanes of each: rows; the features; products of each with itself and those
 * before it. */
static size_t sums_count(size_t features)
{
    return (1 + features + features * (features + 1) / 2) * LANES;
}

static double *product_at(double *sums, size_t features, size_t i)
{
    return sums + (1 + features + i * (i + 1) / 2) * LANES;
}

/* `weights`: of the rows from `place` on, `count` of them, LANES each. */
static void add_rows(const struct domain_rows *rows, size_t place, size_t count,
                     const double *weights, double *sums)
{
    double factors[BLOCK * LANES];
    size_t features = rows->paired;
    /* the features are rows of this, and the table's rows its terms */
    struct product_matrix x = {domain_rows_at(rows, place), features, count, 1, rows->width};
    for (size_t row = 0; row < count; row++)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += weights[row * LANES + lane];
    product_add(&x, weights, sums + LANES);
    for (size_t i = 0; i < features; i++) {
        for (size_t row = 0; row < count; row++)
            for (size_t lane = 0; lane < LANES; lane++)
                factors[row * LANES + lane] =
                    weights[row * LANES + lane] * domain_rows_at(rows, place + row)[i];
        x.rows = i + 1;
        product_add(&x, factors, product_at(sums, features, i));
    }
}

static void sum_rows(const struct domain_rows *rows, const double *weights, double *sums)
{
    for (size_t place = 0; place < rows->count; place += BLOCK) {
        size_t left = rows->count - place;
        add_rows(rows, place, left < BLOCK ? left : BLOCK, weights + place * LANES, sums);
    }
}

void bonds_make(const struct domain_rows *rows, struct bonds *bonds)
{
    size_t features = rows->paired;
    double *times = xcalloc(rows->count * LANES, sizeof(*times));
    *bonds = (struct bonds){.rows = rows,
                            .list = xcalloc(features * features + 1, sizeof(struct bond)),
                            .totals = xcalloc(sums_count(features), sizeof(double))};
    for (size_t i = 0; i < features; i++)
        for (size_t j = 0; j < i; j++)
            if (rows->origins[i] != rows->origins[j])
                bonds->list[bonds->count++] = (struct bond){i, j};
    for (size_t row = 0; row < rows->count; row++)
        for (size_t lane = 0; lane < LANES; lane++)
            times[rows->places[row] * LANES + lane] = rows->times[row];
    sum_rows(rows, times, bonds->totals);
    free(times);
}

void bonds_clear(struct bonds *bonds)
{
    free(bonds->list);
    free(bonds->totals);
    *bonds = (struct bonds){0};
}

/* Sums become means, and means of products covariances. */
static void to_covariances(double *sums, size_t features)
{
    double *means = sums + LANES, *product = product_at(sums, features, 0);
    for (size_t i = 0; i < features; i++)
        for (size_t lane = 0; lane < LANES; lane++)
            means[i * LANES + lane] /= sums[lane];
    for (size_t i = 0; i < features; i++)
        for (size_t j = 0; j <= i; j++, product += LANES)
            for (size_t lane = 0; lane < LANES; lane++)
                product[lane] =
                    product[lane] / sums[lane] - means[i * LANES + lane] * means[j * LANES + lane];
}

/* 0 where one of them has no spread in the table: it goes together with nothing. */
static void correlate(double *covariances, size_t features, const struct bond *bond,
                      double correlations[LANES])
{
    size_t i = bond->first, j = bond->second;
    const double *first = product_at(covariances, features, i), *second;
    second = product_at(covariances, features, j);
    for (size_t lane = 0; lane < LANES; lane++) {
        double spread = first[i * LANES + lane] * second[j * LANES + lane];
        double found = spread > 1e-12 ? first[j * LANES + lane] / sqrt(spread) : 0;
        correlations[lane] = fmax(fmin(found, CORRELATION_MAX), -CORRELATION_MAX);
    }
}

void bonds_compare(const struct bonds *bonds, const struct deals *deals, double *differences,
                   double *correlations)
{
    size_t features = bonds->rows->paired, count = sums_count(features);
    double *current = xcalloc(count, sizeof(*current));
    double *reference = xcalloc(count, sizeof(*reference));
    sum_rows(bonds->rows, deals->weights[1], current);
    for (size_t i = 0; i < count; i++)
        reference[i] = bonds->totals[i] - current[i];
    to_covariances(current, features);
    to_covariances(reference, features);
    for (size_t i = 0; i < bonds->count; i++) {
        double before[LANES], after[LANES];
        correlate(reference, features, &bonds->list[i], before);
        correlate(current, features, &bonds->list[i], after);
        for (size_t lane = 0; lane < LANES; lane++) /* atanh(after) - atanh(before) */
            differences[i * LANES + lane] = log((1 + after[lane]) * (1 - before[lane]) /
                                                ((1 - after[lane]) * (1 + before[lane]))) /
                                            2;
        if (correlations) {
            memcpy(correlations + i * LANES, before, sizeof(before));
            memcpy(correlations + (bonds->count + i) * LANES, after, sizeof(after));
        }
    }
    free(reference);
    free(current);
}
