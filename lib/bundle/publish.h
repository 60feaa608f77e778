/* lib/bundle/publish.h - a bundle whose objects were gathered becomes known. */
#ifndef BUNDLE_PUBLISH_H
#define BUNDLE_PUBLISH_H
#include "registry/registry.h"
#include "store/store.h"
#include <mlops/bundle.h>

/*
 * Publish what `writer`, which is used up, has gathered, and record the bundle of `package`, whose
 * model, id, files and bytes are set; register it, too, where `registers` says so; `manifest` is its
 * text, or NULL. Objects first, durably; only then the row that makes them reachable. `round` is that of condemned_round before
 * the store was looked at. `*gone`: gc took parts away meanwhile; nothing is known, and the bundle
 * is to be made again.
 */
int bundle_publish(struct mlops_registry *registry, struct store_writer *writer, uint64_t round,
                   bool registers, const struct buffer *manifest, struct mlops_package *package,
                   bool *gone, struct mlops_error *err);

#endif
