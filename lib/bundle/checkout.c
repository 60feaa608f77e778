/* lib/bundle/checkout.c - a bundle's files back in a folder: all of them, or no folder. */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/destination.h"
#include "bundle/external.h"
#include "bundle/layout.h"
#include "bundle/switch.h"
#include "registry/registry.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mlops/bundle.h>
#include <stdio.h>
#include <unistd.h>

static bool is_top(const struct manifest_file *file)
{
    return !strchr(file->path, '/');
}

/* Rename where nothing stands at `to`. Some file systems cannot promise that: there the check that
 * the folder is empty has to do. */
static int rename_new(const char *from, const char *to, struct mlops_error *err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return MLOPS_OK;
    if ((errno == EINVAL || errno == ENOSYS) && !path_exists(to) && rename(from, to) == 0)
        return MLOPS_OK;
    return mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", from, to);
}

/* Move what is in `tree` into `directory`, name by name, replacing nothing. `*moved` counts the
 * files of the manifest that were looked at. */
static int move_in(const struct manifest *manifest, const char *tree, const char *directory,
                   size_t *moved, struct mlops_error *err)
{
    for (; *moved < manifest->file_count; ++*moved) {
        const char *name = manifest->files[*moved].path;
        _cleanup_(free_string) char *from = path_join(tree, name);
        _cleanup_(free_string) char *to = path_join(directory, name);
        if (is_top(&manifest->files[*moved]))
            TRY(rename_new(from, to, err));
    }
    return MLOPS_OK;
}

/* Into a folder that is there and stays: it may be the working directory, a mount point, or have
 * an owner and a mode that matter. */
static int checkout_into(struct mlops_registry *registry, const struct manifest *manifest,
                         const char *directory, struct layout_moved *moved_bytes,
                         struct mlops_error *err)
{
    _cleanup_(free_string) char *temporary = NULL;
    struct mlops_error ignored = {0}; /* what matters is the checkout: there, or why it is not */
    size_t moved = 0;
    TRY(directory_make_temporary(directory, ".mlops-checkout", &temporary, err));
    int code = layout_fill(registry, manifest, temporary, NULL, moved_bytes, err);
    if (code == MLOPS_OK)
        code = move_in(manifest, temporary, directory, &moved, err);
    if (code == MLOPS_OK)
        code = layout_close(manifest, directory, err);
    for (size_t i = 0; code != MLOPS_OK && i < moved; i++) {
        _cleanup_(free_string) char *path = path_join(directory, manifest->files[i].path);
        if (is_top(&manifest->files[i]))
            (void)tree_remove(path, &ignored);
    }
    (void)tree_remove(temporary, &ignored);
    return code;
}

/* As a folder that is not there: made beside it, and renamed when it is whole. */
static int checkout_as(struct mlops_registry *registry, const struct manifest *manifest,
                       const char *directory, struct layout_moved *moved, struct mlops_error *err)
{
    _cleanup_(free_string) char *parent = path_parent(directory);
    _cleanup_(free_string) char *temporary = NULL;
    if (directory_make_temporary(parent, ".mlops-checkout", &temporary, err)) {
        if (err->code == MLOPS_NOT_FOUND)
            mlops_hint(err, "make the folder '%s' first", parent);
        return (int)err->code;
    }
    /* mkdtemp's folder is private; the one that is handed over has the caller's umask */
    _cleanup_(free_string) char *tree = path_join(temporary, "tree");
    int code = MLOPS_OK;
    if (mkdir(tree, 0777) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "make folder '%s'", tree);
    if (code == MLOPS_OK)
        code = layout_fill(registry, manifest, tree, NULL, moved, err);
    if (code == MLOPS_OK)
        code = layout_close(manifest, tree, err);
    if (code == MLOPS_OK && rename(tree, directory) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", tree, directory);
    struct mlops_error ignored = {0}; /* what matters is the checkout: there, or why it is not */
    (void)tree_remove(temporary, &ignored);
    return code;
}

static int checkout_fresh(struct mlops_registry *registry, const struct manifest *manifest,
                          const char *directory, struct layout_moved *moved,
                          struct mlops_error *err)
{
    bool there;
    TRY(destination_check(directory, &there, err));
    return there ? checkout_into(registry, manifest, directory, moved, err)
                 : checkout_as(registry, manifest, directory, moved, err);
}

int manifest_checkout(struct mlops_registry *registry, const struct manifest *manifest,
                      const char *directory, struct mlops_error *err)
{
    struct layout_moved moved;
    if (!*directory)
        return mlops_fail(err, MLOPS_INVALID, "the folder to check out into has no name");
    return checkout_fresh(registry, manifest, directory, &moved, err);
}

/* A folder with something in it: an earlier checkout is switched, all else is refused. */
static int checkout_over(struct mlops_registry *registry, const struct manifest *manifest,
                         const char *directory, bool force, struct mlops_checkout *checkout,
                         struct layout_moved *moved, struct mlops_error *err)
{
    _cleanup_(earlier_clear) struct earlier earlier = {0};
    bool found;
    TRY(earlier_find(registry, directory, &earlier, &found, err));
    if (!found)
        return checkout_fresh(registry, manifest, directory, moved, err); /* says what is there */
    if (!force)
        TRY(earlier_check(&earlier, err));
    checkout->previous = earlier.version;
    return earlier_switch(registry, &earlier, manifest, force, moved, err);
}

int mlops_checkout(struct mlops_registry *registry, const char *ref, const char *directory,
                   const struct mlops_checkout_options *options, struct mlops_checkout *checkout,
                   struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct layout_moved moved = {0};
    *checkout = (struct mlops_checkout){0};
    if (!*directory)
        return mlops_fail(err, MLOPS_INVALID, "the folder to check out into has no name");
    TRY(manifest_load(registry, ref, &checkout->version, &manifest, NULL, err));
    if (destination_filled(directory))
        TRY(checkout_over(registry, &manifest, directory, options && options->force, checkout,
                          &moved, err));
    else
        TRY(checkout_fresh(registry, &manifest, directory, &moved, err));
    earlier_remember(registry, directory, checkout->version.bundle, &manifest);
    checkout->kept_files = moved.kept_files;
    checkout->kept_bytes = moved.kept_bytes;
    checkout->stored_bytes = moved.stored_bytes;
    if (options && options->fetches)
        return external_fetch_all(registry, &manifest, directory, err);
    external_tell(registry, &manifest);
    return MLOPS_OK;
}
