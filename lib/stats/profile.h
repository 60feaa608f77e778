/*
 * lib/stats/profile.h - the profile of a table: a mergeable one-pass summary of every column.
 *
 * Per column: count, missing and what stood there instead, cells that did not fit; of numbers and
 * times range, moments, a quantile sketch (KLL), frequent values; of texts frequent values
 * (Misra-Gries), lengths and patterns; of all a distinct sketch (HyperLogLog). Of the table: a
 * sample of rows, which tells of duplicates and of how columns go together (association.h). Memory
 * does not grow with rows. docs/profile.md has the errors and the format.
 */
#ifndef STATS_PROFILE_H
#define STATS_PROFILE_H
#include "base/buffer.h"
#include "stats/moments.h"
#include "table/table.h"

struct kll;        /* stats/kll.h */
struct hll;        /* stats/hll.h */
struct frequent;   /* stats/frequent.h */
struct row_sample; /* stats/row_sample.h */

#define PROFILE_VALUES 128 /* frequent values tracked of numbers */
#define PROFILE_PATTERNS 64

struct column_profile {
    char *name;
    enum column_type type;
    uint64_t count; /* rows, missing ones too */
    uint64_t missing;
    uint64_t infinite; /* numbers that are; they are left out of the moments */
    double min, max;   /* numeric and time (nanoseconds as double); NaN while there are no values */
    double mean, m2, m3;   /* m_p = Σ(x-mean)^p over the finite values; of times, too */
    struct kll *quantiles; /* numeric columns; NULL otherwise */
    struct hll *distinct;
    struct frequent *frequent; /* bool, category and text columns; NULL otherwise */

    /* From here on what profiles of format 1 do not have: `extended` is false there, and all is
     * zero or NULL. */
    bool extended;
    uint64_t misfits;                /* of `missing`: cells that are not of the type */
    uint64_t absence[MISSING_CODES]; /* of `missing`: by what stood there (missing_name) */
    uint64_t zeros, negatives;       /* numbers */
    double mean_low;                 /* what `mean` was rounded by (stats/double_double.h) */
    double m4;
    struct frequent *values;         /* numeric columns: frequent_number */
    int64_t first_ns, last_ns;       /* times: the range; only where there are values */
    uint64_t hours[24];              /* times: by hour of the day, UTC */
    uint64_t weekdays[7];            /* times: Monday first */
    struct kll *times;               /* time columns: quantiles, nanoseconds as double */
    uint64_t length_min, length_max; /* texts: bytes; only where there are values */
    uint64_t length_sum;
    struct frequent *patterns; /* category and text columns: stats/pattern.h */

    struct moments_chunk *chunk; /* values under way; NULL once finished */
    struct recent_texts *recent; /* the same */
};

/* By which function values are told apart in `distinct`, and rows in the sample. */
enum profile_hashing {
    PROFILE_HASHED_HERE = 0,
    PROFILE_HASHED_BY_POSTGRESQL = 1, /* hashfloat8extended and its like, with seed 0 */
};

struct profile {
    enum profile_hashing hashing;
    uint64_t rows;
    uint64_t ragged; /* rows that had another number of fields than the header */
    struct column_profile *columns;
    size_t column_count;
    struct row_sample *sample; /* NULL in profiles of format 1 */
};

/* An empty profile for tables of this schema; the caller frees it. */
struct profile *profile_new(const struct table_schema *schema);
/* One whose quantiles and frequent values leave nothing out (of texts up to FREQUENT_ALL different
 * ones): memory grows with the rows. It is there to be compared, and cannot be merged or written.
 */
struct profile *profile_new_exact(const struct table_schema *schema);
void profile_free(struct profile *profile);
DEFINE_CLEANUP(struct profile, profile_free)

/* Read the next batches (table_next_taken) and take them in, over all cores. However rows are cut
 * into batches, and however many threads there are, the profile becomes the same, bit by bit. When
 * there are no more it is finished, and knows how many rows were ragged. After an error it is good
 * for nothing. */
int profile_add_next(struct profile *profile, struct table_reader *reader,
                     const struct batch **batches, size_t *count, struct mlops_error *err);
/* The same of a batch that is there already. */
void profile_add(struct profile *profile, const struct batch *batch);
/* Nothing is under way any more: what the fields say holds for all that came. */
void profile_finish(struct profile *profile);
/* Take in one batch, by this thread alone, and finish. */
void profile_update(struct profile *profile, const struct batch *batch);

/*
 * Merge `other`, which is finished, in. Columns are matched by name and place; where types differ,
 * the column becomes one that holds both: bool < integer < float, category < text; a column of
 * which one part has no values takes the other's type. Other pairs are MLOPS_INVALID, as are
 * differing columns, and differing hashing. A profile of format 1 makes the whole one of format 1.
 */
int profile_merge(struct profile *profile, const struct profile *other, struct mlops_error *err);

/* Versioned binary form, the same bytes for the same input in the same order on every machine. */
void profile_encode(const struct profile *profile, struct buffer *out);
/* Formats 1 to 4. Errors: MLOPS_INVALID not a profile, truncated, or of a newer format. */
int profile_decode(const void *data, size_t length, struct profile **profile,
                   struct mlops_error *err);

const struct column_profile *profile_column(const struct profile *profile, const char *name);
/* The same, looked for at `*place` first, which is moved on: for names in the order of columns. */
const struct column_profile *profile_column_near(const struct profile *profile, const char *name,
                                                 size_t *place);

/* ---- what the numbers say ------------------------------------------------------------------- */

static inline uint64_t column_present(const struct column_profile *column)
{
    return column->count - column->missing;
}
/* Values that are there and finite: those of the moments. */
static inline uint64_t column_finite(const struct column_profile *column)
{
    return column->count - column->missing - column->infinite;
}
/* Of the sample (divisor n - 1); NaN below two values. */
double column_variance(const struct column_profile *column);
/* g1 = m3/n / (m2/n)^1.5, as SciPy's skew; NaN without spread. */
double column_skewness(const struct column_profile *column);
/* m4/n / (m2/n)² - 3, as SciPy's kurtosis; NaN without spread or in format 1. */
double column_kurtosis(const struct column_profile *column);

#endif
