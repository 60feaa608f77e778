/*
 * lib/bundle/git_revision.h - commits of a git repository that are not checked out: which there
 * are, and their files laid out in a folder. The working tree is not touched.
 */
#ifndef BUNDLE_GIT_REVISION_H
#define BUNDLE_GIT_REVISION_H
#include "bundle/git.h"
#include "bundle/git_library.h"
#include "bundle/gto.h"

#define GTO_TAGS_MAX 10000            /* that are read */
#define GIT_REVISION_FILES_MAX 500000 /* of a commit */

struct gto_tags {
    struct gto_tag *items;
    size_t count, capacity;
    size_t light; /* that bear such a name, and are not annotated */
};

/* The annotated tags whose names `wanted` takes. The caller clears `tags`.
 * Errors: MLOPS_INVALID more than GTO_TAGS_MAX; MLOPS_IO. */
int gto_tags_read(const struct git_library *git, bool (*wanted)(const char *name),
                  struct gto_tags *tags, struct mlops_error *err);
void gto_tags_clear(struct gto_tags *tags);

/* The commit that `revision` ("HEAD", a branch, a tag) names, 40 digits. The caller frees it.
 * Errors: MLOPS_NOT_FOUND. */
int git_revision_find(const struct git_library *git, const char *revision, char **commit,
                      struct mlops_error *err);

/* What git says of the commit, as if it were checked out and clean. The caller clears `state`. */
int git_revision_describe(const struct git_library *git, const char *commit,
                          struct git_state *state, struct mlops_error *err);

/* `directory` from the top of the working tree, "" for that; the caller frees it.
 * Errors: MLOPS_INVALID the repository has no working tree. */
int git_revision_prefix(const struct git_library *git, const char *directory, char **prefix,
                        struct mlops_error *err);

/* A symbolic link that is still to be made. */
struct git_link {
    char *path, *target;
};
struct git_links {
    struct git_link *items;
    size_t count, capacity;
};
void git_links_clear(struct git_links *links);

/*
 * Write the files that `commit` has below `prefix` ("" for all) into the folder `tree`, which is
 * there and empty. Links come back in `links`, which the caller clears, and makes last: so nothing
 * is ever written through one. Submodules are left out; `*submodules` counts them.
 * Errors: MLOPS_NOT_FOUND no such folder in the commit; MLOPS_INVALID a path that no bundle can
 * have, or too many files; MLOPS_IO.
 */
int git_revision_lay(const struct git_library *git, const char *commit, const char *prefix,
                     const char *tree, struct git_links *links, size_t *submodules,
                     struct mlops_error *err);

#endif
