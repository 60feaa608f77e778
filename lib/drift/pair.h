/*
 * lib/drift/pair.h - a column of two profiles made comparable: as distribution functions, and as
 * counts over the same cells. docs/drift.md says why the cells are cut as they are.
 */
#ifndef DRIFT_PAIR_H
#define DRIFT_PAIR_H
#include "stats/kll.h"
#include "stats/profile.h"

#define PAIR_CELL_MIN 10 /* rows that a cell of the smaller sample is expected to have */

/* Values of a text column that the current table has and the reference never had. */
struct novelty {
    bool known;        /* both sketches are exact, so that it can be told */
    double share;      /* of the current rows that have one */
    double expected;   /* of them, if both tables came from the same source; at most */
    double log_chance; /* ln of the probability of such a share then; at most */
};

struct pair {
    const struct column_profile *reference, *current;
    double n, m;                                  /* values that are there: of either */
    struct kll_view reference_view, current_view; /* numeric columns */
    double *p, *q;                                /* counts of reference and current */
    size_t cells;                                 /* fewer than 2: too few rows to compare so */
    double *edges;    /* numeric columns: of each cell the upper end */
    uint64_t *hashes; /* text columns: the values that have a cell, by stats_hash, … */
    size_t *cell_of;  /* … and which; after the last of them, that of all other values */
    size_t hash_count;
    struct novelty novelty;                       /* text columns */
    bool small; /* where both columns have two values, each has its cell, however few rows it has */
};

/* The caller clears `pair`; both profiles must outlive it. */
void pair_make(struct pair *pair, const struct column_profile *reference,
               const struct column_profile *current);
/* The same for tests that hold for few rows, too: with `small`. */
void pair_make_small(struct pair *pair, const struct column_profile *reference,
                     const struct column_profile *current);
void pair_clear(struct pair *pair);

/* Rows that cell `i` would have in the smaller sample if both were alike. */
double pair_expected_rows(const struct pair *pair, size_t i);

/* How many of the two numeric columns are known by a sketch that had to leave values out. */
size_t pair_sketched(const struct pair *pair);

/* How far the sketches may put a difference of ranks off, with 99 % confidence. */
double pair_rank_error(const struct pair *pair);

/*
 * How far the sketches may put the share of any range of values (of numbers: from the least up) or
 * of any category off, both tables together; 0 where every count is exact. Of numbers it is
 * KLL_RANK_BOUND for each sketch that had to leave values out, of categories what frequent_error
 * says.
 */
double pair_share_error(const struct pair *pair);

#endif
