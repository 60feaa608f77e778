/*
 * lib/base/pool.h - the same work on many items, over all cores.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H
#include "base/util.h"

/* Work on item `index`; called from several threads at once, each with its own `worker` number
 * (0 ≤ worker < pool_threads()). A non-zero return stops the rest. */
typedef int (*pool_work)(void *context, size_t index, size_t worker, struct mlops_error *err);

/* How many threads pool_run uses: the cores that this process may run on, at most 64, or
 * $MLOPS_THREADS. */
size_t pool_threads(void);

/* Call `work` for 0 … count-1 in no certain order and wait. Returns the error of the lowest index
 * that failed among those that ran. With one thread or one item it runs in the caller. */
int pool_run(size_t count, pool_work work, void *context, struct mlops_error *err);

/* As pool_run, but when no item is left to take, the caller, worker 0, calls `tick` 20 times a
 * second until the others are done. A non-zero return is that of the whole; `tick` tells the work,
 * by the context, to leave off. */
typedef int (*pool_tick)(void *context, struct mlops_error *err);
int pool_run_ticking(size_t count, pool_work work, pool_tick tick, void *context,
                     struct mlops_error *err);

/* Two things of a different kind: `mine` by the caller, whose locale and handles it needs, and
 * `other` in a thread of its own, or after it where there is none to be had. Returns when both are
 * done: the error of `mine`, or else that of `other`. */
typedef int (*pool_part)(void *context, struct mlops_error *err);
int pool_both(pool_part mine, pool_part other, void *context, struct mlops_error *err);

#endif
