/* lib/bundle/checkout.c - a bundle's files back in a folder: all of them, or no folder. */
#include "base/file.h"
#include "base/path.h"
#include "bundle/manifest.h"
#include "registry/registry.h"
#include "store/store.h"
#include <dirent.h>
#include <errno.h>
#include <mlops/bundle.h>
#include <stdio.h>
#include <unistd.h>

/* Folders, open to us alone for now, and links. */
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

static int restore_files(struct mlops_registry *registry, const struct manifest *manifest,
                         const char *directory, struct mlops_error *err)
{
    struct store *store;
    TRY(registry_store(registry, &store, err));
    struct store_restore *files = xcalloc(manifest->file_count, sizeof(*files));
    size_t count = 0;
    for (size_t i = 0; i < manifest->file_count; i++)
        if (manifest->files[i].kind == MANIFEST_FILE)
            files[count++] =
                (struct store_restore){.digest = manifest->files[i].digest,
                                       .path = path_join(directory, manifest->files[i].path),
                                       .mode = manifest->files[i].mode};
    int code = store_restore_files(store, files, count, false, err);
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)files[i].path);
    free(files);
    return code;
}

/* Deepest first: a folder that is closed to writing closes behind its content. */
static int set_folder_modes(const struct manifest *manifest, const char *directory,
                            struct mlops_error *err)
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

static int fill(struct mlops_registry *registry, const struct manifest *manifest,
                const char *directory, struct mlops_error *err)
{
    TRY(make_skeleton(manifest, directory, err));
    TRY(restore_files(registry, manifest, directory, err));
    return set_folder_modes(manifest, directory, err);
}

static bool is_empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return false;
    int names = 0;
    while (names < 3 && readdir(folder))
        names++;
    (void)closedir(folder); /* was only read */
    return names <= 2;      /* "." and ".." */
}

int manifest_checkout(struct mlops_registry *registry, const struct manifest *manifest,
                      const char *directory, struct mlops_error *err)
{
    if (path_exists(directory) && !is_empty_folder(directory)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is there already and is not an empty folder",
                   directory);
        return mlops_hint(err, "name a folder that does not exist yet");
    }
    _cleanup_(free_string) char *parent = path_parent(directory);
    _cleanup_(free_string) char *temporary = NULL;
    TRY(directory_make_temporary(parent, ".mlops-checkout", &temporary, err));
    /* mkdtemp's folder is private; the one that is handed over has the caller's umask */
    _cleanup_(free_string) char *tree = path_join(temporary, "tree");
    int code = MLOPS_OK;
    if (mkdir(tree, 0777) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "make folder '%s'", tree);
    if (code == MLOPS_OK)
        code = fill(registry, manifest, tree, err);
    if (code == MLOPS_OK && rename(tree, directory) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", tree, directory);
    struct mlops_error ignored = {0}; /* what matters is the checkout: there, or why it is not */
    (void)tree_remove(temporary, &ignored);
    return code;
}

int mlops_checkout(struct mlops_registry *registry, const char *ref, const char *directory,
                   struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    TRY(manifest_load(registry, ref, version, &manifest, NULL, err));
    return manifest_checkout(registry, &manifest, directory, err);
}
