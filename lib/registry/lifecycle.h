/*
 * lib/registry/lifecycle.h - how versions end: in the trash, from where they can come back until gc
 * purges it; or retired, out of use for ever, their files released by gc when that is asked for.
 *
 * Rows of the trash stay when it is purged, so that numbers are never used twice and the audit log
 * can be held against them; only the bundle's objects go.
 */
#ifndef REGISTRY_LIFECYCLE_H
#define REGISTRY_LIFECYCLE_H
#include "registry/registry.h"

/* What gc was asked to let go. */
struct lifecycle_due {
    int64_t deleted_ns; /* of versions that were deleted, and packaged, before this time */
    int64_t retired_ns; /* files of those that were retired before; INT64_MIN: none */
};

struct lifecycle_count {
    uint64_t purged, released;
};

/* How many would go. */
int lifecycle_count_due(struct mlops_registry *registry, const struct lifecycle_due *due,
                        struct lifecycle_count *count, struct mlops_error *err);

/* Let go in one transaction, each with its log entry: gc removes what is then needed no more. */
int lifecycle_let_go(struct mlops_registry *registry, const struct lifecycle_due *due,
                     struct lifecycle_count *count, struct mlops_error *err);

/* Where the bundle was purged or its files released: it is whole again. */
int lifecycle_bring_back(struct transaction *tx, const char *bundle, struct mlops_error *err);

/* Is a version of this bundle in the trash? Then say so. Errors: MLOPS_CONFLICT. */
int trash_check_bundle(struct db *db, const char *bundle, struct mlops_error *err);
/* It will be asked (db_foresee). */
void trash_foresee(struct db *db, const char *bundle);

/* After it is known that `model` has no version `number`: where it is in the trash, or was, the
 * error says that; `*said` tells. */
int trash_explain(struct db *db, const char *model, uint64_t number, bool *said,
                  struct mlops_error *err);

#endif
