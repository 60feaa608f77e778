/* lib/bundle/git.c - commit, branch, remote and dirtiness through libgit2. */
#include "bundle/git.h"
#include "base/dynload.h"
#include "base/escape.h"
#include "bundle/walk.h"
#include "registry/registry.h"
#include <errno.h>
#include <git2.h>
#include <limits.h>

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
    X(git_reference_free)                                                                          \
    X(git_reference_shorthand)                                                                     \
    X(git_reference_target)                                                                        \
    X(git_oid_tostr)                                                                               \
    X(git_repository_config_snapshot)                                                              \
    X(git_config_get_string)                                                                       \
    X(git_config_free)                                                                             \
    X(git_status_list_new)                                                                         \
    X(git_status_list_entrycount)                                                                  \
    X(git_status_byindex)                                                                          \
    X(git_status_list_free)

struct git_api {
    GIT_FUNCTIONS(DYNLOAD_MEMBER)
};
#define SYMBOL(function) {#function, offsetof(struct git_api, function)},
static const struct dynload_symbol symbols[] = {GIT_FUNCTIONS(SYMBOL)};
/* The libraries that Debian and its children have had; the functions above are in all of them. */
static const char *const sonames[] = {"libgit2.so.1.5", "libgit2.so",     "libgit2.so.1.7",
                                      "libgit2.so.1.8", "libgit2.so.1.9", NULL};

struct capture {
    struct git_api api;
    git_repository *repository;
};

static void capture_close(struct capture *capture)
{
    if (capture->repository)
        capture->api.git_repository_free(capture->repository);
    if (capture->api.git_libgit2_shutdown)
        (void)capture->api.git_libgit2_shutdown(); /* gives back how often it was started */
}

static int git_failed(const struct capture *capture, struct mlops_error *err, const char *what)
{
    const git_error *error = capture->api.git_error_last();
    return mlops_fail(err, MLOPS_IO, "git: %s: %s", what,
                      error && error->message ? error->message : "no reason given");
}

char *git_strip_credentials(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return xstrdup(url);
    host += 3;
    const char *path = host + strcspn(host, "/?#"), *start = host;
    for (const char *c = host; c < path; c++)
        if (*c == '@')
            start = c + 1;
    /* a query may hold a token, and names nothing that git fetches */
    return xprintf("%.*s%.*s", (int)(host - url), url, (int)strcspn(start, "?#"), start);
}

/* Names in git are bytes; in a manifest they are text. */
static char *as_text(const char *name)
{
    return name_is_plain(name) ? xstrdup(name) : escape_name(name);
}

static int read_head(struct capture *capture, struct git_state *state, struct mlops_error *err)
{
    git_reference *head = NULL;
    int code = capture->api.git_repository_head(&head, capture->repository);
    if (code == GIT_EUNBORNBRANCH || code == GIT_ENOTFOUND)
        return MLOPS_OK; /* before the first commit */
    if (code < 0)
        return git_failed(capture, err, "read HEAD");
    const git_oid *oid = capture->api.git_reference_target(head);
    char hex[GIT_OID_HEXSZ + 1];
    if (oid)
        state->commit = xstrdup(capture->api.git_oid_tostr(hex, sizeof(hex), oid));
    if (capture->api.git_repository_head_detached(capture->repository) != 1)
        state->branch = as_text(capture->api.git_reference_shorthand(head));
    capture->api.git_reference_free(head);
    return MLOPS_OK;
}

/* From the configuration and not by git_remote_lookup, which leaks in libgit2 1.5.1 and would apply
 * url.*.insteadOf, where people keep tokens. */
static void read_remote(struct capture *capture, struct git_state *state)
{
    git_config *config = NULL;
    const char *url = NULL;
    if (capture->api.git_repository_config_snapshot(&config, capture->repository) < 0)
        return; /* no configuration: there is no remote to record */
    if (capture->api.git_config_get_string(&url, config, "remote.origin.url") == 0 && url) {
        _cleanup_(free_string) char *stripped = git_strip_credentials(url);
        state->remote = as_text(stripped);
    }
    capture->api.git_config_free(config);
}

