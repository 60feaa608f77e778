/* lib/bundle/git_changes.c - files, lines and submodules that are not as the commit has them. */
#include "bundle/git_changes.h"
#include "base/path.h"
#include "bundle/ignore.h"
#include "bundle/walk.h"
#include <errno.h>
#include <limits.h>
#include <unistd.h>

struct reading {
    const struct git_library *git;
    struct ignore *ignore;
    struct git_state *state;
    char top[PATH_MAX];       /* the working tree */
    char directory[PATH_MAX]; /* the project folder */
    char *inside;             /* the project folder from the top; "" where it is that */
    bool too_long;            /* the patch */
    struct mlops_error *err;
};

/* `path` from the project folder; NULL where it is not in it. */
static const char *own_path(const struct reading *reading, const char *path)
{
    size_t length = strlen(reading->inside);
    if (length == 0)
        return path;
    return strncmp(path, reading->inside, length) == 0 && path[length] == '/' ? path + length + 1
                                                                              : NULL;
}

/* Does packaging leave the file out, as it does the registry and compiled Python, or by the
 * author's rules? A folder above it may be what is left out. */
static int is_left_out(const struct reading *reading, const char *path, bool *left_out,
                       struct mlops_error *err)
{
    _cleanup_(free_string) char *part = xstrdup(path);
    *left_out = false;
    for (char *end = part; end && !*left_out; end = *end ? end + 1 : NULL) {
        end += strcspn(end, "/");
        char kept = *end;
        *end = '\0';
        *left_out = walk_leaves_out(path_base(part));
        if (!*left_out && reading->ignore)
            TRY(ignore_judge(reading->ignore, part, kept == '/', false, left_out, err));
        *end = kept;
    }
    return MLOPS_OK;
}

static const char *path_of(const git_diff_delta *delta)
{
    return delta->new_file.path ? delta->new_file.path : delta->old_file.path;
}

static const char *status_name(unsigned status)
{
    if (status & GIT_STATUS_WT_DELETED)
        return "deleted";
    if (status & GIT_STATUS_WT_NEW)
        return status & GIT_STATUS_INDEX_DELETED ? "modified" : "untracked";
    if (status & GIT_STATUS_INDEX_NEW)
        return "added";
    return status & GIT_STATUS_INDEX_DELETED ? "deleted" : "modified";
}

static int add_change(struct reading *reading, const git_status_entry *entry,
                      struct mlops_error *err)
{
    struct git_state *state = reading->state;
    const char *path = own_path(
        reading, path_of(entry->index_to_workdir ? entry->index_to_workdir : entry->head_to_index));
    bool left_out = false;
    if (!path)
        return MLOPS_OK;
    TRY(is_left_out(reading, path, &left_out, err));
    if (left_out)
        return MLOPS_OK;
    state->dirty = true;
    if (state->change_total++ >= GIT_CHANGES_MAX)
        return MLOPS_OK;
    GROW(state->changes, state->change_count, &state->change_capacity);
    state->changes[state->change_count++] = (struct git_change){
        .path = git_as_text(path), .status = status_name((unsigned)entry->status)};
    return MLOPS_OK;
}

static int compare_changes(const void *a, const void *b)
{
    return strcmp(((const struct git_change *)a)->path, ((const struct git_change *)b)->path);
}

static int read_status(struct reading *reading, struct mlops_error *err)
{
    const struct git_api *api = &reading->git->api;
    struct git_state *state = reading->state;
    git_status_list *list = NULL;
    git_status_options options = {.version = GIT_STATUS_OPTIONS_VERSION};
    options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                    GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
    if (*reading->inside)
        options.pathspec = (git_strarray){.strings = &reading->inside, .count = 1};
    if (api->git_status_list_new(&list, reading->git->repository, &options) < 0)
        return git_failed(reading->git, err, "compare the files with the commit");
    size_t count = api->git_status_list_entrycount(list);
    int code = MLOPS_OK;
    for (size_t i = 0; i < count && code == MLOPS_OK; i++)
        code = add_change(reading, api->git_status_byindex(list, i), err);
    api->git_status_list_free(list);
    if (state->change_count > 0)
        qsort(state->changes, state->change_count, sizeof(*state->changes), compare_changes);
    return code;
}

/* ---- line by line ---------------------------------------------------------------------------- */

/* git_diff_line_cb */
static int take_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
                     const git_diff_line *line, void *payload)
{
    struct reading *reading = payload;
    struct buffer *patch = &reading->state->patch;
    const char *path = own_path(reading, path_of(delta));
    bool left_out = true;
    (void)hunk;
    if (path && is_left_out(reading, path, &left_out, reading->err))
        return GIT_EUSER;
    if (left_out || reading->too_long)
        return 0;
    if (strchr("+- ", line->origin))
        buffer_putc(patch, line->origin);
    buffer_append(patch, line->content, line->content_len);
    reading->too_long = patch->length > MANIFEST_PATCH_MAX;
    return 0;
}

