/*
 * lib/drift/compare.h - two profiles compared, column by column. Knows no registry and no files.
 * docs/drift.md has the formulas and how the thresholds came about.
 */
#ifndef DRIFT_COMPARE_H
#define DRIFT_COMPARE_H
#include "stats/profile.h"
#include <mlops/drift.h>

/* How one column is compared, whatever the others are. */
struct compare_column {
    const char *name;
    const char *method; /* NULL: as the others of its kind */
    double threshold;   /* 0: as the others */
    double weight;      /* its thresholds are divided by it; 0: 1 */
    bool optional;      /* no matter if there is no such column */
};

struct compare_options {
    const char *numeric_method;           /* NULL: "ks" */
    const char *categorical_method;       /* NULL: "jensen_shannon" */
    const struct compare_column *columns; /* those with a method of their own */
    size_t column_count;
    double threshold; /* 0: each method's own */
    bool any_effect;  /* noise alone decides, however small the effect */
    /* How often a table without drift may raise an alarm, for which thresholds are calibrated on
     * the reference's sample of rows (calibrate.h); below CALIBRATE_FAR_MIN by bounds that hold for
     * any data. 0: 0.001. */
    double far;
    const char *const *leave_out; /* columns; NULL-terminated, or NULL */
};

/* Errors: MLOPS_INVALID no such method, or one for the other kind of column; a threshold that is
 * not a positive number or 0. */
int compare_check(const struct compare_options *options, struct mlops_error *err);

/*
 * Fill the columns, `drift`, `share` and `rows` of `report` from two profiles; the columns of
 * `reference` decide which are compared, and each must be in `current`.
 * Errors: those of compare_check; MLOPS_INVALID a column with a method of its own is not compared,
 * or is of another kind than the method.
 */
int profiles_compare(const struct profile *reference, const struct profile *current,
                     const struct compare_options *options, struct mlops_drift_report *report,
                     struct mlops_error *err);

#endif
