/* lib/bundle/git.h - what git says about a project folder. libgit2 is loaded when asked for. */
#ifndef BUNDLE_GIT_H
#define BUNDLE_GIT_H
#include "base/util.h"
#include <mlops/registry.h>

struct git_state {
    bool found;   /* false: not in a git repository, or libgit2 is not there (then it warned) */
    char *commit; /* 40 hexadecimal digits; NULL before the first commit */
    char *branch; /* NULL on a detached HEAD */
    char *remote; /* URL of `origin` without credentials; NULL without one */
    bool dirty;   /* something below the folder differs from the commit */
};

/* Look at the repository around `directory`. Errors: MLOPS_IO the repository cannot be read. */
int git_capture(const struct mlops_registry *registry, const char *directory,
                struct git_state *state, struct mlops_error *err);
void git_state_clear(struct git_state *state);

/* `url` without user name and password: "https://u:p@host/x" gives "https://host/x"; "git@host:x"
 * stays, for its user name is no secret. The caller frees. */
char *git_strip_credentials(const char *url);

#endif
