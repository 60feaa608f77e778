/* lib/bundle/git_library.c - libgit2 loaded, a repository opened. */
#include "bundle/git_library.h"
#include "base/file.h"
#include "base/path.h"
#include <limits.h>

#define SYMBOL(function) {#function, offsetof(struct git_api, function)},
static const struct dynload_symbol symbols[] = {GIT_FUNCTIONS(SYMBOL)};
/* The libraries that Debian and its children have had; the functions are in all of them. */
static const char *const sonames[] = {"libgit2.so.1.5", "libgit2.so",     "libgit2.so.1.7",
                                      "libgit2.so.1.8", "libgit2.so.1.9", NULL};

int git_failed(const struct git_library *git, struct mlops_error *err, const char *what)
{
    const git_error *error = git->api.git_error_last();
    return mlops_fail(err, MLOPS_IO, "git: %s: %s", what,
                      error && error->message ? error->message : "no reason given");
}

/* May `directory` be in a repository: has it, or a folder above, what libgit2 looks for there? */
static bool is_in_repository(const char *directory)
{
    char folder[PATH_MAX];
    if (!realpath(directory, folder))
        return true; /* libgit2 says why not */
    for (;;) {
        _cleanup_(free_string) char *git = path_join(folder, ".git");
        _cleanup_(free_string) char *head = path_join(folder, "HEAD"); /* of a bare one */
        if (path_exists(git) || path_exists(head))
            return true;
        char *slash = strrchr(folder, '/');
        if (!slash[1])
            return false; /* the root */
        slash[slash == folder] = '\0';
    }
}

int git_open(const char *directory, struct git_library *git, struct mlops_error *err)
{
    *git = (struct git_library){0};
    if (!is_in_repository(directory))
        return MLOPS_OK; /* libgit2 reads the certificates of the system when it starts */
    TRY(dynload_open(sonames, "libgit2-1.5", symbols, ARRAY_LENGTH(symbols), &git->api, err));
    if (git->api.git_libgit2_init() < 0)
        return git_failed(git, err, "start libgit2");
    git->started = true;
    /* We only read, and CI often runs as another user than the one who cloned. */
    (void)git->api.git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    int code = git->api.git_repository_open_ext(&git->repository, directory, 0, NULL);
    if (code < 0 && code != GIT_ENOTFOUND)
        return git_failed(git, err, "open the repository");
    return MLOPS_OK;
}

void git_close(struct git_library *git)
{
    if (git->repository)
        git->api.git_repository_free(git->repository);
    if (git->started)
        (void)git->api.git_libgit2_shutdown(); /* gives back how often it was started */
    *git = (struct git_library){0};
}

bool git_tracks(const struct git_library *git, const char *path, bool is_folder)
{
    git_index *index = NULL;
    size_t position;
    if (!git->repository || git->api.git_repository_index(&index, git->repository) < 0)
        return false; /* whoever captures the state says why */
    bool found = git->api.git_index_get_bypath(index, path, 0) != NULL;
    if (!found && is_folder) {
        _cleanup_(free_string) char *inside = xprintf("%s/", path);
        found = git->api.git_index_find_prefix(&position, index, inside) == 0;
    }
    git->api.git_index_free(index);
    return found;
}
