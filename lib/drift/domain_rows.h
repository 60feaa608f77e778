/*
 * lib/drift/domain_rows.h - the sampled rows of two tables as features for what tells them apart,
 * made of both together: nothing here depends on which table a row comes from.
 */
#ifndef DRIFT_DOMAIN_ROWS_H
#define DRIFT_DOMAIN_ROWS_H
#include "stats/profile.h"

#define DOMAIN_FOLDS 5

struct domain_rows {
    size_t count, width;
    size_t paired;      /* features, the first of them, of which products are made */
    size_t *origins;    /* of each feature its column, a place in `names` */
    const char **names; /* of the columns; borrowed */
    double *x;          /* row by row: standardised numbers, values of texts, products of pairs */
    double *times;      /* how often each came in its table */
    uint8_t *current;   /* is it of the current table? those of the reference come first */
    size_t *twins;      /* of each the equal row of the other table; SIZE_MAX: there is none */
    size_t *places;     /* of each where it stands in `x`, which goes fold by fold */
    size_t starts[DOMAIN_FOLDS + 1]; /* where a fold begins there; equal rows are in one */
    bool whole;                      /* both samples have every different row of their table */
};

/* From the columns of both called `names`; false, and nothing to clear, where there are no rows or
 * columns to speak of. */
bool domain_rows_make(const struct profile *reference, const struct profile *current,
                      const char *const *names, size_t count, struct domain_rows *rows);
void domain_rows_clear(struct domain_rows *rows);

/* The numbers of the row that stands at `place`, `width` of them. */
static inline const double *domain_rows_at(const struct domain_rows *rows, size_t place)
{
    return rows->x + place * rows->width;
}

#endif
