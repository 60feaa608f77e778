/* lib/bundle/dvc_tree.c - a DVC repository laid out in a private folder. */
#include "bundle/dvc_tree.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/walk.h"
#include "registry/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DVC_FILE_MAX (16U << 20)
#define STALE_NS (86400 * 1000000000LL)

void dvc_tree_clear(struct dvc_tree *tree)
{
    struct mlops_error ignored = {0}; /* what stays is stale, and removed by a later run */
    if (tree->folder)
        (void)tree_remove(tree->folder, &ignored);
    free(tree->folder);
    free(tree->tree);
    dvc_repository_clear(&tree->dvc);
    git_state_clear(&tree->git);
    cJSON_Delete(tree->tops);
    cJSON_Delete(tree->laid.missing);
    cJSON_Delete(tree->laid.differs);
    cJSON_Delete(tree->laid.external);
    *tree = (struct dvc_tree){0};
}

/* ---- the folder as it is -------------------------------------------------------------------- */

/* What DVC keeps for one machine alone. */
static bool is_private(const char *path)
{
    static const char *const names[] = {".dvc/cache", ".dvc/tmp", ".dvc/config.local"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        size_t length = strlen(names[i]);
        if (str_starts(path, names[i]) && (path[length] == '/' || path[length] == '\0'))
            return true;
    }
    return false;
}

static bool is_out(const struct dvc_repository *dvc, const char *path)
{
    for (size_t i = 0; i < dvc->count; i++) {
        size_t length = strlen(dvc->outs[i].path);
        if (!dvc->outs[i].external && *dvc->outs[i].md5 && str_starts(path, dvc->outs[i].path) &&
            (path[length] == '/' || path[length] == '\0'))
            return true;
    }
    return false;
}

