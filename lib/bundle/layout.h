/*
 * lib/bundle/layout.h - a manifest's files written into a folder, from the store or from an earlier
 * checkout.
 */
#ifndef BUNDLE_LAYOUT_H
#define BUNDLE_LAYOUT_H
#include "bundle/manifest.h"

/* An earlier checkout that parts can be taken from. */
struct old_layout {
    const char *directory;
    const struct manifest *manifest;
    bool stays; /* it lives on: nothing may be shared with it, content is copied and verified */
};

/* What was moved. */
struct layout_moved {
    uint64_t kept_files, kept_bytes, stored_bytes;
};

/*
 * Make folders (open to us alone, until layout_close), links and files in `directory`, which is
 * empty. A file that `old` (may be NULL) has, with the same mode, becomes another name of it; so
 * `old` must have been compared with its manifest before, and must go afterwards; or it `stays`.
 */
int layout_fill(struct mlops_registry *registry, const struct manifest *manifest,
                const char *directory, const struct old_layout *old, struct layout_moved *moved,
                struct mlops_error *err);

/* Give the folders their modes, deepest first: one that is closed to writing closes behind its
 * content. */
int layout_close(const struct manifest *manifest, const char *directory, struct mlops_error *err);

#endif
