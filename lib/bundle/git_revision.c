/* lib/bundle/git_revision.c - tags, commits and their trees through libgit2. */
#include "bundle/git_revision.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/git_changes.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define DEPTH_MAX 200 /* folders in folders */

/* ---- tags ----------------------------------------------------------------------------------- */

struct tag_reader {
    const struct git_library *git;
    bool (*wanted)(const char *name);
    struct gto_tags *tags;
    struct mlops_error *err;
    int code; /* what went wrong, where something did */
};

/* A message on one line, without control characters. */
static char *plain_line(const char *text)
{
    char *line = xstrdup(text ? text : "");
    for (char *c = line; *c; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    for (size_t length = strlen(line); length > 0 && line[length - 1] == ' '; length--)
        line[length - 1] = '\0';
    if (name_is_plain(line))
        return line;
    char *escaped = escape_name(line);
    free(line);
    return escaped;
}

static int read_tag(struct tag_reader *reader, const char *name, const git_oid *id)
{
    const struct git_api *api = &reader->git->api;
    struct gto_tags *tags = reader->tags;
    git_object *object = NULL, *commit = NULL;
    char hex[GIT_OID_HEXSZ + 1];
    if (api->git_object_lookup(&object, reader->git->repository, id, GIT_OBJECT_ANY) < 0)
        return git_failed(reader->git, reader->err, name);
    if (api->git_object_type(object) != GIT_OBJECT_TAG) {
        tags->light++;
        api->git_object_free(object);
        return MLOPS_OK;
    }
    if (api->git_object_peel(&commit, object, GIT_OBJECT_COMMIT) < 0) {
        api->git_object_free(object);
        return MLOPS_OK; /* a tag of a file or a tree names no version */
    }
    const git_signature *tagger = api->git_tag_tagger((const git_tag *)object);
    GROW(tags->items, tags->count, &tags->capacity);
    struct gto_tag *tag = &tags->items[tags->count++];
    *tag = (struct gto_tag){
        .name = xstrdup(name),
        .commit = xstrdup(api->git_oid_tostr(hex, sizeof(hex), api->git_object_id(commit))),
        .message = plain_line(api->git_tag_message((const git_tag *)object)),
        .time_s = tagger ? tagger->when.time : 0};
    if (tagger) {
        _cleanup_(free_string) char *text = xprintf("%s <%s>", tagger->name, tagger->email);
        tag->tagger = git_as_text(text);
    }
    api->git_object_free(commit);
    api->git_object_free(object);
    return MLOPS_OK;
}

static int take_tag(const char *name, git_oid *id, void *context)
{
    struct tag_reader *reader = context;
    if (str_starts(name, "refs/tags/"))
        name += strlen("refs/tags/");
    if (!reader->wanted(name))
        return 0;
    if (reader->tags->count == GTO_TAGS_MAX)
        reader->code = mlops_fail(reader->err, MLOPS_INVALID,
                                  "the repository has more than %d such tags", GTO_TAGS_MAX);
    else
        reader->code = read_tag(reader, name, id);
    return reader->code ? GIT_EUSER : 0;
}

int gto_tags_read(const struct git_library *git, bool (*wanted)(const char *name),
                  struct gto_tags *tags, struct mlops_error *err)
{
    struct tag_reader reader = {.git = git, .wanted = wanted, .tags = tags, .err = err};
    *tags = (struct gto_tags){0};
    int code = git->api.git_tag_foreach(git->repository, take_tag, &reader);
    if (reader.code)
        return reader.code;
    return code < 0 ? git_failed(git, err, "read the tags") : MLOPS_OK;
}

void gto_tags_clear(struct gto_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        free(tags->items[i].name);
        free(tags->items[i].commit);
        free(tags->items[i].tagger);
        free(tags->items[i].message);
    }
    free(tags->items);
    *tags = (struct gto_tags){0};
}

/* ---- commits -------------------------------------------------------------------------------- */

