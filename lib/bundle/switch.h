/*
 * lib/bundle/switch.h - a folder that was checked out before: is it still what it was, and how it
 * becomes another version.
 */
#ifndef BUNDLE_SWITCH_H
#define BUNDLE_SWITCH_H
#include "bundle/layout.h"
#include "bundle/stat_cache.h"
#include <mlops/bundle.h>

/* A folder that mlops has laid out. */
struct earlier {
    char *directory; /* without links */
    struct mlops_version version;
    struct manifest manifest;
    struct stat_cache *memory; /* what its files looked like */
    struct stat *looks;        /* what they look like now; one more for the folder itself */
};

/* Was `directory` checked out from this registry, which still has that bundle? `*earlier` is filled
 * in and cleared by the caller in any case. Errors: MLOPS_IO. */
int earlier_find(struct mlops_registry *registry, const char *directory, struct earlier *earlier,
                 bool *found, struct mlops_error *err);
void earlier_clear(struct earlier *earlier);

/* Is everything in it as it was laid out, and nothing else? Files that do not look as they did are
 * read. Errors: MLOPS_INVALID it was changed, naming the first place; MLOPS_IO. */
int earlier_check(struct earlier *earlier, struct mlops_error *err);

/* Lay `manifest` out beside it, taking over what is the same (unless `force`: then nothing is
 * known of the old files), and exchange the two. */
int earlier_switch(struct mlops_registry *registry, struct earlier *earlier,
                   const struct manifest *manifest, bool force, struct layout_moved *moved,
                   struct mlops_error *err);

/* Remember that `directory` has just become a checkout of `bundle`. Best effort: without it the
 * folder is one of somebody else the next time, and the observer is told. */
void earlier_remember(struct mlops_registry *registry, const char *directory, const char *bundle,
                      const struct manifest *manifest);

#endif
