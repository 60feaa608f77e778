/* lib/drift/domain_bonds.c - correlations of pairs in two tables. */
#include "drift/domain_bonds.h"
#include <math.h>

#define CORRELATION_MAX 0.999 /* beyond it Fisher's z says more of rounding than of rows */

/* The sums are: rows; the features; products of each with itself and those before it. */
static size_t sums_count(size_t features)
{
    return 1 + features + features * (features + 1) / 2;
}

static size_t product_place(size_t features, size_t i, size_t j)
{
    return 1 + features + i * (i + 1) / 2 + j;
}

static void add_row(const struct domain_rows *rows, size_t row, double weight, double *sums)
{
    const double *x = domain_rows_at(rows, row);
    size_t features = rows->paired;
    double *products = sums + 1 + features;
    sums[0] += weight;
    for (size_t i = 0; i < features; i++) {
        double factor = weight * x[i];
        sums[1 + i] += factor;
        for (size_t j = 0; j <= i; j++)
            *products++ += factor * x[j];
    }
}

void bonds_make(const struct domain_rows *rows, struct bonds *bonds)
{
    size_t features = rows->paired;
    *bonds = (struct bonds){.rows = rows,
                            .list = xcalloc(features * features + 1, sizeof(struct bond)),
                            .totals = xcalloc(sums_count(features), sizeof(double))};
    for (size_t i = 0; i < features; i++)
        for (size_t j = 0; j < i; j++)
            if (rows->origins[i] != rows->origins[j])
                bonds->list[bonds->count++] = (struct bond){i, j};
    for (size_t row = 0; row < rows->count; row++)
        add_row(rows, row, rows->times[row], bonds->totals);
}

void bonds_clear(struct bonds *bonds)
{
    free(bonds->list);
    free(bonds->totals);
    *bonds = (struct bonds){0};
}

static double covariance(const double *sums, size_t features, size_t i, size_t j)
{
    double product = sums[product_place(features, i, j)] / sums[0];
    return product - sums[1 + i] / sums[0] * (sums[1 + j] / sums[0]);
}

/* 0 where one of them has no spread in the table: it goes together with nothing. */
static double correlation(const double *sums, size_t features, const struct bond *bond)
{
    size_t i = bond->first, j = bond->second;
    double spread = covariance(sums, features, i, i) * covariance(sums, features, j, j);
    double found = spread > 1e-12 ? covariance(sums, features, i, j) / sqrt(spread) : 0;
    return fmax(fmin(found, CORRELATION_MAX), -CORRELATION_MAX);
}

void bonds_compare(const struct bonds *bonds, const struct deal *deal, double *differences,
                   double *correlations)
{
    const struct domain_rows *rows = bonds->rows;
    size_t features = rows->paired, count = sums_count(features);
    double *current = xcalloc(count, sizeof(*current));
    double *reference = xcalloc(count, sizeof(*reference));
    for (size_t row = 0; row < rows->count; row++)
        if (deal->weights[1][row] > 0)
            add_row(rows, row, deal->weights[1][row], current);
    for (size_t i = 0; i < count; i++)
        reference[i] = bonds->totals[i] - current[i];
    for (size_t i = 0; i < bonds->count; i++) {
        double before = correlation(reference, features, &bonds->list[i]);
        double after = correlation(current, features, &bonds->list[i]);
        differences[i] = atanh(after) - atanh(before);
        if (correlations) {
            correlations[i] = before;
            correlations[bonds->count + i] = after;
        }
    }
    free(reference);
    free(current);
}
