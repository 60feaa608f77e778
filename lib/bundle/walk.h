/*
 * lib/bundle/walk.h - which files a project has: the paths that it names, folders with all that is
 * in them, each once, sorted by bytes.
 */
#ifndef BUNDLE_WALK_H
#define BUNDLE_WALK_H
#include "bundle/manifest.h"

struct file_list {
    struct manifest_file *items; /* sizes and digests of files are not filled in */
    size_t count, capacity;
};

/*
 * Add `path` (normalized; a folder with everything below it, and the folders above it) of the
 * project folder `root`. `.git`, `.mlops`, `__pycache__` and `*.pyc` inside folders are left out.
 * Errors: MLOPS_NOT_FOUND it does not exist; MLOPS_INVALID a link or a folder on the way leads out
 * of the project, a name that is not UTF-8, a device, socket or pipe; MLOPS_IO.
 */
int walk_add(struct file_list *list, const char *root, const char *path, struct mlops_error *err);

/* Sort, and drop what was added twice. */
void walk_finish(struct file_list *list);
void file_list_clear(struct file_list *list);
void manifest_file_clear(struct manifest_file *file);

#endif
