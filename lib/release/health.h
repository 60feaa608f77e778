/*
 * lib/release/health.h - how a version does in a stage, as the registry's evidence has it. Whoever
 * watches production leaves evidence of the kind "monitor", named for the stage; without it nothing
 * is known, and what demands health is refused.
 *
 * Its body: `predictions`, how many were served in the stage since the version is there;
 * `open_alerts`, an array of the names of alerts that are open.
 */
#ifndef RELEASE_HEALTH_H
#define RELEASE_HEALTH_H
#include <mlops/registry.h>

#define HEALTH_EVIDENCE "monitor"
#define HEALTH_AGE_MAX_NS 3600000000000LL /* an hour: what is older says nothing about now */

struct health {
    bool known;
    char *why; /* why nothing is known; NULL where it is */
    int64_t as_of_ns;
    uint64_t predictions;
    uint64_t open_alerts;
    char *alerts; /* their names: "latency, drift"; "" */
};

/* The caller clears `health`. Errors: MLOPS_INTEGRITY the evidence cannot be read; MLOPS_IO. */
int health_read(struct mlops_registry *registry, const char *bundle, const char *stage,
                int64_t since_ns, int64_t now_ns, struct health *health, struct mlops_error *err);
void health_clear(struct health *health);

#endif
