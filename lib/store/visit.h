/*
 * lib/store/visit.h - what objects are made of, and which copies of it in which packs.
 */
#ifndef STORE_VISIT_H
#define STORE_VISIT_H
#include "store/handle.h"

/* Several may be at work on one store; each is one thread's own. */
struct visitor;
struct visitor *visitor_new(struct store *store);
void visitor_free(struct visitor *visitor);
DEFINE_CLEANUP(struct visitor, visitor_free)

/* Told of a recipe or blob, by the copy that a reader would take; false: what it leads to need not
 * be looked at. */
typedef bool (*visitor_each)(void *context, const struct location *location);

/* What object `digest` consists of: its recipe, where it has one, and its blobs in order. Recipes
 * are read and checked. Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY damaged, or a part is missing;
 * MLOPS_IO. */
int visitor_parts(struct visitor *visitor, const struct digest *digest, visitor_each each,
                  void *context, struct mlops_error *err);

/* As visitor_parts, and the blobs that those are deltas of. */
int visitor_needs(struct visitor *visitor, const struct digest *digest, visitor_each each,
                  void *context, struct mlops_error *err);

/* How many bytes the object has, all parts of which must be there. Errors as visitor_parts. */
int visitor_length(struct visitor *visitor, const struct digest *digest, uint64_t *length,
                   struct mlops_error *err);

/* Told of the name of a record that is not there, or cannot be read. */
typedef void (*visitor_miss)(void *context, const struct digest *name);

/* Tell everything that visitor_needs would stop at, as far as it can be known; only recipes and
 * the heads of deltas are read. Of a slice whose chunk is not there the object itself is told, for
 * a copy may have it in other company. Errors: MLOPS_IO. */
int visitor_missing(struct visitor *visitor, const struct digest *digest, visitor_miss each,
                    void *context, struct mlops_error *err);

/* The blobs that a record is a delta of; none where it is no delta. */
int visitor_bases(struct visitor *visitor, const struct location *location,
                  struct digest bases[DELTA_BASES_MAX], size_t *count, struct mlops_error *err);

/* Read a record and check it, as reader_load. */
int visitor_verify(struct visitor *visitor, const struct location *location,
                   struct mlops_error *err);

/* Check a record and give it as it is stored, until the next call, as reader_load_stored: for those
 * who copy it, as damage must not spread. */
int visitor_stored(struct visitor *visitor, struct location *location, bool bases,
                   const uint8_t **stored, struct mlops_error *err);

/* Packs, by name, whose copies are taken last from now on, by this handle; they replace those of
 * the last call. */
void store_shun(struct store *store, char *const *packs, size_t count);

#endif
