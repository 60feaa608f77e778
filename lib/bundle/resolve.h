/*
 * lib/bundle/resolve.h - where a path leads when every link on the way is followed, and whether
 * that is still inside the project. The same walk over a folder on disk and over the list of files
 * in a manifest.
 */
#ifndef BUNDLE_RESOLVE_H
#define BUNDLE_RESOLVE_H
#include "bundle/manifest.h"

/* What stands at `path` (relative, no links on the way to it). `*there` false: nothing. `*target`
 * of a link stays valid until the next call. */
typedef int (*resolve_look)(void *context, const char *path, bool *there, enum manifest_kind *kind,
                            const char **target, struct mlops_error *err);

enum resolve_outcome {
    RESOLVE_FOUND,
    RESOLVE_MISSING, /* `path` is where nothing stands, or a file where a folder must be */
    RESOLVE_OUTSIDE, /* it leads out */
    RESOLVE_CIRCLE,  /* links lead to one another without end */
};

struct resolution {
    enum resolve_outcome outcome;
    char *path; /* without links; "." for the top */
    enum manifest_kind kind;
    char *link, *target; /* the link to blame where it leads out or round in a circle */
};

/* Follow `path`, which may have links and ".." in it, from the top. The caller clears `resolution`.
 * Errors: those of `look`. */
int resolve_path(const char *path, resolve_look look, void *context, struct resolution *resolution,
                 struct mlops_error *err);
void resolution_clear(struct resolution *resolution);

/* Refuse what leads out or round in a circle with `code`; found and missing are fine. */
int resolution_check(const struct resolution *resolution, const char *path, enum mlops_code code,
                     struct mlops_error *err);

#endif
