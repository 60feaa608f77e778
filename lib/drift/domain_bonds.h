/*
 * lib/drift/domain_bonds.h - by how much the correlation of each pair of columns differs between
 * two tables: Fisher's z of the one less that of the other (Fisher 1921), of standardised numbers
 * cut at four deviations.
 */
#ifndef DRIFT_DOMAIN_BONDS_H
#define DRIFT_DOMAIN_BONDS_H
#include "drift/domain_deal.h"

/* Pairs of the rows' first features, but of those of one column. */
struct bond {
    size_t first, second; /* features */
};
struct bonds {
    const struct domain_rows *rows;
    struct bond *list;
    size_t count;
    double *totals; /* sums of the features and of their products over all rows, in each lane */
};

/* `rows` must outlive it. */
void bonds_make(const struct domain_rows *rows, struct bonds *bonds);
void bonds_clear(struct bonds *bonds);

/* The difference of each pair, of rows so dealt: of each all lanes. `correlations`, NULL or `count`
 * for the reference and as many for the current table, gets the correlations themselves.
 * Thread-safe. */
void bonds_compare(const struct bonds *bonds, const struct deals *deals, double *differences,
                   double *correlations);

#endif
