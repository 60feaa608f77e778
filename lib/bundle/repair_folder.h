/* lib/bundle/repair_folder.h - files that are missed, looked for in a folder. */
#ifndef BUNDLE_REPAIR_FOLDER_H
#define BUNDLE_REPAIR_FOLDER_H
#include "store/store.h"

/* A file that is missed, or misses something. */
struct missed_file {
    struct digest digest;
    uint64_t size;
};

/* Store those of `files` (sorted by size) that are anywhere in the folder `path`, under whatever
 * name. Links are not followed. Errors: MLOPS_IO; MLOPS_CANCELLED. */
int repair_from_folder(struct store *store, const struct mlops_observer *observer, const char *path,
                       const struct missed_file *files, size_t count, struct mlops_error *err);

#endif