static int copy_file(const char *from, const char *to, mode_t mode, struct mlops_error *err)
{
    char block[1U << 16];
    _cleanup_(fd_close) int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read '%s'", from);
    _cleanup_(fd_close) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (out < 0 || fchmod(out, mode) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", to);
    for (size_t got = 1; got > 0;) {
        TRY(fd_read_full(in, block, sizeof(block), &got, err));
        TRY(fd_write_full(out, block, got, err));
    }
    return MLOPS_OK;
}

static int take_item(const struct dvc_tree_options *options, struct dvc_tree *tree,
                     const struct walked *item, struct git_links *links, struct mlops_error *err)
{
    const char *path = item->file.path;
    _cleanup_(free_string) char *from = path_join(options->root, path);
    _cleanup_(free_string) char *to = path_join(tree->tree, path);
    if (str_equal(path, ".") || is_private(path) || is_out(&tree->dvc, path))
        return MLOPS_OK;
    if (item->file.kind == MANIFEST_LINK) {
        GROW(links->items, links->count, &links->capacity);
        links->items[links->count++] =
            (struct git_link){.path = xstrdup(path), .target = xstrdup(item->file.target)};
        return MLOPS_OK;
    }
    if (item->file.kind == MANIFEST_FOLDER)
        return directory_make(to, 0755, err);
    return copy_file(from, to, item->file.mode & 0111 ? 0755 : 0644, err);
}

/* ---- DVC's own files ------------------------------------------------------------------------ */

/* dvc.yaml says where the stages of dvc.lock run, so all of them are read first. */
static int read_files(const char *root, const struct walk *walk, struct dvc_repository *dvc,
                      struct mlops_error *err)
{
    for (int rest = 0; rest < 2; rest++)
        for (size_t i = 0; i < walk->count; i++) {
            const struct manifest_file *file = &walk->items[i].file;
            bool pipeline = str_equal(path_base(file->path), "dvc.yaml");
            _cleanup_(free_string) char *full = path_join(root, file->path);
            _cleanup_(buffer_clear) struct buffer text = {0};
            if (file->kind != MANIFEST_FILE || !dvc_file_known(file->path) || pipeline == rest ||
                is_private(file->path))
                continue;
            TRY(file_read(full, DVC_FILE_MAX, &text, err));
            TRY(dvc_file_read(dvc, file->path, text.data, text.length, err));
        }
    return MLOPS_OK;
}

static int walk_folder(const char *root, struct walk *walk, struct mlops_error *err)
{
    walk->root = root;
    TRY(walk_add(walk, ".", NULL, NULL, err));
    return walk_finish(walk, err);
}

/* Outside of git: the walk is of the folder itself, whose outs are taken as the cache has them. */
static int lay_folder(const struct dvc_tree_options *options, struct dvc_tree *tree,
                      struct git_links *links, struct mlops_error *err)
{
    _cleanup_(ignore_free_ptr) struct ignore *ignore = ignore_new(options->root);
    _cleanup_(walk_clear) struct walk walk = {.ignore = ignore};
    TRY(walk_folder(options->root, &walk, err));
    TRY(read_files(options->root, &walk, &tree->dvc, err));
    for (size_t i = 0; i < walk.count; i++)
        TRY(take_item(options, tree, &walk.items[i], links, err));
    return MLOPS_OK;
}

static int lay_commit(const struct dvc_tree_options *options, struct dvc_tree *tree,
                      struct git_links *links, struct mlops_error *err)
{
    _cleanup_(walk_clear) struct walk walk = {0};
    TRY(git_revision_describe(options->git, options->commit, &tree->git, err));
    TRY(git_revision_lay(options->git, options->commit, options->prefix, tree->tree, links,
                         &tree->submodules, err));
    TRY(walk_folder(tree->tree, &walk, err));
    return read_files(tree->tree, &walk, &tree->dvc, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int list_tops(struct dvc_tree *tree, const struct git_links *links, struct mlops_error *err)
{
    _cleanup_(walk_clear) struct walk walk = {0};
    TRY(walk_folder(tree->tree, &walk, err));
    for (size_t i = 0; i < walk.count; i++)
        if (!strchr(walk.items[i].file.path, '/') && !str_equal(walk.items[i].file.path, "."))
            json_append_text(tree->tops, walk.items[i].file.path);
    for (size_t i = 0; i < links->count; i++)
        if (!strchr(links->items[i].path, '/') && !walk_leaves_out(links->items[i].path))
            json_append_text(tree->tops, links->items[i].path);
    return MLOPS_OK;
}

static int make_links(const struct dvc_tree *tree, const struct git_links *links,
                      struct mlops_error *err)
{
    for (size_t i = 0; i < links->count; i++) {
        _cleanup_(free_string) char *full = path_join(tree->tree, links->items[i].path);
        if (symlink(links->items[i].target, full) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "make the link '%s'", full);
    }
    return MLOPS_OK;
}

int dvc_tree_make(struct mlops_registry *registry, const struct dvc_tree_options *options,
                  struct dvc_tree *tree, struct mlops_error *err)
{
    _cleanup_(git_links_clear) struct git_links links = {0};
    _cleanup_(free_string) char *cache = NULL;
    *tree = (struct dvc_tree){.tops = xcheck(cJSON_CreateArray()),
                              .laid = {.missing = xcheck(cJSON_CreateArray()),
                                       .differs = xcheck(cJSON_CreateArray()),
                                       .external = xcheck(cJSON_CreateArray())}};
    scratch_sweep_folders(registry, STALE_NS);
    TRY(scratch_make(registry, "import", &tree->folder, err));
    tree->tree = path_join(tree->folder, "tree");
    TRY(directory_make(tree->tree, 0755, err));
    TRY(dvc_cache_find(options->root, &cache, err));
    TRY(options->commit ? lay_commit(options, tree, &links, err)
                        : lay_folder(options, tree, &links, err));
    TRY(list_tops(tree, &links, err));
    TRY(dvc_cache_lay(cache, options->root, &tree->dvc, tree->tree, &tree->laid, err));
    return make_links(tree, &links, err);
}
