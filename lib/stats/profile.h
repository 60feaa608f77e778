/*
 * lib/stats/profile.h - the profile of a table: a mergeable one-pass summary of every column.
 *
 * Per column: count, missing, and for numbers min, max, moments and a quantile sketch (KLL), for
 * texts frequent values (Misra-Gries); a distinct sketch (HyperLogLog) for both. Memory does not
 * grow with rows.
 */
#ifndef STATS_PROFILE_H
#define STATS_PROFILE_H
#include "base/buffer.h"
#include "table/table.h"

struct kll;      /* stats/kll.h */
struct hll;      /* stats/hll.h */
struct frequent; /* stats/frequent.h */

struct column_profile {
    char *name;
    enum column_type type;
    uint64_t count; /* rows, missing ones too */
    uint64_t missing;
    uint64_t infinite; /* numbers that are; they are left out of the moments */
    double min, max; /* numeric and time (nanoseconds as double); NaN while there are no values */
    double mean, m2, m3;   /* running moments (Pébay 2008): m2 = Σ(x-mean)², m3 = Σ(x-mean)³ */
    struct kll *quantiles; /* numeric columns; NULL otherwise */
    struct hll *distinct;
    struct frequent *frequent; /* bool, category and text columns; NULL otherwise */
};

struct profile {
    uint64_t rows;
    struct column_profile *columns;
    size_t column_count;
};

/* An empty profile for tables of this schema; the caller frees it. */
struct profile *profile_new(const struct table_schema *schema);
void profile_free(struct profile *profile);
DEFINE_CLEANUP(struct profile, profile_free)

/* Take in one batch of the same schema. */
void profile_update(struct profile *profile, const struct batch *batch);

/* Merge `other` in; MLOPS_INVALID where the schemas differ. */
int profile_merge(struct profile *profile, const struct profile *other, struct mlops_error *err);

/* Versioned binary form, the same bytes for the same input in the same order on every machine. */
void profile_encode(const struct profile *profile, struct buffer *out);
/* Errors: MLOPS_INVALID not a profile, truncated, or of a newer format. */
int profile_decode(const void *data, size_t length, struct profile **profile,
                   struct mlops_error *err);

const struct column_profile *profile_column(const struct profile *profile, const char *name);

#endif
