/* lib/bundle/git_changes.h - in what the files of a project differ from the commit. */
#ifndef BUNDLE_GIT_CHANGES_H
#define BUNDLE_GIT_CHANGES_H
#include "bundle/git.h"
#include "bundle/git_library.h"

/* Fill in what `state` says of dirtiness, changes, patch and submodules of the project
 * `directory`. */
int git_changes_read(const struct git_library *git, const char *directory, struct ignore *ignore,
                     struct git_state *state, struct mlops_error *err);

/* Names in git are bytes; in a manifest they are text (git.c). The caller frees. */
char *git_as_text(const char *name);

/* Fill in `state->remote`. */
void git_read_remote(const struct git_library *git, struct git_state *state);

#endif
