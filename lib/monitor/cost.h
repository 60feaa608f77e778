/* lib/monitor/cost.h - what the errors of a version cost, as its policy or its project says. */
#ifndef MONITOR_COST_H
#define MONITOR_COST_H
#include "bundle/manifest.h"
#include <mlops/cost.h>

struct cost {
    double fp, fn; /* of a false alarm, of a missed positive */
    char *from;    /* "policy 3 of fraud", "monitor", "the suite holdout"; NULL: nobody says */
};

/* `of_policy` where it is known (may be NULL), else `cost` of the project's `monitor:`, else of its
 * first suite of predictions that has one. The caller clears. */
void cost_find(const struct manifest *manifest, const struct mlops_cost *of_policy,
               struct cost *cost);
void cost_clear(struct cost *cost);

#endif
