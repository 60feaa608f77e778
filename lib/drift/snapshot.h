/* lib/drift/snapshot.h - the reference: a snapshot of a version, its profile and its rows. */
#ifndef DRIFT_SNAPSHOT_H
#define DRIFT_SNAPSHOT_H
#include "bundle/manifest.h"
#include "stats/profile.h"

/* The one called `name`, or for NULL the one with the role `reference`, or the only one.
 * Errors: MLOPS_NOT_FOUND, MLOPS_INVALID; the hint names those that there are. */
int snapshot_choose(const struct manifest *manifest, const char *name,
                    const struct manifest_data **data, struct mlops_error *err);

/* The profile that was made when it was packaged. The caller frees it. */
int snapshot_profile(struct mlops_registry *registry, const struct manifest_data *data,
                     struct profile **profile, struct mlops_error *err);

/* Its rows, laid out in a private folder and opened with the types of its profile; `*folder` is to
 * be removed with the reader's end, also after an error. Errors: MLOPS_NOT_FOUND the bundle does
 * not have them (`copy: false`, or released); those of store_restore_files and table_open. */
int snapshot_open(struct mlops_registry *registry, const struct manifest *manifest,
                  const struct manifest_data *data, const struct profile *profile, char **folder,
                  struct table_reader **reader, struct mlops_error *err);

#endif
