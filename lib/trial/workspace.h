/*
 * lib/trial/workspace.h - a private folder with the bundle in it for one suite to work in, gone
 * afterwards: a layer over a checkout that it shares (trial/checkout.h), or one of its own.
 */
#ifndef TRIAL_WORKSPACE_H
#define TRIAL_WORKSPACE_H
#include "bundle/manifest.h"
#include "trial/layer.h"

struct checkout;

struct workspace {
    char *folder;       /* NULL: none */
    char *tree;         /* the bundle's files, as we reach them */
    char *place;        /* the same, as those do who have entered the layer */
    char *written;      /* the folder that grows as the suite writes: its layer, or the tree */
    struct layer layer; /* LAYER_NONE: the tree is an ordinary folder inside `folder` */
};

/* Lay `manifest` out anew; where it is NULL, there is the folder alone. Also removes what runs left
 * behind that were killed. */
int workspace_make(struct mlops_registry *registry, const struct manifest *manifest,
                   struct workspace *workspace, struct mlops_error *err);

/* The files of `checkout`, for the suite to do with as it likes: what it changes, the checkout
 * does not. The way is checkout->kind. */
int workspace_make_over(const struct checkout *checkout, struct workspace *workspace,
                        struct mlops_error *err);

/* Remove it with all that was written into it; zeroed memory is fine where it has no layer. */
void workspace_remove(struct workspace *workspace);

/*
 * Open the file `name` that a suite left in its tree; -1 with errno where there is none, EXDEV
 * where its name leads out of the tree, EISDIR where it is no regular file. Nothing may run in it.
 */
int workspace_open(const char *tree, const char *name);

#endif
