/*
 * lib/bundle/dvc_cache.h - the content that DVC keeps, out of its cache, verified by MD5.
 *
 * An object is FILES/md5/ab/cdef…, or ab/cdef… in a cache of before DVC 3. What the cache lacks is
 * taken from the working folder where that has it.
 */
#ifndef BUNDLE_DVC_CACHE_H
#define BUNDLE_DVC_CACHE_H
#include "bundle/dvc_file.h"

/* The folder of the cache of the repository at `root`; the caller frees. It need not be there.
 * Errors: MLOPS_INVALID, MLOPS_IO its configuration cannot be read. */
int dvc_cache_find(const char *root, char **cache, struct mlops_error *err);

/* What became of the outs; arrays of texts that the caller makes and deletes. */
struct dvc_laid {
    cJSON *missing;  /* "data/train.csv (md5 …)": nobody has it */
    cJSON *differs;  /* paths that the tree has already, with other content than was noted */
    cJSON *external; /* paths and URLs outside of the repository */
};

/*
 * Write the outs of `dvc` into the folder `tree`, in which no links are. `root` is the working
 * folder. A file that is in the tree already stays, and is compared.
 * Errors: MLOPS_INTEGRITY an object of the cache is damaged (named); MLOPS_INVALID a folder's list
 * is malformed, or a path cannot be in a bundle; MLOPS_IO.
 */
int dvc_cache_lay(const char *cache, const char *root, const struct dvc_repository *dvc,
                  const char *tree, const struct dvc_laid *laid, struct mlops_error *err);

#endif
