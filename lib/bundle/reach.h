/*
 * lib/bundle/reach.h - what a bundle needs of the store, and that it is still there when the bundle
 * becomes known: the writers' half of the agreement with gc (docs/store.md, "Garbage").
 */
#ifndef BUNDLE_REACH_H
#define BUNDLE_REACH_H
#include "registry/bundle.h"
#include "registry/registry.h"
#include "store/visit.h"

/* How often a bundle is made again where gc took away what it was to consist of. */
#define REACH_ATTEMPTS 8

enum reach {
    REACH_PARTS = 0,
    REACH_BASES = 1,         /* what the parts are deltas of, too */
    REACH_WITHOUT_FILES = 2, /* of a version whose files were released */
};

/* Visit everything that bundle `id` needs: manifest, files, profiles. `how`: of enum reach, or-ed.
 * Errors: MLOPS_INTEGRITY, also where it is not there; MLOPS_IO. */
int reach_visit(struct store *store, struct visitor *visitor, const char *id, unsigned how,
                visitor_each each, void *context, struct mlops_error *err);

/*
 * In the transaction that makes bundle `id` known: save what it needs from gc. `round` is that of
 * condemned_round before the store was looked at. `*gone`: gc was faster; the transaction must not
 * be committed, and the bundle be made again.
 */
int reach_save(struct transaction *tx, struct mlops_registry *registry, const char *id,
               uint64_t round, bool *gone, struct mlops_error *err);

/* As reach_visit, for the objects that evidence about the bundle of `row` keeps. */
int reach_visit_kept(struct visitor *visitor, const struct bundle_row *row,
                     unsigned how, visitor_each each, void *context, struct mlops_error *err);

/* As reach_save, in the transaction that makes `count` objects known for themselves. */
int reach_save_objects(struct transaction *tx, struct mlops_registry *registry,
                       const struct digest *digests, size_t count, uint64_t round, bool *gone,
                       struct mlops_error *err);

/* The MLOPS_CONFLICT error of a bundle that could not be made before gc took parts of it away. */
int reach_fail(struct mlops_error *err);

#endif
