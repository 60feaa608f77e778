/*
 * lib/registry/shared.h - registries whose database, and mostly whose objects, are elsewhere.
 *
 * Such a registry has a folder `.mlops` on every machine that uses it, with a file `shared.json`:
 *
 *     {"metadata": "postgresql://mlops@db.example.org/mlops", "objects": "file:///mnt/objects"}
 *
 * `metadata` has no password. `objects` is left out where the registry itself says where they are
 * (`objects` in the table meta); what stands here goes before, for machines that reach them by
 * another path. A path that is not absolute is relative to the folder.
 */
#ifndef REGISTRY_SHARED_H
#define REGISTRY_SHARED_H
#include "registry/handle.h"

struct shared {
    char *metadata; /* NULL: the registry is not shared */
    char *objects;  /* NULL: as the database says */
};
void shared_clear(struct shared *shared);

/* What `folder` says; zeroed where it has no such file. Errors: MLOPS_INTEGRITY damaged. */
int shared_read(const char *folder, struct shared *shared, struct mlops_error *err);
int shared_write(const char *folder, const struct shared *shared, struct mlops_error *err);

/* The folder of this user for the registry at `url`, made where it is missing: for commands that
 * name a registry by its URL. The caller frees. */
int shared_enter(const char *url, char **folder, struct mlops_error *err);

/*
 * Where objects are, from what a user or a database says, as a path or a URL that the store takes:
 * "file:///srv/objects" and "objects" become absolute paths. The caller frees.
 * Errors: MLOPS_INVALID a URL of a kind that is not known.
 */
int shared_objects_place(const char *folder, const char *objects, char **place,
                         struct mlops_error *err);

#endif
