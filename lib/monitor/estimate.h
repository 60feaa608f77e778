/*
 * lib/monitor/estimate.h - how well a version does before labels come, by its own scores
 * (stats/cbpe.h), calibrated on what became known of the week before.
 */
#ifndef MONITOR_ESTIMATE_H
#define MONITOR_ESTIMATE_H
#include <mlops/monitor.h>

struct estimate_query {
    const char *model, *stage, *segment; /* stage, segment: NULL: all */
    uint64_t version;
    bool shadow;
    int64_t from_ns, to_ns;
};

/* NaN, with 0 events, where there are no scores in 0…1, or more events than are read at once.
 * Errors: MLOPS_INTEGRITY; MLOPS_IO. */
int estimate_run(struct mlops_registry *registry, const struct estimate_query *query,
                 struct mlops_monitor_estimate *estimate, struct mlops_error *err);

#endif
