/*
 * lib/store/scratch.h - names for files under construction, and the end of those that were left.
 *
 * A name is "HOST-PID-NUMBER.tmp", so that others can tell whether the writer lives.
 */
#ifndef STORE_SCRATCH_H
#define STORE_SCRATCH_H
#include "store/handle.h"

/* A path in the store's scratch folder that nobody else uses. The caller frees. */
char *scratch_path(const struct store *store);

/* Remove what writers of this machine left that are no longer, and what is older than a day. Best
 * effort: what cannot be removed now is garbage that harms nobody. */
void scratch_sweep(const struct store *store);

#endif
