/* lib/store/span.h - any range of an object, for those who must be able to go back. */
#ifndef STORE_SPAN_H
#define STORE_SPAN_H
#include "store/store.h"

/* An object that is read by ranges; one thread's. The store outlives it. */
struct store_span;

/* The caller frees. Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY; MLOPS_IO. */
int store_span_open(struct store *store, const struct digest *digest, struct store_span **span,
                    struct mlops_error *err);
void store_span_free(struct store_span *span);

/*
 * Exactly `length` bytes from `offset`. Each chunk is verified before anything of it is given; that
 * they make up the object is the word of its recipe, which has a checksum: who must know holds the
 * digest of the whole against it. Cheap where reads follow one another.
 * Errors: MLOPS_INTEGRITY damaged, or the object ends before; MLOPS_IO.
 */
int store_span_read(struct store_span *span, uint64_t offset, void *data, size_t length,
                    struct mlops_error *err);

#endif
