/* lib/bundle/git.h - what git says about a project folder. libgit2 is loaded when asked for. */
#ifndef BUNDLE_GIT_H
#define BUNDLE_GIT_H
#include "base/buffer.h"
#include <cjson/cJSON.h>
#include <mlops/registry.h>

#define GIT_CHANGES_MAX 1000 /* that are named */

/* A file that is not as the commit has it. */
struct git_change {
    char *path;         /* from the project folder */
    const char *status; /* "added", "modified", "deleted", "untracked" */
};

/* A repository in the repository, below the project folder. */
struct git_submodule_state {
    char *path;
    char *commit; /* that is checked out, else that is recorded; NULL where there is none */
    bool dirty;   /* another commit is checked out than is recorded, or files differ from it */
};

struct ignore;

struct git_state {
    bool found;   /* false: not in a git repository, or it could not be read */
    char *commit; /* 40 hexadecimal digits; NULL before the first commit */
    char *author; /* of the commit, "Name <address>"; NULL before the first */
    char *branch; /* NULL on a detached HEAD */
    char *remote; /* URL of `origin` without credentials; NULL without one */
    bool dirty;   /* something below the folder differs from the commit, or is not in it */
    struct git_change *changes; /* what; sorted by path, GIT_CHANGES_MAX at most */
    size_t change_count, change_capacity;
    size_t change_total;
    struct buffer patch; /* of files that git tracks, as 'git diff HEAD' has it; empty where it is
                            longer than MANIFEST_PATCH_MAX */
    struct git_submodule_state *submodules; /* sorted by path */
    size_t submodule_count, submodule_capacity;
};

/* Look at the repository around `directory`; what `ignore` (may be NULL) leaves out everywhere does
 * not make it dirty. Provenance that cannot be read, because libgit2 is not installed or does not
 * know an extension of the repository, keeps nobody from packaging: the observer is warned, and
 * `state->found` is false. The caller clears `state`. */
void git_capture(const struct mlops_registry *registry, const char *directory,
                 struct ignore *ignore, struct git_state *state);
void git_state_clear(struct git_state *state);
/* Of a clean commit: what has no changes, patch or submodules. */
void git_state_copy(const struct git_state *from, struct git_state *to);

/* The member "git" of a manifest's "code": null, or an object (docs/manifest.md). */
cJSON *git_describe(const struct git_state *state);

/* Nothing may differ from a commit. Errors: MLOPS_REFUSED with the names of what does. */
int git_require_clean(const struct git_state *state, struct mlops_error *err);

/* `url` without user name, password and query: "https://u:p@host/x?token=y" gives
 * "https://host/x"; "git@host:x" stays, for its user name is no secret. The caller frees. */
char *git_strip_credentials(const char *url);

#endif
