/*
 * lib/loop/lease.h - a run's place, renewed as long as the process runs. A thread does it, with a
 * handle of its own: steps that ask nobody, such as a long fsync, must not cost the place, nor what
 * the run's own handle waits for.
 */
#ifndef LOOP_LEASE_H
#define LOOP_LEASE_H
#include "registry/registry.h"
#include <pthread.h>
#include <stdatomic.h>

/* A run that says nothing for so long is taken for dead. */
#define LEASE_NS 300000000000LL

struct lease {
    struct mlops_registry *registry; /* of the run */
    struct mlops_observer user;      /* whom its handle told and asked before */
    uint64_t run;
    int64_t length_ns, until_ns; /* by clock_boot_ns, for where the database cannot be asked */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started;
    atomic_bool ending, over;
    struct mlops_error err; /* why it could not be renewed; MLOPS_OK: the place is not its own */
};

/*
 * Renew the place of `run`, which run_begin has just given for `length_ns`, until lease_end. Should
 * it be lost, or not be renewed before it ends, the observer of `registry` says stop. `lease` stays
 * where it is.
 * Errors: MLOPS_IO no thread can be started.
 */
int lease_start(struct lease *lease, struct mlops_registry *registry, uint64_t run,
                int64_t length_ns, struct mlops_error *err);
/* Stop renewing; nothing on zeroed memory. Errors: why the place could not be renewed any more. */
int lease_end(struct lease *lease, struct mlops_error *err);

#endif
