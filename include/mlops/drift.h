/*
 * include/mlops/drift.h - is the data still what the model learnt?
 */
#ifndef MLOPS_DRIFT_H
#define MLOPS_DRIFT_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_drift_options {
    const char *ref;     /* whose snapshot is the reference */
    const char *current; /* path of a table (docs/tables.md); "-" for standard input */
    const char *data;    /* name of the snapshot; NULL: the one with role `reference` */
    const char *numeric_method;     /* NULL: "ks" */
    const char *categorical_method; /* NULL: "jensen_shannon" */
    const char *const *column_methods; /* "COLUMN=METHOD" each, NULL-terminated; or NULL */
    double threshold;               /* of the methods' statistic; 0: each method's own */
    bool any_effect;                /* noise alone decides, however small the effect */
    double far; /* how often a table without drift may raise an alarm; 0: 0.01 */
};

/* One bar of a column's histogram: shares of the values that are there, 0…1. */
struct mlops_drift_bar {
    char *label;      /* of categories: the value, fit to be shown; NULL of numbers */
    bool rest;        /* of categories: all that have no bar of their own */
    double low, high; /* of numbers: from where to where */
    double reference, current;
};

struct mlops_drift_column {
    char *name;
    char *type;   /* "numeric" or "categorical" */
    char *method; /* "ks", "jensen_shannon", … */
    double statistic;
    double threshold; /* that it was held against */
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
    struct mlops_drift_bar *bars;
    size_t bar_count;
    char *detail; /* what moved, one line: "median 41.0 -> 77.0"; empty without drift */
};

struct mlops_drift_report {
    struct mlops_version version;
    char data[MLOPS_NAME_MAX + 1];
    bool drift;    /* at least one column drifted */
    double share;  /* of the columns that drifted, 0…1 */
    uint64_t rows; /* of the current table */
    uint64_t rows_reference;
    double far;      /* how often a table without drift raises an alarm, at most */
    bool calibrated; /* by draws from the reference, so that it is about as often as that */
    /* How well a classifier tells rows of the two tables apart, which shows where columns go together
     * otherwise though none has drifted: its AUC, about 0.5 where it cannot, and what chance exceeds
     * as often as `far`. For information: `drift` is that of the columns. NaN: not known. */
    double domain_auc, domain_threshold;
    struct mlops_drift_column *columns; /* most drifted first */
    size_t column_count;
};

/*
 * Compare a table with the profile of a version's snapshot, column by column, in one pass and
 * memory that does not grow with its rows. The snapshot's target and time columns are left out;
 * columns that the snapshot does not have are reported through the observer's `warn`.
 *
 * Errors: MLOPS_NOT_FOUND no such version, snapshot or file; MLOPS_INVALID the table is empty,
 * ragged, or lacks a column that the snapshot has (the message says which and where), or no such
 * method; MLOPS_IO.
 */
MLOPS_API int mlops_drift(struct mlops_registry *registry, const struct mlops_drift_options *options,
                          struct mlops_drift_report *report, struct mlops_error *err);
MLOPS_API void mlops_drift_report_clear(struct mlops_drift_report *report);

MLOPS_END
#endif