/* Untracked files have no lines here: those that are packaged stand in the bundle, and those that
 * are not may be anything. The options are all said, so that nobody's configuration shows. */
static int print_patch(struct reading *reading, git_tree *tree, struct mlops_error *err)
{
    const struct git_api *api = &reading->git->api;
    git_diff *diff = NULL;
    git_diff_options options;
    (void)api->git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = GIT_DIFF_DISABLE_PATHSPEC_MATCH;
    options.context_lines = 3;
    options.id_abbrev = 40;
    options.old_prefix = "a/";
    options.new_prefix = "b/";
    if (*reading->inside)
        options.pathspec = (git_strarray){.strings = &reading->inside, .count = 1};
    if (api->git_diff_tree_to_workdir_with_index(&diff, reading->git->repository, tree, &options) <
        0)
        return git_failed(reading->git, err, "compare the lines with the commit");
    int code = api->git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, take_line, reading);
    api->git_diff_free(diff);
    if (code == GIT_EUSER && err->code)
        return (int)err->code;
    if (code < 0)
        return git_failed(reading->git, err, "compare the lines with the commit");
    if (reading->too_long)
        buffer_clear(&reading->state->patch);
    return MLOPS_OK;
}

static int read_patch(struct reading *reading, struct mlops_error *err)
{
    const struct git_api *api = &reading->git->api;
    git_reference *head = NULL;
    git_object *commit = NULL;
    git_tree *tree = NULL;
    int code = api->git_repository_head(&head, reading->git->repository);
    if (code == 0)
        code = api->git_reference_peel(&commit, head, GIT_OBJECT_COMMIT);
    if (code == 0)
        code = api->git_commit_tree(&tree, (git_commit *)commit);
    api->git_object_free(commit);
    api->git_reference_free(head);
    if (code < 0 && code != GIT_EUNBORNBRANCH && code != GIT_ENOTFOUND)
        return git_failed(reading->git, err, "read the commit");
    code = print_patch(reading, tree, err);
    api->git_tree_free(tree);
    return code;
}

/* ---- submodules ------------------------------------------------------------------------------ */

/* git_submodule_cb */
static int take_submodule(git_submodule *submodule, const char *name, void *payload)
{
    const struct reading *reading = payload;
    const struct git_api *api = &reading->git->api;
    struct git_state *state = reading->state;
    const char *path = own_path(reading, api->git_submodule_path(submodule));
    char hex[GIT_OID_HEXSZ + 1];
    unsigned status = 0;
    if (!path)
        return 0;
    int code = api->git_submodule_status(&status, reading->git->repository, name,
                                         GIT_SUBMODULE_IGNORE_NONE);
    const git_oid *commit = api->git_submodule_wd_id(submodule);
    if (!commit)
        commit = api->git_submodule_head_id(submodule);
    GROW(state->submodules, state->submodule_count, &state->submodule_capacity);
    struct git_submodule_state *item = &state->submodules[state->submodule_count++];
    *item = (struct git_submodule_state){.path = git_as_text(path)};
    item->dirty = code < 0 || !GIT_SUBMODULE_STATUS_IS_UNMODIFIED(status);
    if (commit)
        item->commit = xstrdup(api->git_oid_tostr(hex, sizeof(hex), commit));
    return 0;
}

static int compare_submodules(const void *a, const void *b)
{
    return strcmp(((const struct git_submodule_state *)a)->path,
                  ((const struct git_submodule_state *)b)->path);
}

static int read_submodules(struct reading *reading, struct mlops_error *err)
{
    struct git_state *state = reading->state;
    _cleanup_(free_string) char *list = path_join(reading->top, ".gitmodules");
    if (access(list, F_OK) < 0)
        return MLOPS_OK; /* most repositories: no need to go through the whole index */
    if (reading->git->api.git_submodule_foreach(reading->git->repository, take_submodule, reading) <
        0)
        return git_failed(reading->git, err, "read the submodules");
    if (state->submodule_count > 0)
        qsort(state->submodules, state->submodule_count, sizeof(*state->submodules),
              compare_submodules);
    return MLOPS_OK;
}

/* Only below the project's folder: what else is in a repository of many projects does not count. */
int git_changes_read(const struct git_library *git, const char *directory, struct ignore *ignore,
                     struct git_state *state, struct mlops_error *err)
{
    struct reading reading = {.git = git, .ignore = ignore, .state = state, .err = err};
    const char *workdir = git->api.git_repository_workdir(git->repository);
    if (!workdir)
        return MLOPS_OK; /* a bare repository has no state of files */
    if (!realpath(directory, reading.directory) || !realpath(workdir, reading.top))
        return mlops_fail_errno(err, MLOPS_IO, errno, "find the folder '%s'", directory);
    size_t prefix = strlen(reading.top);
    reading.inside = reading.directory + prefix;
    reading.inside += *reading.inside == '/';
    TRY(read_status(&reading, err));
    if (state->dirty)
        TRY(read_patch(&reading, err));
    return read_submodules(&reading, err);
}
