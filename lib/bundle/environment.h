/*
 * lib/bundle/environment.h - the environment of a bundle: read while it is packaged, written into
 * the manifest, and read back out of the store.
 */
#ifndef BUNDLE_ENVIRONMENT_H
#define BUNDLE_ENVIRONMENT_H
#include "bundle/walk.h"
#include "environment/capture.h"
#include <mlops/registry.h>

/*
 * Read the lock file `path` of the project, which stands at `real` without links; what it includes
 * is packaged with it (before walk_finish). The caller clears `lock`.
 * Errors: MLOPS_INVALID it is malformed; MLOPS_NOT_FOUND what it includes is not there.
 */
int environment_collect(struct walk *walk, const char *path, const char *real, struct lock *lock,
                        struct mlops_error *err);

/* The members of the manifest's `environment` that the lock says (docs/manifest.md). */
void environment_describe(const struct lock *lock, cJSON *environment);

/* What is not pinned: the array `environment.unpinned` of a manifest, empty where all is; NULL
 * where the bundle has no environment, or one of which nothing is known. For policies. */
const cJSON *environment_unpinned(const struct manifest *manifest);

/* The environment of a version, with what it was read from. */
struct bundle_environment {
    struct mlops_version version;
    struct manifest manifest;
    struct lock lock; /* of the lock file; of the captured one where there is no other */
    bool is_captured; /* `captured` is filled in */
    struct captured captured;
};

/* Errors: MLOPS_NOT_FOUND no such version, or it has no environment; MLOPS_INVALID a lock that this
 * mlops cannot read; MLOPS_INTEGRITY; MLOPS_IO. The caller clears. */
int environment_load(struct mlops_registry *registry, const char *ref,
                     struct bundle_environment *environment, struct mlops_error *err);
void environment_clear(struct bundle_environment *environment);

#endif
