/*
 * lib/stats/product.h - products of a matrix with eight columns at once, each of which is summed by
 * itself: the same bits by vectors of any width.
 */
#ifndef STATS_PRODUCT_H
#define STATS_PRODUCT_H
#include "base/util.h"

#define PRODUCT_LANES 8

/* A matrix where it stands: from one row to the next it is `row_step` numbers, from one term of a
 * row to the next `term_step`. So a part of a matrix is one, and so is what it is transposed. */
struct product_matrix {
    const double *numbers;
    size_t rows, terms, row_step, term_step;
};

/* `sums`, a row of PRODUCT_LANES for each row of `a`, get `a` times `b` added, which has a row of
 * as many for each term of `a`. A sum gets its terms one by one in their order. */
void product_add(const struct product_matrix *a, const double *restrict b, double *restrict sums);

#endif
