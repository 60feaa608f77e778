/* lib/base/tree_copy.h - a folder copied with all that is in it, sharing blocks where that goes. */
#ifndef BASE_TREE_COPY_H
#define BASE_TREE_COPY_H
#include "base/util.h"
#include <mlops/error.h>

/*
 * Copy files, folders and symbolic links of the folder `from` into the empty folder `to`, with
 * their modes. `*shared`: every file shares its blocks with its copy until one of them is written
 * (FICLONE of btrfs, xfs and the like). Errors: MLOPS_IO; then `to` has a part.
 */
int tree_copy(const char *from, const char *to, bool *shared, struct mlops_error *err);

/* Copy what is to be read from `from` to the end of `to`, both open files; as above. */
int fd_copy(int from, int to, bool *shared, struct mlops_error *err);

#endif
