/*
 * lib/bundle/dvc_tree.h - a repository of DVC as it stands in one commit, or in its folder outside
 * of git: laid out in a private folder with the content that DVC keeps, and read.
 */
#ifndef BUNDLE_DVC_TREE_H
#define BUNDLE_DVC_TREE_H
#include "bundle/dvc_cache.h"
#include "bundle/exchange.h"
#include "bundle/git_revision.h"

struct dvc_tree {
    char *folder; /* private; removed by dvc_tree_clear */
    char *tree;   /* in it, the files */
    struct dvc_repository dvc;
    struct git_state git; /* found: of the commit */
    size_t submodules;    /* that were left out */
    cJSON *tops;          /* what is at the top, without what DVC brought */
    struct dvc_laid laid;
};

struct dvc_tree_options {
    const char *root;              /* the folder of the repository */
    const struct git_library *git; /* with a repository, where `commit` is given */
    const char *commit;            /* NULL: the folder as it is */
    const char *prefix;            /* of the root from the top of the working tree */
};

/* Lay it out and read it. The caller clears `tree`, also on failure.
 * Errors: MLOPS_INVALID, MLOPS_NOT_FOUND, MLOPS_INTEGRITY, MLOPS_IO as of git_revision_lay,
 * dvc_file_read and dvc_cache_lay. */
int dvc_tree_make(struct mlops_registry *registry, const struct dvc_tree_options *options,
                  struct dvc_tree *tree, struct mlops_error *err);
void dvc_tree_clear(struct dvc_tree *tree);

/* What the tree says, for the project file: code, artifacts (`first` before all, may be NULL),
 * data, params, metrics, environment. `registry` hears of files that say nothing. */
void dvc_tree_describe(const struct mlops_registry *registry, const struct dvc_tree *tree,
                       const char *first, struct foreign *foreign);
/* Data that turned out to be no tables are artifacts. */
void dvc_tree_demote_data(struct foreign *foreign);

#endif