int git_revision_find(const struct git_library *git, const char *revision, char **commit,
                      struct mlops_error *err)
{
    git_object *object = NULL, *peeled = NULL;
    char hex[GIT_OID_HEXSZ + 1];
    *commit = NULL;
    if (git->api.git_revparse_single(&object, git->repository, revision) < 0)
        return mlops_fail(err, MLOPS_NOT_FOUND, "the git repository has no commit '%s'", revision);
    int code = git->api.git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
    git->api.git_object_free(object);
    if (code < 0)
        return mlops_fail(err, MLOPS_NOT_FOUND, "'%s' is no commit of the git repository",
                          revision);
    *commit = xstrdup(git->api.git_oid_tostr(hex, sizeof(hex), git->api.git_object_id(peeled)));
    git->api.git_object_free(peeled);
    return MLOPS_OK;
}

static int open_commit(const struct git_library *git, const char *hex, git_object **commit,
                       struct mlops_error *err)
{
    git_oid id;
    *commit = NULL;
    if (git->api.git_oid_fromstr(&id, hex) < 0 ||
        git->api.git_object_lookup(commit, git->repository, &id, GIT_OBJECT_COMMIT) < 0)
        return git_failed(git, err, hex);
    return MLOPS_OK;
}

int git_revision_describe(const struct git_library *git, const char *commit,
                          struct git_state *state, struct mlops_error *err)
{
    git_object *object;
    *state = (struct git_state){0};
    TRY(open_commit(git, commit, &object, err));
    const git_signature *author = git->api.git_commit_author((const git_commit *)object);
    _cleanup_(free_string) char *text = xprintf("%s <%s>", author->name, author->email);
    state->found = true;
    state->commit = xstrdup(commit);
    state->author = git_as_text(text);
    git->api.git_object_free(object);
    git_read_remote(git, state);
    return MLOPS_OK;
}

int git_revision_prefix(const struct git_library *git, const char *directory, char **prefix,
                        struct mlops_error *err)
{
    char top[PATH_MAX], here[PATH_MAX];
    const char *working = git->api.git_repository_workdir(git->repository);
    *prefix = NULL;
    if (!working || !realpath(working, top))
        return mlops_fail(err, MLOPS_INVALID, "the git repository of '%s' has no working tree",
                          directory);
    if (!realpath(directory, here))
        return mlops_fail_errno(err, MLOPS_OK, errno, "look at '%s'", directory);
    size_t length = strlen(top);
    if (strncmp(here, top, length) != 0 || (here[length] != '/' && here[length] != '\0'))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is outside of the working tree '%s'", directory,
                          top);
    *prefix = xstrdup(here + length + (here[length] == '/'));
    return MLOPS_OK;
}

/* ---- trees ---------------------------------------------------------------------------------- */

void git_links_clear(struct git_links *links)
{
    for (size_t i = 0; i < links->count; i++) {
        free(links->items[i].path);
        free(links->items[i].target);
    }
    free(links->items);
    *links = (struct git_links){0};
}

struct tree_writer {
    const struct git_library *git;
    const char *tree;
    struct git_links *links;
    size_t files, submodules;
    struct mlops_error *err;
    int code;
};

static int write_file(const struct tree_writer *writer, const char *path, const git_blob *blob,
                      mode_t mode)
{
    const struct git_api *api = &writer->git->api;
    _cleanup_(free_string) char *full = path_join(writer->tree, path);
    _cleanup_(fd_close) int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return mlops_fail_errno(writer->err, MLOPS_IO, errno, "write '%s'", full);
    TRY(fd_write_full(fd, api->git_blob_rawcontent(blob), (size_t)api->git_blob_rawsize(blob),
                      writer->err));
    if (fchmod(fd, mode) < 0)
        return mlops_fail_errno(writer->err, MLOPS_IO, errno, "write '%s'", full);
    return MLOPS_OK;
}

static int keep_link(struct tree_writer *writer, const char *path, const git_blob *blob)
{
    const struct git_api *api = &writer->git->api;
    struct git_links *links = writer->links;
    size_t length = (size_t)api->git_blob_rawsize(blob);
    if (length == 0 || length >= PATH_MAX || memchr(api->git_blob_rawcontent(blob), '\0', length))
        return mlops_fail(writer->err, MLOPS_INVALID, "the link '%s' of the commit leads nowhere",
                          path);
    GROW(links->items, links->count, &links->capacity);
    links->items[links->count++] = (struct git_link){
        .path = xstrdup(path), .target = xstrndup(api->git_blob_rawcontent(blob), length)};
    return MLOPS_OK;
}

