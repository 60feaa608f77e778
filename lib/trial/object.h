/*
 * lib/trial/object.h - objects of the store as sources for scanners: any range, without laying the
 * file out or having all of it in memory.
 */
#ifndef TRIAL_OBJECT_H
#define TRIAL_OBJECT_H
#include "store/reader.h"
#include "trust/source.h"

/*
 * Object `name` of `store`; `reader` is borrowed, outlives the source, and serves one thread. Every
 * part that is read is verified against its name, the whole is not: whoever checks out or promotes
 * does that. `*source` is closed by the caller, also on failure where it is not NULL.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY; MLOPS_IO.
 */
int object_open(struct store *store, struct reader *reader, const struct digest *name,
                struct source **source, struct mlops_error *err);

#endif
