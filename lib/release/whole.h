/* lib/release/whole.h - is all of a bundle still there? */
#ifndef RELEASE_WHOLE_H
#define RELEASE_WHOLE_H
#include "bundle/manifest.h"

/* Are the objects of all files of `version`, whose manifest this is, in the store? By the index:
 * their bytes are not read. Errors: MLOPS_INTEGRITY naming the first file that is missing. */
int whole_check(struct mlops_registry *registry, const struct mlops_version *version,
                const struct manifest *manifest, struct mlops_error *err);

#endif
