/*
 * lib/bundle/walk.h - which files a project has: the paths that it names, folders with all that is
 * in them, and what the links among them point at; each once, sorted by bytes.
 *
 * `.git`, `.mlops`, `__pycache__` and `*.pyc` inside folders are left out, and what ignore.h says.
 */
#ifndef BUNDLE_WALK_H
#define BUNDLE_WALK_H
#include "bundle/ignore.h"
#include "bundle/manifest.h"
#include <sys/stat.h>

struct walked {
    struct manifest_file file; /* sizes and digests of files are not filled in */
    struct stat status;        /* as it was when it was found; of files, after walk_finish */
    bool whole;                /* folders: with all that is in them */
    bool dangling;             /* links: nothing that is packaged stands at the other end */
    bool made;                 /* by walk_add_made: not on the disk */
    bool unseen;               /* until walk_finish has looked: no status and mode yet */
};

/* Zeroed but for `root` and `ignore`. */
struct walk {
    const char *root;      /* the project folder; borrowed */
    struct ignore *ignore; /* what is left out of folders, too; borrowed, may be NULL */
    bool is_code;          /* what is added now, so that `.gitignore` holds for it */
    struct walked *items;
    size_t count, capacity;
};

/*
 * Add `path` (normalized), with the folders above it, everything below it and, where links are on
 * the way, those and what they lead to. `*real` (may be NULL) gets the path without links, which
 * the caller frees; `*kind` (may be NULL) what stands there.
 * Errors: MLOPS_NOT_FOUND it does not exist; MLOPS_INVALID a link leads out of the project or round
 * in a circle, a name is not UTF-8 or has control characters, a device, socket or pipe; MLOPS_IO.
 */
int walk_add(struct walk *walk, const char *path, char **real, enum manifest_kind *kind,
             struct mlops_error *err);

/* After the last walk_add: add what links point at, sort, and drop what was added twice.
 * Errors: as walk_add. */
int walk_finish(struct walk *walk, struct mlops_error *err);

/* After walk_finish: a file with permissions 0644 that the caller has the content of. Nothing may
 * stand at `path`, which has no folder in it. */
void walk_add_made(struct walk *walk, const char *path, uint64_t size, const struct digest *digest);

/* The item at `path` or NULL; after walk_finish. */
struct walked *walk_find(const struct walk *walk, const char *path);

/* Are all files still those that were found? Errors: MLOPS_CONFLICT one changed meanwhile. */
int walk_check_unchanged(const struct walk *walk, struct mlops_error *err);

void walk_clear(struct walk *walk);
void manifest_file_clear(struct manifest_file *file);

/* Is `name` one that is left out of folders (`.git`, …)? */
bool walk_leaves_out(const char *name);

#endif
