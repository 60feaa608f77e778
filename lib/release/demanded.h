/* lib/release/demanded.h - the signature that a version must have to go live somewhere. */
#ifndef RELEASE_DEMANDED_H
#define RELEASE_DEMANDED_H
#include "bundle/manifest.h"

/*
 * Does `version` have the signature that the policy in force demands for `stage`, by a key that is
 * trusted now? Where `stage` is "", what the last stage demands that demands any. `*signature` says
 * who signed, or is NULL where none is demanded; the caller frees it.
 * Errors: MLOPS_INTEGRITY it has not, or the log is damaged.
 */
int demanded_signature(struct mlops_registry *registry, const struct mlops_version *version,
                       const struct manifest *manifest, const char *stage, char **signature,
                       struct mlops_error *err);

#endif
