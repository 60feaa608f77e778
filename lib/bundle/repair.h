/* lib/bundle/repair.h - what is damaged or missing in a registry, taken from copies of it. */
#ifndef BUNDLE_REPAIR_H
#define BUNDLE_REPAIR_H
#include "registry/registry.h"

struct repaired {
    uint64_t objects;   /* parts that were damaged or missing and are there again */
    uint64_t set_aside; /* packs that were damaged */
};

/*
 * Set damaged packs aside after what is sound in them was copied, and look for what bundles miss
 * then in `from`: folders with files, archives, other registries; NULL-terminated.
 * Errors: MLOPS_NOT_FOUND one of `from` is not there; MLOPS_INVALID one is none of these;
 * MLOPS_CONFLICT gc kept changing the store; MLOPS_IO; MLOPS_CANCELLED.
 */
int repair(struct mlops_registry *registry, const char *const *from, struct repaired *repaired,
           struct mlops_error *err);

#endif