static int write_blob(struct tree_writer *writer, const char *path, const git_tree_entry *entry)
{
    const struct git_api *api = &writer->git->api;
    git_object *blob = NULL;
    git_filemode_t mode = api->git_tree_entry_filemode(entry);
    if (++writer->files > GIT_REVISION_FILES_MAX)
        return mlops_fail(writer->err, MLOPS_INVALID, "the commit has more than %d files",
                          GIT_REVISION_FILES_MAX);
    if (api->git_object_lookup(&blob, writer->git->repository, api->git_tree_entry_id(entry),
                               GIT_OBJECT_BLOB) < 0)
        return git_failed(writer->git, writer->err, path);
    int code = mode == GIT_FILEMODE_LINK
                   ? keep_link(writer, path, (const git_blob *)blob)
                   : write_file(writer, path, (const git_blob *)blob,
                                mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755 : 0644);
    api->git_object_free(blob);
    return code;
}

/* Names come from whoever made the commit. */
static int check_entry(const struct tree_writer *writer, const char *path)
{
    _cleanup_(free_string) char *normal = NULL;
    size_t depth = 0;
    for (const char *c = path; *c; c++)
        depth += *c == '/';
    TRY(path_normalize(path, &normal, writer->err));
    if (str_equal(normal, path) && depth <= DEPTH_MAX)
        return MLOPS_OK;
    return mlops_fail(writer->err, MLOPS_INVALID, "'%s' cannot be a path in a bundle", path);
}

static int write_entry(struct tree_writer *writer, const char *path, const git_tree_entry *entry)
{
    if (check_entry(writer, path)) {
        mlops_wrap(writer->err, "a file of the commit");
        return (int)writer->err->code;
    }
    if (writer->git->api.git_tree_entry_filemode(entry) == GIT_FILEMODE_COMMIT) {
        writer->submodules++;
        return MLOPS_OK;
    }
    if (writer->git->api.git_tree_entry_filemode(entry) != GIT_FILEMODE_TREE)
        return write_blob(writer, path, entry);
    _cleanup_(free_string) char *full = path_join(writer->tree, path);
    if (mkdir(full, 0755) < 0)
        return mlops_fail_errno(writer->err, MLOPS_IO, errno, "make the folder '%s'", full);
    return MLOPS_OK;
}

static int take_entry(const char *root, const git_tree_entry *entry, void *context)
{
    struct tree_writer *writer = context;
    _cleanup_(free_string) char *path =
        xprintf("%s%s", root, writer->git->api.git_tree_entry_name(entry));
    writer->code = write_entry(writer, path, entry);
    return writer->code ? -1 : 0;
}

/* The tree of `commit` below `prefix`. */
static int open_tree(const struct git_library *git, const char *commit, const char *prefix,
                     git_object **tree, struct mlops_error *err)
{
    git_object *object, *top = NULL;
    git_tree_entry *entry = NULL;
    *tree = NULL;
    TRY(open_commit(git, commit, &object, err));
    int code = git->api.git_object_peel(&top, object, GIT_OBJECT_TREE);
    git->api.git_object_free(object);
    if (code < 0)
        return git_failed(git, err, commit);
    if (!*prefix) {
        *tree = top;
        return MLOPS_OK;
    }
    code = git->api.git_tree_entry_bypath(&entry, (const git_tree *)top, prefix);
    git->api.git_object_free(top);
    if (code == 0) {
        code = git->api.git_object_lookup(tree, git->repository, git->api.git_tree_entry_id(entry),
                                          GIT_OBJECT_TREE);
        git->api.git_tree_entry_free(entry);
    }
    if (code == 0)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_NOT_FOUND, "commit %.12s has no folder '%s'", commit, prefix);
}

int git_revision_lay(const struct git_library *git, const char *commit, const char *prefix,
                     const char *tree, struct git_links *links, size_t *submodules,
                     struct mlops_error *err)
{
    struct tree_writer writer = {.git = git, .tree = tree, .links = links, .err = err};
    git_object *object;
    TRY(open_tree(git, commit, prefix, &object, err));
    int code =
        git->api.git_tree_walk((const git_tree *)object, GIT_TREEWALK_PRE, take_entry, &writer);
    git->api.git_object_free(object);
    *submodules = writer.submodules;
    if (writer.code)
        return writer.code;
    return code < 0 ? git_failed(git, err, "read the commit's files") : MLOPS_OK;
}
