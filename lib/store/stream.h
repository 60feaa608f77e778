/* lib/store/stream.h - an object piece by piece, for those who pass it on: no file, little memory.
 */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H
#include "store/store.h"

typedef int (*store_sink)(void *context, const uint8_t *data, size_t length,
                          struct mlops_error *err);

/*
 * Give `sink` all bytes of the object, in order. Each piece is verified before `sink` sees it, the
 * whole at the end: only when this has returned MLOPS_OK was it the object.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY damaged, naming pack and offset; MLOPS_IO; those of
 * `sink`, which stop it.
 */
int store_stream(struct store *store, const struct digest *digest, store_sink sink, void *context,
                 struct mlops_error *err);

#endif
