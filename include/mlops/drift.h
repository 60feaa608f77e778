/*
 * include/mlops/drift.h - is the data still what the model learnt?
 */
#ifndef MLOPS_DRIFT_H
#define MLOPS_DRIFT_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_drift_options {
    const char *ref;                /* whose snapshot is the reference */
    const char *current;            /* path of a table, or pattern of many (docs/tables.md); "-" for
                                       standard input */
    const char *data;               /* name of the snapshot; NULL: the one with role `reference` */
    const char *numeric_method;     /* NULL: "ks" */
    const char *categorical_method; /* NULL: "jensen_shannon" */
    const char *const *column_methods; /* "COLUMN=METHOD" each, NULL-terminated; or NULL */
    double threshold;                  /* of the methods' statistic; 0: each method's own */
    bool any_effect;                   /* noise alone decides, however small the effect */
    double far;          /* how often a table without drift may raise an alarm; 0: 0.01 */
    const char *time;    /* column of times by which drift is dated; NULL: the snapshot's own, where
                            the current table has it */
    const char *segment; /* column by whose values drift is divided up; NULL: none */
    const char *season;  /* "hour" or "weekday": hold the current table against rows of the snapshot
                            with the same mix of them; NULL: against all */
    bool exact;          /* keep all values of both tables instead of sketches */
    /* How CSV is read; what is not given is the snapshot's. */
    const char *ragged;  /* rows of another width: "refuse", "fill" or "skip" */
    const char *columns; /* names of the columns where there is no header, by commas */
    char separator;
    char comment; /* lines that begin with it are passed over */
};

/* One bar of a column's histogram: shares of the values that are there, 0…1. */
struct mlops_drift_bar {
    char *label;      /* of categories: the value, fit to be shown; NULL of numbers */
    bool rest;        /* of categories: all that have no bar of their own */
    double low, high; /* of numbers: from where to where */
    double reference, current;
};

/* A span of time of the current table. */
struct mlops_drift_span {
    int64_t from_ns, to_ns; /* since the epoch; the end exclusive */
    uint64_t rows;
    double distance; /* Jensen-Shannon, 0…1, between the snapshot's values and those of the span;
                        NaN without rows */
};

/* When a column drifted, by the change point of its spans. */
enum mlops_drift_course {
    MLOPS_DRIFT_UNDATED,    /* it did not, or there are no times */
    MLOPS_DRIFT_THROUGHOUT, /* all the time, as far as can be told */
    MLOPS_DRIFT_SINCE,      /* from `changed_ns` on */
    MLOPS_DRIFT_UNTIL,      /* up to `changed_ns` */
};

/* Rows of one value of the column that divides them. */
struct mlops_drift_segment {
    char *value; /* fit to be shown; "(all others)", "(missing)" */
    uint64_t rows_reference, rows_current;
    double distance; /* total variation within the segment, 0…1; NaN where one table has no rows */
    double carried;  /* share of the whole column's change that lies in it; they add up to 1 */
};

struct mlops_drift_column {
    char *name;
    char *type;   /* "numeric" or "categorical" */
    char *method; /* "ks", "jensen_shannon", … */
    double statistic;
    double threshold; /* that it was held against */
    double weight;    /* by which it was divided; 1: by nothing */
    /* How far the sketches may put a share of the values off: of numbers below any point, which is
     * by how much "ks" may be off, of categories that of any one; 0: every count is exact. */
    double error;
    bool drift;
    double missing_reference, missing_current; /* shares of the rows, 0…1 */
    double p, p_adjusted; /* of the test that goes with the type, and by Benjamini-Hochberg; NaN */
    double range_reference[2], range_current[2]; /* numbers: least and largest; NaN: none */
    /* Numbers: shares outside the reference's fences, 1.5 interquartile ranges beyond its quartiles
     * (Tukey 1977). */
    double outliers_reference, outliers_current;
    /* Numbers: shares with a robust z, |x - median| / (1.4826 MAD) with both of the reference,
     * above 3.5 (Iglewicz and Hoaglin 1993); NaN where the reference's MAD is 0. */
    double robust_reference, robust_current;
    double beyond_reference; /* numbers: share of the current ones outside its range */
    uint64_t misfits;        /* cells of the current table that are not of the column's type */
    enum mlops_drift_course course;
    int64_t changed_ns; /* of MLOPS_DRIFT_SINCE and _UNTIL */
    struct mlops_drift_span *spans;
    size_t span_count;
    struct mlops_drift_segment *segments; /* of which most is carried first */
    size_t segment_count;
    size_t together; /* columns that drifted together have the same number, from 1; 0: alone */
    struct mlops_drift_bar *bars;
    size_t bar_count;
    char *detail; /* what moved, one line: "median 41.0 -> 77.0"; empty without drift */
};

struct mlops_drift_report {
    struct mlops_version version;
    char data[MLOPS_NAME_MAX + 1];
    bool drift;    /* at least one column drifted, or whole rows did */
    double share;  /* of the columns that drifted, 0…1 */
    uint64_t rows; /* of the current table */
    uint64_t rows_reference;
    double far;      /* how often a table without drift raises an alarm, at most */
    bool calibrated; /* by draws from the reference, so that it is about as often as that */
    /* Do whole rows differ, which shows where columns go together otherwise though none has
     * drifted: a classifier tells rows of the two tables apart, or the correlation of a pair of
     * columns changed, by more than chance. What it is, in words; empty where it is not. */
    bool rows_drift;
    char *rows_detail;
    /* The classifier's AUC, about 0.5 where it cannot tell rows apart. NaN: not known. */
    double domain_auc, domain_threshold;
    /* The pair of columns of which the correlation changed most for what it varies by chance, by
     * how many deviations it did, and the correlations. NULL and NaN: not known. */
    char *pair[2];
    double pair_statistic, pair_threshold, pair_reference, pair_current;
    /* How much of a row is lost when it is rebuilt from the principal components that carry 65 % of
     * the snapshot's variance, on average over the rows, in standard deviations; outside of low to
     * high it is more than chance and too much to be small. For information: it is not in `drift`.
     * NaN: not known. */
    double reconstruction_reference, reconstruction_current;
    double reconstruction_low, reconstruction_high;
    /* Shares of rows that stand apart from the snapshot's by all columns together: more than three
     * times the average leverage; above the threshold it is more than chance. For information. NaN:
     * not known. */
    double isolated_reference, isolated_current, isolated_threshold;
    char *isolated_by;    /* the column that sets most of them apart; NULL: none does */
    bool exact;           /* no sketch had to leave anything out */
    char *time, *segment; /* columns that drift was dated and divided by; NULL: not */
    char *season;         /* NULL: not asked for */
    struct mlops_drift_column *columns; /* most drifted first */
    size_t column_count;
};

/*
 * Compare a table with the profile of a version's snapshot, column by column, in one pass and
 * memory that does not grow with its rows, unless `exact`. `segment`, `season` and `exact` read the
 * snapshot's own rows, too. Its target and time columns are left out; columns that the snapshot
 * does not have are reported through the observer's `warn`.
 *
 * Errors: MLOPS_NOT_FOUND no such version, snapshot or file; MLOPS_INVALID the table is empty,
 * ragged, or lacks a column that the snapshot has (the message says which and where), or no such
 * method; MLOPS_IO.
 */
MLOPS_API int mlops_drift(struct mlops_registry *registry,
                          const struct mlops_drift_options *options,
                          struct mlops_drift_report *report, struct mlops_error *err);
MLOPS_API void mlops_drift_report_clear(struct mlops_drift_report *report);

MLOPS_END
#endif
