/* lib/bundle/git.c - commit, author, branch, remote and dirtiness through libgit2. */
#include "bundle/git.h"
#include "base/escape.h"
#include "base/hash.h"
#include "base/json.h"
#include "bundle/git_changes.h"
#include "registry/registry.h"

#define NAMED_MAX 5 /* files in a message */

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

char *git_as_text(const char *name)
{
    return name_is_plain(name) ? xstrdup(name) : escape_name(name);
}

static void read_author(const struct git_library *git, git_reference *head, struct git_state *state)
{
    git_object *commit = NULL;
    if (git->api.git_reference_peel(&commit, head, GIT_OBJECT_COMMIT) < 0)
        return; /* HEAD is a tag of something else: there is no author */
    const git_signature *author = git->api.git_commit_author((const git_commit *)commit);
    _cleanup_(free_string) char *text = xprintf("%s <%s>", author->name, author->email);
    state->author = git_as_text(text);
    git->api.git_object_free(commit);
}

static int read_head(const struct git_library *git, struct git_state *state,
                     struct mlops_error *err)
{
    git_reference *head = NULL;
    int code = git->api.git_repository_head(&head, git->repository);
    if (code == GIT_EUNBORNBRANCH || code == GIT_ENOTFOUND)
        return MLOPS_OK; /* before the first commit */
    if (code < 0)
        return git_failed(git, err, "read HEAD");
    const git_oid *oid = git->api.git_reference_target(head);
    char hex[GIT_OID_HEXSZ + 1];
    if (oid)
        state->commit = xstrdup(git->api.git_oid_tostr(hex, sizeof(hex), oid));
    if (git->api.git_repository_head_detached(git->repository) != 1)
        state->branch = git_as_text(git->api.git_reference_shorthand(head));
    read_author(git, head, state);
    git->api.git_reference_free(head);
    return MLOPS_OK;
}

/* From the configuration and not by git_remote_lookup, which leaks in libgit2 1.5.1 and would apply
 * url.*.insteadOf, where people keep tokens. */
void git_read_remote(const struct git_library *git, struct git_state *state)
{
    git_config *config = NULL;
    const char *url = NULL;
    if (git->api.git_repository_config_snapshot(&config, git->repository) < 0)
        return; /* no configuration: there is no remote to record */
    if (git->api.git_config_get_string(&url, config, "remote.origin.url") == 0 && url) {
        _cleanup_(free_string) char *stripped = git_strip_credentials(url);
        state->remote = git_as_text(stripped);
    }
    git->api.git_config_free(config);
}

static int read_state(const struct git_library *git, const char *directory, struct ignore *ignore,
                      struct git_state *state, struct mlops_error *err)
{
    if (!git->repository)
        return MLOPS_OK;
    state->found = true;
    TRY(read_head(git, state, err));
    git_read_remote(git, state);
    return git_changes_read(git, directory, ignore, state, err);
}

void git_capture(const struct mlops_registry *registry, const char *directory,
                 struct ignore *ignore, struct git_state *state)
{
    _cleanup_(git_close) struct git_library git = {0};
    struct mlops_error err = {0};
    *state = (struct git_state){0};
    int code = git_open(directory, &git, &err);
    if (code == MLOPS_OK)
        code = read_state(&git, directory, ignore, state, &err);
    if (code == MLOPS_OK)
        return;
    git_state_clear(state);
    registry_warn(registry, "the git commit is not recorded: %s%s%s%s", err.message,
                  *err.hint ? " (" : "", err.hint, *err.hint ? ")" : "");
}

static void describe_changes(const struct git_state *state, cJSON *git)
{
    cJSON *changes = json_add_array(git, "changes");
    for (size_t i = 0; i < state->change_count; i++) {
        cJSON *change = xcheck(cJSON_CreateObject());
        json_add_string(change, "path", state->changes[i].path);
        json_add_string(change, "status", state->changes[i].status);
        cJSON_AddItemToArray(changes, change);
    }
    if (state->patch.length > 0) {
        char hex[SHA256_HEX_SIZE];
        struct digest digest;
        sha256_of(state->patch.data, state->patch.length, &digest);
        digest_to_hex(&digest, hex);
        json_add_string(git, "diff", hex);
    }
}

cJSON *git_describe(const struct git_state *state)
{
    if (!state->found)
        return xcheck(cJSON_CreateNull());
    cJSON *git = xcheck(cJSON_CreateObject());
    json_add_string(git, "commit", state->commit);
    json_add_string(git, "author", state->author);
    json_add_string(git, "branch", state->branch);
    json_add_string(git, "remote", state->remote);
    json_add_bool(git, "dirty", state->dirty);
    if (state->dirty)
        describe_changes(state, git);
    if (state->submodule_count == 0)
        return git;
    cJSON *submodules = json_add_array(git, "submodules");
    for (size_t i = 0; i < state->submodule_count; i++) {
        cJSON *submodule = xcheck(cJSON_CreateObject());
        json_add_string(submodule, "path", state->submodules[i].path);
        json_add_string(submodule, "commit", state->submodules[i].commit);
        json_add_bool(submodule, "dirty", state->submodules[i].dirty);
        cJSON_AddItemToArray(submodules, submodule);
    }
    return git;
}

int git_require_clean(const struct git_state *state, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    if (!state->commit) {
        mlops_fail(err, MLOPS_REFUSED, "the folder is %s",
                   state->found ? "in a git repository without a commit"
                                : "in no git repository that can be read");
        return mlops_hint(err, "commit it, or package without --require-clean");
    }
    if (!state->dirty)
        return MLOPS_OK;
    for (size_t i = 0; i < state->change_count && i < NAMED_MAX; i++)
        buffer_printf(&names, "%s%s (%s)", i ? ", " : "", state->changes[i].path,
                      state->changes[i].status);
    mlops_fail(err, MLOPS_REFUSED, "not as in commit %.12s: %s%s", state->commit, names.data,
               state->change_total > NAMED_MAX ? ", …" : "");
    if (state->change_total > NAMED_MAX)
        return mlops_hint(err, "commit or remove them: 'git status' names all %zu",
                          state->change_total);
    return mlops_hint(err, "commit them, remove them, or name what is not to be packaged in "
                           ".mlopsignore");
}

static char *copy_text(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

void git_state_copy(const struct git_state *from, struct git_state *to)
{
    *to = (struct git_state){.found = from->found,
                             .commit = copy_text(from->commit),
                             .author = copy_text(from->author),
                             .branch = copy_text(from->branch),
                             .remote = copy_text(from->remote)};
}

void git_state_clear(struct git_state *state)
{
    free(state->commit);
    free(state->author);
    free(state->branch);
    free(state->remote);
    for (size_t i = 0; i < state->change_count; i++)
        free(state->changes[i].path);
    free(state->changes);
    buffer_clear(&state->patch);
    for (size_t i = 0; i < state->submodule_count; i++) {
        free(state->submodules[i].path);
        free(state->submodules[i].commit);
    }
    free(state->submodules);
    *state = (struct git_state){0};
}
