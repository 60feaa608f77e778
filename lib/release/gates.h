/*
 * lib/release/gates.h - what must be true of a version before a stage takes it.
 */
#ifndef RELEASE_GATES_H
#define RELEASE_GATES_H
#include "bundle/manifest.h"
#include <mlops/release.h>

/* Judge every gate on recorded evidence and add the results to `promotion`. `*passed` false where
 * any refuses. */
int gates_judge(struct mlops_registry *registry, const struct mlops_version *version,
                const struct manifest *manifest, struct mlops_promotion *promotion, bool *passed,
                struct mlops_error *err);

#endif
