/*
 * lib/bundle/git_library.h - libgit2, loaded when it is asked for, and the repository around a
 * folder. For those files alone that speak to git: they see git2.h by this one.
 */
#ifndef BUNDLE_GIT_LIBRARY_H
#define BUNDLE_GIT_LIBRARY_H
#include "base/dynload.h"
#include <git2.h>

#define GIT_FUNCTIONS(X)                                                                           \
    X(git_libgit2_init)                                                                            \
    X(git_libgit2_opts)                                                                            \
    X(git_libgit2_shutdown)                                                                        \
    X(git_error_last)                                                                              \
    X(git_repository_open_ext)                                                                     \
    X(git_repository_free)                                                                         \
    X(git_repository_head)                                                                         \
    X(git_repository_head_detached)                                                                \
    X(git_repository_workdir)                                                                      \
    X(git_repository_index)                                                                        \
    X(git_index_get_bypath)                                                                        \
    X(git_index_find_prefix)                                                                       \
    X(git_index_free)                                                                              \
    X(git_reference_free)                                                                          \
    X(git_reference_shorthand)                                                                     \
    X(git_reference_target)                                                                        \
    X(git_reference_peel)                                                                          \
    X(git_object_free)                                                                             \
    X(git_commit_author)                                                                           \
    X(git_object_lookup)                                                                           \
    X(git_object_type)                                                                             \
    X(git_object_peel)                                                                             \
    X(git_object_id)                                                                               \
    X(git_oid_fromstr)                                                                             \
    X(git_tag_foreach)                                                                             \
    X(git_tag_tagger)                                                                              \
    X(git_tag_message)                                                                             \
    X(git_revparse_single)                                                                         \
    X(git_tree_walk)                                                                               \
    X(git_tree_entry_name)                                                                         \
    X(git_tree_entry_id)                                                                           \
    X(git_tree_entry_filemode)                                                                     \
    X(git_tree_entry_bypath)                                                                       \
    X(git_tree_entry_free)                                                                         \
    X(git_blob_rawcontent)                                                                         \
    X(git_blob_rawsize)                                                                            \
    X(git_commit_tree)                                                                             \
    X(git_tree_free)                                                                               \
    X(git_oid_tostr)                                                                               \
    X(git_repository_config_snapshot)                                                              \
    X(git_config_get_string)                                                                       \
    X(git_config_free)                                                                             \
    X(git_status_list_new)                                                                         \
    X(git_status_list_entrycount)                                                                  \
    X(git_status_byindex)                                                                          \
    X(git_status_list_free)                                                                        \
    X(git_diff_options_init)                                                                       \
    X(git_diff_tree_to_workdir_with_index)                                                         \
    X(git_diff_print)                                                                              \
    X(git_diff_free)                                                                               \
    X(git_submodule_foreach)                                                                       \
    X(git_submodule_path)                                                                          \
    X(git_submodule_head_id)                                                                       \
    X(git_submodule_wd_id)                                                                         \
    X(git_submodule_status)

struct git_api {
    GIT_FUNCTIONS(DYNLOAD_MEMBER)
};

/* Zeroed is closed. */
struct git_library {
    struct git_api api;
    git_repository *repository; /* NULL: the folder is in none */
    bool started;
};

/* Load libgit2 and open the repository around `directory`; where there is none it is not loaded, and
 * `git->repository` is NULL. git_close on success and on failure.
 * Errors: MLOPS_NOT_FOUND there is no libgit2; MLOPS_IO it does not open the repository. */
int git_open(const char *directory, struct git_library *git, struct mlops_error *err);
void git_close(struct git_library *git);

/* Fail with what libgit2 said last. */
int git_failed(const struct git_library *git, struct mlops_error *err, const char *what);

/* Is `path` (from the top of the working tree), or something below it, in the index? */
bool git_tracks(const struct git_library *git, const char *path, bool is_folder);

#endif
