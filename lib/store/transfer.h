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

#endif
