/*
 * lib/loop/run_rows.h - runs of training in the database: who may begin, and what came of each.
 *
 * A run holds its place by a lease that its process renews (loop/lease.h), by the clock of the
 * database. Whoever begins next ends those whose lease is over, or whose process is gone from this
 * machine: they are lost, and write nothing any more should they wake.
 */
#ifndef LOOP_RUN_ROWS_H
#define LOOP_RUN_ROWS_H
#include "loop/trigger.h"
#include "registry/registry.h"

struct run_begin {
    const struct triggers *limits;
    const struct mlops_version *from;
    const char *stage, *trigger;
    int64_t lease_ns; /* the place is held for so long, unless it is renewed */
    bool by_hand; /* cooldown and budget do not hold, at-most does */
};

/* Begin a run, or say why not: `*why` (the caller frees) is NULL and `*run` its number where it
 * began. In one transaction with its entry in the log. */
int run_begin(struct mlops_registry *registry, const struct run_begin *begin, uint64_t *run,
              char **why, struct mlops_error *err);
/* Hold its place for `lease_ns` from now on; `*kept` false where it was given away. No entry in the
 * log. A lease that is over is renewed, too, as long as nobody took the place. */
int run_renew(struct mlops_registry *registry, uint64_t run, int64_t lease_ns, bool *kept,
              struct mlops_error *err);
/* From now on this handle writes only as long as the run has its place (registry_guard); `run` 0:
 * whatever it has. */
void run_guard(struct mlops_registry *registry, uint64_t run, const char *model);
/* It ended: `detail` is canonical JSON for the log. */
int run_end(struct mlops_registry *registry, uint64_t run, const struct mlops_version *from,
            const struct mlops_version *to, const char *status, const char *message,
            const char *detail, struct mlops_error *err);
/* When the last one of the model's stage began; 0: never. */
int run_last(struct mlops_registry *registry, const char *model, const char *stage,
             int64_t *last_ns, struct mlops_error *err);

#endif
