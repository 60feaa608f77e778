/*
 * lib/stats/association.h - how two columns of a profile go together, by its sample of rows.
 *
 * Two numeric columns (times are numbers here): Pearson's correlation, -1…1. Two of texts: Cramér's
 * V, 0…1, with Bergsma's correction for small tables ("A bias-correction for Cramér's V and
 * Tschuprow's T", 2013), over a table of at most ASSOCIATION_VALUES values each and one cell for
 * all others. One of each: the correlation ratio η, 0…1, the root of what Kelley 1935 calls
 * epsilon squared, so that it has no bias either. Rows in which one of the two is missing do not
 * count. Every row of the sample counts as often as it came in the table.
 *
 * Exact where the sample is whole; otherwise Pearson's r has a standard error of about
 * (1 - r²)/sqrt(rows), where `rows` are those of the sample: 0.031 at most for 1,024.
 */
#ifndef STATS_ASSOCIATION_H
#define STATS_ASSOCIATION_H
#include "stats/profile.h"

#define ASSOCIATION_VALUES 32

enum association_kind { ASSOCIATION_PEARSON, ASSOCIATION_CRAMER_V, ASSOCIATION_RATIO };

struct association {
    enum association_kind kind;
    double value; /* NaN where nothing can be said: no sample, a constant, too few rows */
    size_t rows;  /* different ones of the sample that it rests on */
};

const char *association_name(enum association_kind kind); /* "pearson", "cramer_v", "eta" */

/* Columns `i` and `j` of a profile, by place. Only the first ROW_SAMPLE_COLUMNS_MAX are known. */
struct association profile_association(const struct profile *profile, size_t i, size_t j);

#endif
