/*
 * lib/loop/run_rows.h - runs of training in the database: who may begin, and what came of each.
 *
 * A run holds its place by a lease, so that one that was killed blocks others for no longer than it
 * could have taken.
 */
#ifndef LOOP_RUN_ROWS_H
#define LOOP_RUN_ROWS_H
#include "loop/trigger.h"
#include "registry/registry.h"

struct run_begin {
    const struct triggers *limits;
    const struct mlops_version *from;
    const char *stage, *trigger;
    int64_t lease_ns;
    bool by_hand; /* cooldown and budget do not hold, at-most does */
};

/* Begin a run, or say why not: `*why` (the caller frees) is NULL and `*run` its number where it
 * began. In one transaction with its entry in the log. */
int run_begin(struct mlops_registry *registry, const struct run_begin *begin, uint64_t *run,
              char **why, struct mlops_error *err);
/* It ended: `detail` is canonical JSON for the log. */
int run_end(struct mlops_registry *registry, uint64_t run, const struct mlops_version *from,
            const struct mlops_version *to, const char *status, const char *message,
            const char *detail, struct mlops_error *err);
/* When the last one of the model's stage began; 0: never. */
int run_last(struct mlops_registry *registry, const char *model, const char *stage,
             int64_t *last_ns, struct mlops_error *err);

#endif