/* Does packaging leave the file out, as it does the registry and compiled Python? */
static bool is_left_out(const char *path)
{
    _cleanup_(free_string) char *parts = xstrdup(path);
    char *rest = NULL;
    for (char *part = strtok_r(parts, "/", &rest); part; part = strtok_r(NULL, "/", &rest))
        if (walk_leaves_out(part))
            return true;
    return false;
}

static bool counts(const git_status_entry *entry)
{
    const git_diff_delta *delta =
        entry->index_to_workdir ? entry->index_to_workdir : entry->head_to_index;
    const char *path = delta->new_file.path ? delta->new_file.path : delta->old_file.path;
    return !path || !is_left_out(path);
}

/* Only below the project's folder: what else is in a repository of many projects does not count. */
static int read_dirty(struct capture *capture, const char *directory, struct git_state *state,
                      struct mlops_error *err)
{
    char resolved[PATH_MAX], top[PATH_MAX];
    const char *workdir = capture->api.git_repository_workdir(capture->repository);
    git_status_list *list = NULL;
    git_status_options options = {.version = GIT_STATUS_OPTIONS_VERSION};
    char *paths[1];
    if (!workdir)
        return MLOPS_OK; /* a bare repository has no state of files */
    if (!realpath(directory, resolved) || !realpath(workdir, top))
        return mlops_fail_errno(err, MLOPS_IO, errno, "find the folder '%s'", directory);
    options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                    GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
    size_t prefix = strlen(top);
    if (strlen(resolved) > prefix + 1) {
        paths[0] = resolved + prefix + 1;
        options.pathspec = (git_strarray){.strings = paths, .count = 1};
    }
    if (capture->api.git_status_list_new(&list, capture->repository, &options) < 0)
        return git_failed(capture, err, "compare the files with the commit");
    size_t count = capture->api.git_status_list_entrycount(list);
    for (size_t i = 0; i < count && !state->dirty; i++)
        state->dirty = counts(capture->api.git_status_byindex(list, i));
    capture->api.git_status_list_free(list);
    return MLOPS_OK;
}

static int read_state(struct capture *capture, const char *directory, struct git_state *state,
                      struct mlops_error *err)
{
    if (capture->api.git_libgit2_init() < 0)
        return git_failed(capture, err, "start libgit2");
    /* We only read, and CI often runs as another user than the one who cloned. */
    (void)capture->api.git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    int code = capture->api.git_repository_open_ext(&capture->repository, directory, 0, NULL);
    if (code == GIT_ENOTFOUND)
        return MLOPS_OK;
    if (code < 0)
        return git_failed(capture, err, "open the repository");
    state->found = true;
    TRY(read_head(capture, state, err));
    read_remote(capture, state);
    return read_dirty(capture, directory, state, err);
}

void git_capture(const struct mlops_registry *registry, const char *directory,
                 struct git_state *state)
{
    _cleanup_(capture_close) struct capture capture = {0};
    struct mlops_error err = {0};
    *state = (struct git_state){0};
    if (dynload_open(sonames, "libgit2-1.5", symbols, ARRAY_LENGTH(symbols), &capture.api, &err)) {
        capture.api.git_libgit2_shutdown = NULL; /* never started */
        registry_warn(registry, "the git commit is not recorded: %s (%s)", err.message, err.hint);
    } else if (read_state(&capture, directory, state, &err)) {
        git_state_clear(state);
        registry_warn(registry, "the git commit is not recorded: %s", err.message);
    }
}

void git_state_clear(struct git_state *state)
{
    free(state->commit);
    free(state->branch);
    free(state->remote);
    *state = (struct git_state){0};
}
