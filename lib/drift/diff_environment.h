/* lib/drift/diff_environment.h - which packages of two versions' environments differ. */
#ifndef DRIFT_DIFF_ENVIRONMENT_H
#define DRIFT_DIFF_ENVIRONMENT_H
#include "bundle/manifest.h"

/* A version, as far as its environment goes. */
struct diff_side {
    const struct manifest *manifest;
    const char *bundle; /* its id */
};

/*
 * Push an object for each package that differs onto `array`: kind, name, status ("added",
 * "removed", "version", "build"), from, to. As 'mlops env diff' has them, but that a version
 * without an environment has no packages. Nothing where the files of one were released, or its lock
 * file is of no format that is known: then the file is all that can be compared. Errors:
 * MLOPS_INVALID; MLOPS_INTEGRITY; MLOPS_IO.
 */
int diff_environments(struct mlops_registry *registry, const struct diff_side *from,
                      const struct diff_side *to, cJSON *array, struct mlops_error *err);

#endif
