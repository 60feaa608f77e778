/* lib/bundle/git.h - what git says about a project folder. libgit2 is loaded when asked for. */
#ifndef BUNDLE_GIT_H
#define BUNDLE_GIT_H
#include "base/util.h"
#include <mlops/registry.h>

struct git_state {
    bool found;   /* false: not in a git repository, or it could not be read */
    char *commit; /* 40 hexadecimal digits; NULL before the first commit */
    char *branch; /* NULL on a detached HEAD */
    char *remote; /* URL of `origin` without credentials; NULL without one */
    bool dirty;   /* something below the folder differs from the commit, or is not in it */
};

/* Look at the repository around `directory`. Provenance that cannot be read, because libgit2 is not
 * installed or does not know an extension of the repository, keeps nobody from packaging: the
 * observer is warned, and `state->found` is false. The caller clears `state`. */
void git_capture(const struct mlops_registry *registry, const char *directory,
                 struct git_state *state);
void git_state_clear(struct git_state *state);

/* `url` without user name, password and query: "https://u:p@host/x?token=y" gives
 * "https://host/x"; "git@host:x" stays, for its user name is no secret. The caller frees. */
char *git_strip_credentials(const char *url);

#endif
