/*
 * lib/trial/layer.h - a folder in which one suite writes, over a checkout that all suites share and
 * none can change: an overlay in a mount namespace of its own (Linux 5.11, also without rights).
 *
 * The namespace has no process in it and lives by three descriptors, so that it goes with us,
 * however we end. We reach the merged folder by `tree`, processes that layer_enter it by its path.
 */
#ifndef TRIAL_LAYER_H
#define TRIAL_LAYER_H
#include "base/util.h"
#include <mlops/error.h>

/* In the folder of a suite. */
#define LAYER_TREE "bundle"   /* the merged folder, for those within */
#define LAYER_WRITTEN "upper" /* what the suite wrote */

struct layer {
    int tree;  /* the merged folder; -1: there is no layer */
    int mount; /* namespaces; `user` is -1 where ours will do */
    int user;
};
#define LAYER_NONE ((struct layer){-1, -1, -1})

/*
 * Lay an empty layer over the folder `lower`; what belongs to it is made in `folder`, which is
 * beside the parent of `lower`: FOLDER/../NAME/bundle is `lower`, and neither name has a colon or a
 * comma. The caller closes it, before it removes `folder`.
 * Errors: MLOPS_IO this kernel, this user or this file system has no such layers, and nothing but
 * empty folders was made.
 */
int layer_make(const char *lower, const char *folder, struct layer *layer, struct mlops_error *err);
void layer_close(struct layer *layer);

/* Move this process, which has one thread, into it: only what is async-signal-safe is called. False
 * with errno. The working folder is / then. */
bool layer_enter(const struct layer *layer);

#endif
