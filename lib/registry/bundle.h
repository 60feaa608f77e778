/* lib/registry/bundle.h - every bundle that a registry knows of, registered or not. */
#ifndef REGISTRY_BUNDLE_H
#define REGISTRY_BUNDLE_H
#include "base/util.h"
#include <mlops/registry.h>

struct bundle_row {
    char id[MLOPS_BUNDLE_ID_SIZE];
    char model[MLOPS_NAME_MAX + 1];
    uint64_t files, bytes;
    int64_t created_ns;
    uint64_t version; /* 0: not registered */
};

struct bundle_list {
    struct bundle_row *items;
    size_t count;
};

/* By model, then id. The caller clears `list`. */
int registry_bundles(struct mlops_registry *registry, struct bundle_list *list,
                     struct mlops_error *err);
void bundle_list_clear(struct bundle_list *list);

#endif
