/*
 * lib/monitor/measures.h - what is measured of a model day by day, as series by name: what business
 * series are held against.
 */
#ifndef MONITOR_MEASURES_H
#define MONITOR_MEASURES_H
#include "monitor/training.h"
#include <mlops/business.h>

struct measures_query {
    const char *model, *stage;
    uint64_t version;                /* whose estimates without labels are made */
    const struct training *training; /* what features are held against; its profile may be NULL */
    int64_t from_ns;                 /* the begin of a day */
    size_t days;
};

struct measure_series {
    char *name;
    double *values; /* a day each; NaN: not known */
};

struct measures {
    struct measure_series *items;
    size_t count, capacity;
    struct mlops_business_day *days; /* those with events; costs are NaN */
    size_t day_count, day_capacity;
};

/* Of the stage whichever version answered, shadow events left out. The caller clears `measures`.
 * Errors: MLOPS_INTEGRITY; MLOPS_IO. */
int measures_read(struct mlops_registry *registry, const struct measures_query *query,
                  struct measures *measures, struct mlops_error *err);
void measures_clear(struct measures *measures);

#endif
