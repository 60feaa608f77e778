/* lib/bundle/layout.c - a manifest's files written into a folder. */
#include "bundle/layout.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include "store/store.h"
#include <errno.h>
#include <unistd.h>

static int make_skeleton(const struct manifest *manifest, const char *directory,
                         struct mlops_error *err)
{
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        _cleanup_(free_string) char *path = path_join(directory, file->path);
        if (file->kind == MANIFEST_FOLDER && mkdir(path, 0700) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "make folder '%s'", path);
        if (file->kind == MANIFEST_LINK && symlink(file->target, path) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "make the link '%s'", path);
    }
    return MLOPS_OK;
}

/* ---- the earlier checkout ------------------------------------------------------------------ */

/* Its files, found by path and by content. */
struct old_files {
    const struct old_layout *layout;
    const struct manifest_file **by_content;
    size_t count;
    bool *taken; /* as the manifest's files: it has another name already */
};

static int compare_contents(const void *a, const void *b)
{
    const struct manifest_file *const *x = a, *const *y = b;
    return memcmp((*x)->digest.bytes, (*y)->digest.bytes, sizeof((*x)->digest.bytes));
}

static void old_files_open(struct old_files *old, const struct old_layout *layout)
{
    *old = (struct old_files){.layout = layout};
    if (!layout)
        return;
    old->by_content = xcalloc(layout->manifest->file_count, sizeof(const struct manifest_file *));
    old->taken = xcalloc(layout->manifest->file_count, sizeof(*old->taken));
    for (size_t i = 0; i < layout->manifest->file_count; i++)
        if (layout->manifest->files[i].kind == MANIFEST_FILE)
            old->by_content[old->count++] = &layout->manifest->files[i];
    if (old->count > 0)
        qsort(old->by_content, old->count, sizeof(*old->by_content), compare_contents);
}

static void old_files_close(struct old_files *old)
{
    free(old->by_content);
    free(old->taken);
}

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct manifest_file *)file)->path);
}

static const struct manifest_file *find_path(const struct old_files *old, const char *path)
{
    const struct manifest *manifest = old->layout ? old->layout->manifest : NULL;
    const struct manifest_file *file = manifest && manifest->file_count > 0
                                           ? bsearch(path, manifest->files, manifest->file_count,
                                                     sizeof(*manifest->files), compare_path)
                                           : NULL;
    return file && file->kind == MANIFEST_FILE ? file : NULL;
}

/* A file with the content of `file`: the one at its path before others. */
static const struct manifest_file *find_content(const struct old_files *old,
                                                const struct manifest_file *file)
{
    const struct manifest_file *same = find_path(old, file->path);
    if (same && digest_equal(&same->digest, &file->digest))
        return same;
    const struct manifest_file **found = old->count > 0
                                             ? bsearch(&file, old->by_content, old->count,
                                                       sizeof(*old->by_content), compare_contents)
                                             : NULL;
    return found ? *found : NULL;
}

/* Another name for the old file, where it is the same in content and mode, and the file system can
 * do that; otherwise the store gives it. One more name at most: whoever writes to a file afterwards
 * must not write to two. */
static bool keep(const struct old_files *old, const struct manifest_file *file, const char *path)
{
    const struct manifest_file *same = find_content(old, file);
    if (!same || old->layout->stays || same->mode != file->mode)
        return false;
    bool *taken = &old->taken[same - old->layout->manifest->files];
    _cleanup_(free_string) char *from = path_join(old->layout->directory, same->path);
    if (*taken || link(from, path) != 0)
        return false;
    return *taken = true;
}

/* ---- files --------------------------------------------------------------------------------- */

static void add_file(const struct old_files *old, const struct manifest_file *file, char *path,
                     struct store_restore *restore)
{
    bool stays = old->layout && old->layout->stays;
    const struct manifest_file *same = stays ? find_content(old, file) : NULL;
    const struct manifest_file *before = same ? same : find_path(old, file->path);
    *restore = (struct store_restore){
        .digest = file->digest, .size = file->size, .path = path, .mode = file->mode};
    if (before) {
        restore->old = before->digest;
        restore->old_path = path_join(old->layout->directory, before->path);
    }
}

int layout_fill(struct mlops_registry *registry, const struct manifest *manifest,
                const char *directory, const struct old_layout *layout, struct layout_moved *moved,
                struct mlops_error *err)
{
    struct store *store;
    struct store_restored restored = {0};
    struct old_files old;
    size_t count = 0;
    *moved = (struct layout_moved){0};
    TRY(manifest_check_files(manifest, err));
    TRY(make_skeleton(manifest, directory, err));
    TRY(registry_store(registry, &store, err));
    struct store_restore *files = xcalloc(manifest->file_count, sizeof(*files));
    old_files_open(&old, layout);
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        if (file->kind != MANIFEST_FILE)
            continue;
        char *path = path_join(directory, file->path);
        if (keep(&old, file, path)) {
            moved->kept_files++;
            moved->kept_bytes += file->size;
            free(path);
        } else {
            add_file(&old, file, path, &files[count++]);
        }
    }
    int code = store_restore_files(store, files, count, false, &restored, err);
    moved->kept_bytes += restored.from_old;
    moved->stored_bytes = restored.from_store;
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)files[i].path);
        free((char *)(uintptr_t)files[i].old_path);
    }
    free(files);
    old_files_close(&old);
    return code;
}

int layout_close(const struct manifest *manifest, const char *directory, struct mlops_error *err)
{
    for (size_t i = manifest->file_count; i-- > 0;) {
        const struct manifest_file *file = &manifest->files[i];
        if (file->kind != MANIFEST_FOLDER)
            continue;
        _cleanup_(free_string) char *path = path_join(directory, file->path);
        if (chmod(path, file->mode) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", path);
    }
    return MLOPS_OK;
}
