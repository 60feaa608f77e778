/*
 * lib/store/transfer.h - a few threads that wait for a network, so that several requests are under
 * way whatever the number of cores.
 */
#ifndef STORE_TRANSFER_H
#define STORE_TRANSFER_H
#include "base/util.h"

struct transfers;

/* Threads are made when there is something to do, `threads` at most. */
struct transfers *transfers_new(size_t threads);
/* Does all that was added, and frees. */
void transfers_free(struct transfers *transfers);

/* Call `run` with `context` in one of the threads, in the order of the calls. From any thread,
 * those too. Where no thread can be made, it is called at once. */
void transfers_add(struct transfers *transfers, void (*run)(void *context), void *context);

/* Work whose items are fetched or sent side by side. */
struct transfer_job {
    size_t count;
    size_t threads; /* items under way at once, those that wait to be taken included */
    /* Of item `index`, in one of the threads; begun in order. */
    int (*work)(void *context, size_t index, struct mlops_error *err);
    /* By the caller's thread, in order, when `work` has ended well. NULL: nothing is left to do. */
    int (*take)(void *context, size_t index, struct mlops_error *err);
    /* By the caller's thread, ten times a second; a failure ends the job. May be NULL. */
    int (*tick)(void *context, struct mlops_error *err);
    /* The job has failed: what is under way need not be finished. May be NULL. */
    void (*stop)(void *context);
    void *context;
};

/* Do the job and wait. Returns what failed first; nothing of it runs any more then. */
int transfers_run(const struct transfer_job *job, struct mlops_error *err);

#endif
