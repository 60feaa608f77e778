/*
 * lib/bundle/measurement.h - how predictions are to be measured, beyond which columns they are in:
 * weights, costs, thresholds, slices. As the project file says it, and as the manifest keeps it.
 */
#ifndef BUNDLE_MEASUREMENT_H
#define BUNDLE_MEASUREMENT_H
#include "base/yaml.h"
#include "stats/metrics.h"
#include <cjson/cJSON.h>

#define MEASUREMENT_SLICES_MAX 100
#define MEASUREMENT_THRESHOLDS_MAX 100

/* `country`, each value of which is a slice, or `amount > 1000`, the rows for which it is true. */
struct measurement_slice {
    char *text, *column;
    char comparison[3]; /* empty: each value */
    double bound;
};

/* A class or label, and the columns that speak of it. */
struct measurement_columns {
    char *name;
    char *truth;     /* labels: 0 or 1; NULL of scores */
    char *predicted; /* labels: 0 or 1; scores: the probability */
};

/* A demand on every slice that has enough rows. */
struct measurement_demand {
    char *metric, *demand;
};

/* Zeroed says nothing but what metric_options say. */
struct measurement {
    struct metric_options options; /* all but the threshold */
    char *weight, *group;          /* columns, NULL where not given */
    char *id;                      /* what a row is called, whatever its place; as those above */
    struct measurement_columns *scores, *labels;
    size_t score_count, label_count;
    struct measurement_slice *slices;
    size_t slice_count;
    double *thresholds; /* of the score, at which decisions are measured besides */
    size_t threshold_count;
    struct measurement_demand *demands;
    size_t demand_count;
    size_t least_rows; /* of a slice that demands are held against */
    cJSON *source;     /* as it was written */
};

/* Keys of a suite in the project file that are read here. */
#define MEASUREMENT_KEYS                                                                           \
    "weight", "group", "id", "beta", "at_fpr", "lift_at", "cost", "quantile", "cutoff",            \
        "confidence", "seed", "scores", "labels", "slices", "every_slice", "thresholds"

/* Read them from the map `suite`; `what` names the file. Errors: MLOPS_INVALID with file and line.
 * The caller clears it, also then. */
int measurement_read(const struct yaml_node *suite, const char *what,
                     struct measurement *measurement, struct mlops_error *err);
/* Read what stands in the manifest; NULL says nothing. Errors: MLOPS_INVALID. */
int measurement_load(const cJSON *json, struct measurement *measurement, struct mlops_error *err);
void measurement_clear(struct measurement *measurement);

#endif
