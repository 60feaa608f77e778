/* lib/trial/workspace.h - a private folder with a fresh checkout, gone afterwards. */
#ifndef TRIAL_WORKSPACE_H
#define TRIAL_WORKSPACE_H
#include "bundle/manifest.h"

struct workspace {
    char *folder; /* NULL: none */
    char *tree;   /* the checkout inside it; absolute */
};

/* Lay `manifest` out anew; where it is NULL, there is the folder alone. Also removes what runs left behind that were killed. */
int workspace_make(struct mlops_registry *registry, const struct manifest *manifest,
                   struct workspace *workspace, struct mlops_error *err);
/* Remove it with all that was written into it; zeroed memory is fine. */
void workspace_remove(struct workspace *workspace);

#endif
