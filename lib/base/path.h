/* lib/base/path.h - paths as text: joining, and what may stand in a bundle. */
#ifndef BASE_PATH_H
#define BASE_PATH_H
#include "base/util.h"

/* "a/b" from "a" and "b", one slash between; `name` absolute gives `name`. The caller frees. */
char *path_join(const char *folder, const char *name);

/* The last component; points into `path`. "a/b/" gives "b/". */
const char *path_base(const char *path);

/* Everything before the last component, "." where there is none. The caller frees. */
char *path_parent(const char *path);

/* Errors: MLOPS_INVALID longer than 4,096 bytes, which no manifest takes. */
int path_check_length(const char *path, struct mlops_error *err);

/*
 * Bring a relative path into the form that a manifest has: no leading "./", no "//", no trailing
 * slash, no "." component. `*out` is "." for the folder itself; the caller frees it.
 * Errors: MLOPS_INVALID empty, absolute, with "..", with control characters, not UTF-8, longer
 * than 4,096 bytes.
 */
int path_normalize(const char *path, char **out, struct mlops_error *err);

/*
 * Does a symbolic link at relative `link_path` with content `target` stay inside the folder that
 * `link_path` is relative to? Judged as text: absolute targets and those that climb out do not.
 */
bool path_link_stays_inside(const char *link_path, const char *target);

/* Is it well-formed UTF-8 (no overlong forms, no surrogates)? */
bool utf8_valid(const char *text, size_t length);

#endif
