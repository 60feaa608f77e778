/*
 * include/mlops/business.h - what a model means for the business: series of money beside it,
 * whether they go with what is measured of it, and what its errors cost.
 *
 * docs/monitoring.md has files, measures and method.
 */
#ifndef MLOPS_BUSINESS_H
#define MLOPS_BUSINESS_H
#include <mlops/cost.h>
MLOPS_BEGIN

/* ---- series ------------------------------------------------------------------------------- */

struct mlops_series_added {
    uint64_t days;      /* of the file */
    uint64_t replaced;  /* of them, those that had another value before */
    uint64_t unchanged; /* those that had this one */
};

/*
 * Take a file (docs/tables.md; "-": standard input) with `date` and `value` into the series `name`
 * of a model, one value a day (UTC); a day that is there takes the new value. All of the file or,
 * where a line of it cannot be read or a day comes twice, nothing. Stands in the log.
 * Errors: MLOPS_NOT_FOUND no such model or file; MLOPS_INVALID name, or a line with its number;
 * MLOPS_IO.
 */
MLOPS_API int mlops_series_add(struct mlops_registry *registry, const char *model, const char *name,
                               const char *path, struct mlops_series_added *added,
                               struct mlops_error *err);
/* With all its days. Stands in the log. Errors: MLOPS_NOT_FOUND no such model or series. */
MLOPS_API int mlops_series_remove(struct mlops_registry *registry, const char *model,
                                  const char *name, struct mlops_error *err);

struct mlops_series {
    char name[MLOPS_NAME_MAX + 1];
    uint64_t days;
    int64_t first_ns, last_ns; /* its first and last day, as they begin */
    double last, mean;         /* value of the last day; of all days */
};
struct mlops_series_list {
    struct mlops_series *items; /* by name */
    size_t count;
};
/* The caller clears `list`. Errors: MLOPS_NOT_FOUND no such model. */
MLOPS_API int mlops_series_list(struct mlops_registry *registry, const char *model,
                                struct mlops_series_list *list, struct mlops_error *err);
MLOPS_API void mlops_series_list_clear(struct mlops_series_list *list);

/* ---- what goes with what, and what errors cost ---------------------------------------------- */

/* A series and a measure of the model `lag` days before, at the lag where they go together most. */
struct mlops_business_link {
    const char *series; /* of `series` below */
    char *measure;      /* "recall", "drift of amount" */
    unsigned lag;
    uint64_t days;    /* that both know */
    double effective; /* how many independent days they are worth */
    double r;         /* Spearman's; negative: one rises as the other falls */
    double low, high; /* at 95 % */
    double q;         /* its p, adjusted for all measures, lags and series (Benjamini-Hochberg) */
    bool found;       /* q is at most 0.05 */
};

struct mlops_business_day {
    int64_t start_ns;
    uint64_t events, labelled;     /* of the stage, shadow events left out */
    uint64_t missed, false_alarms; /* labelled 1 and predicted 0; labelled 0 and predicted 1 */
    double missed_cost, false_alarm_cost; /* NaN: what errors cost is not known */
};

struct mlops_business_options {
    const char *model;
    const char *series;            /* NULL: all */
    const char *stage;             /* NULL: production */
    int64_t since_ns, until_ns;    /* 0: `length_ns` before the end; the newest event */
    int64_t length_ns;             /* 0: 90 days */
    unsigned lags;                 /* days that a series may come after what it goes with; 0: 7 */
    const struct mlops_cost *cost; /* known: before what the project says; may be NULL */
};

struct mlops_business {
    int64_t from_ns, to_ns;
    struct mlops_version version; /* in the stage, or the newest: whose training and costs count */
    char *cost_from; /* "policy 3 of fraud", "monitor", "the suite holdout"; NULL: unknown */
    double cost_fp, cost_fn;
    struct mlops_business_day *days; /* those with events */
    size_t day_count;
    struct mlops_series_list series;
    struct mlops_business_link *links; /* by series, then by q, then by how strong */
    size_t link_count;
    uint64_t tests; /* pairs of series, measure and lag that were held against each other */
};

/*
 * Hold series against measures of the model, day by day, and say what its errors cost. The caller
 * clears `business`.
 * Errors: MLOPS_NOT_FOUND no such model or series, or no events of it; MLOPS_INVALID the range,
 * more lags than MLOPS_BUSINESS_LAGS_MAX; MLOPS_INTEGRITY; MLOPS_IO.
 */
#define MLOPS_BUSINESS_LAGS_MAX 60
MLOPS_API int mlops_business(struct mlops_registry *registry,
                             const struct mlops_business_options *options,
                             struct mlops_business *business, struct mlops_error *err);
MLOPS_API void mlops_business_clear(struct mlops_business *business);

MLOPS_END
#endif
