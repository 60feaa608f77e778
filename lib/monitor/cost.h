/* lib/monitor/cost.h - what the errors of a version cost, as its project says. */
#ifndef MONITOR_COST_H
#define MONITOR_COST_H
#include "bundle/manifest.h"

struct cost {
    double fp, fn; /* of a false alarm, of a missed positive */
    char *from;    /* "monitor", "the suite holdout"; NULL: the project says nothing */
};

/* `cost` of `monitor:`, else of the first suite of predictions that has one. The caller clears. */
void cost_find(const struct manifest *manifest, struct cost *cost);
void cost_clear(struct cost *cost);

#endif
