/* lib/bundle/switch.c - from one checkout to another. */
#include "bundle/switch.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/escape.h"
#include "registry/registry.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Which folder it is, whatever its name. One that was made anew is another, and as inodes are used
 * again, it takes the time of its birth to tell. */
static int folder_key(const char *directory, struct digest *key, struct mlops_error *err)
{
    struct statx status;
    if (statx(AT_FDCWD, directory, 0, STATX_INO | STATX_BTIME, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", directory);
    bool born = status.stx_mask & STATX_BTIME;
    const uint64_t folder[] = {status.stx_dev_major, status.stx_dev_minor, status.stx_ino,
                               born ? (uint64_t)status.stx_btime.tv_sec : 0,
                               born ? status.stx_btime.tv_nsec : 0};
    sha256_of(folder, sizeof(folder), key);
    return MLOPS_OK;
}

int earlier_find(struct mlops_registry *registry, const char *directory, struct earlier *earlier,
                 bool *found, struct mlops_error *err)
{
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_error unknown = {0};
    *earlier = (struct earlier){0};
    *found = false;
    earlier->directory = realpath(directory, NULL);
    if (!earlier->directory)
        return mlops_fail_errno(err, MLOPS_IO, errno, "find the folder '%s'", directory);
    earlier->memory = stat_cache_open(registry, "checkout", directory);
    const struct stat_cache_bundle *last = stat_cache_bundle(earlier->memory);
    struct digest key;
    TRY(folder_key(directory, &key, err));
    if (!last || !digest_equal(&key, &last->key))
        return MLOPS_OK;
    bundle_id_format(&last->bundle, id);
    int code = manifest_load(registry, id, &earlier->version, &earlier->manifest, NULL, &unknown);
    *found = code == MLOPS_OK;
    if (code == MLOPS_IO)
        *err = unknown;
    return code == MLOPS_IO ? code : MLOPS_OK;
}

void earlier_clear(struct earlier *earlier)
{
    free(earlier->directory);
    manifest_clear(&earlier->manifest);
    stat_cache_close(earlier->memory);
    free(earlier->looks);
    *earlier = (struct earlier){0};
}

/* ---- is it what it was? -------------------------------------------------------------------- */

static int changed(const struct earlier *earlier, const char *path, const char *what,
                   struct mlops_error *err)
{
    _cleanup_(free_string) char *shown = escape_name(path);
    mlops_fail(err, MLOPS_INVALID, "'%s' is an earlier checkout that was changed: '%s' %s",
               earlier->directory, shown, what);
    return mlops_hint(err, "check out into another folder, or lose the changes with --force");
}

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct manifest_file *)file)->path);
}

/* Does the file still have the content that the manifest says? */
static int check_content(const struct earlier *earlier, const struct manifest_file *file,
                         const char *path, const struct stat *status, struct mlops_error *err)
{
    const struct digest *known = stat_cache_find(earlier->memory, file->path, status);
    struct digest digest;
    if (known && digest_equal(known, &file->digest))
        return MLOPS_OK;
    if ((uint64_t)status->st_size != file->size)
        return changed(earlier, file->path, "has another size", err);
    TRY(file_digest(path, &digest, err));
    return digest_equal(&digest, &file->digest)
               ? MLOPS_OK
               : changed(earlier, file->path, "has another content", err);
}

static int check_link(const struct earlier *earlier, const struct manifest_file *file,
                      const char *path, struct mlops_error *err)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target));
    if (length < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read the link '%s'", path);
    if ((size_t)length != strlen(file->target) || memcmp(target, file->target, (size_t)length) != 0)
        return changed(earlier, file->path, "points somewhere else", err);
    return MLOPS_OK;
}

static int check_folder(const struct earlier *earlier, const char *relative, size_t *seen,
                        struct mlops_error *err);

static int check_one(const struct earlier *earlier, const char *relative, size_t *seen,
                     struct mlops_error *err)
{
    const struct manifest *manifest = &earlier->manifest;
    _cleanup_(free_string) char *path = path_join(earlier->directory, relative);
    const struct manifest_file *file =
        manifest->file_count > 0 ? bsearch(relative, manifest->files, manifest->file_count,
                                           sizeof(*manifest->files), compare_path)
                                 : NULL;
    if (!file)
        return changed(earlier, relative, "is new", err);
    struct stat *status = &earlier->looks[file - manifest->files];
    if (lstat(path, status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", path);
    bool same = file->kind == MANIFEST_FILE     ? S_ISREG(status->st_mode)
                : file->kind == MANIFEST_FOLDER ? S_ISDIR(status->st_mode)
                                                : S_ISLNK(status->st_mode);
    if (!same)
        return changed(earlier, relative, "is another kind of file", err);
    ++*seen;
    if (file->kind == MANIFEST_LINK)
        return check_link(earlier, file, path, err);
    if ((status->st_mode & 07777) != file->mode)
        return changed(earlier, relative, "has other permissions", err);
    return file->kind == MANIFEST_FILE ? check_content(earlier, file, path, status, err)
                                       : check_folder(earlier, relative, seen, err);
}

/* `relative` is "" for the folder itself. */
static int check_folder(const struct earlier *earlier, const char *relative, size_t *seen,
                        struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(earlier->directory, relative);
    _cleanup_(folder_close) DIR *folder = opendir(path);
    if (!folder)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", path);
    for (;;) {
        const struct dirent *entry;
        TRY(folder_next(folder, path, &entry, err));
        if (!entry)
            return MLOPS_OK;
        _cleanup_(free_string) char *name =
            *relative ? path_join(relative, entry->d_name) : xstrdup(entry->d_name);
        TRY(check_one(earlier, name, seen, err));
    }
}

int earlier_check(struct earlier *earlier, struct mlops_error *err)
{
    size_t seen = 0;
    free(earlier->looks);
    earlier->looks = xcalloc(earlier->manifest.file_count + 1, sizeof(*earlier->looks));
    if (stat(earlier->directory, &earlier->looks[earlier->manifest.file_count]) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", earlier->directory);
    TRY(check_folder(earlier, "", &seen, err));
    for (size_t i = 0; seen < earlier->manifest.file_count; i++) {
        const struct manifest_file *file = &earlier->manifest.files[i];
        _cleanup_(free_string) char *path = path_join(earlier->directory, file->path);
        if (i + 1 == earlier->manifest.file_count || !path_exists(path))
            return changed(earlier, file->path, "is gone", err);
    }
    return MLOPS_OK;
}

/* Is all still what it was when it was checked? What was taken over is other names for files that
 * must not be written to meanwhile. A new name changes no mtime. */
static int check_again(const struct earlier *earlier, struct mlops_error *err)
{
    const struct manifest *manifest = &earlier->manifest;
    for (size_t i = 0; i <= manifest->file_count; i++) {
        const struct stat *before = &earlier->looks[i];
        const char *name = i < manifest->file_count ? manifest->files[i].path : ".";
        _cleanup_(free_string) char *path = path_join(earlier->directory, name);
        struct stat now;
        if (lstat(path, &now) < 0 || now.st_ino != before->st_ino ||
            now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
            return mlops_fail(err, MLOPS_CONFLICT, "'%s' changed while it was checked out", path);
    }
    return MLOPS_OK;
}

/* ---- the exchange -------------------------------------------------------------------------- */

/* The new tree takes the old one's place, and the old one the new one's. Where the file system
 * cannot do both at once the folder is away for an instant. */
static int exchange(const char *tree, const char *directory, const char *aside,
                    struct mlops_error *err)
{
    if (renameat2(AT_FDCWD, tree, AT_FDCWD, directory, RENAME_EXCHANGE) == 0)
        return MLOPS_OK;
    if (errno == EBUSY) {
        mlops_fail_errno(err, MLOPS_IO, errno, "exchange '%s'", directory);
        return mlops_hint(err, "check out into a folder below it: a mount point stays where it is");
    }
    if (errno != EINVAL && errno != ENOSYS)
        return mlops_fail_errno(err, MLOPS_IO, errno, "exchange '%s' with '%s'", tree, directory);
    if (rename(directory, aside) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s'", directory);
    if (rename(tree, directory) == 0)
        return MLOPS_OK;
    mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", tree, directory);
    (void)rename(aside, directory); /* back; the error says enough */
    return (int)err->code;
}

/* The folder's own mode and owner stay what somebody made them. */
static int take_owner(const char *directory, const char *tree, struct mlops_error *err)
{
    struct stat status, ours;
    if (stat(directory, &status) < 0 || stat(tree, &ours) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", directory);
    bool other = status.st_uid != ours.st_uid || status.st_gid != ours.st_gid;
    if ((other && chown(tree, status.st_uid, status.st_gid) < 0) ||
        chmod(tree, status.st_mode & 07777) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "give '%s' its owner and mode", tree);
    return MLOPS_OK;
}

int earlier_switch(struct mlops_registry *registry, struct earlier *earlier,
                   const struct manifest *manifest, bool force, struct layout_moved *moved,
                   struct mlops_error *err)
{
    struct old_layout old = {.directory = earlier->directory, .manifest = &earlier->manifest};
    _cleanup_(free_string) char *parent = path_parent(earlier->directory);
    _cleanup_(free_string) char *temporary = NULL;
    TRY(directory_make_temporary(parent, ".mlops-checkout", &temporary, err));
    _cleanup_(free_string) char *tree = path_join(temporary, "tree");
    _cleanup_(free_string) char *aside = path_join(temporary, "aside");
    int code = MLOPS_OK;
    if (mkdir(tree, 0700) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "make folder '%s'", tree);
    if (code == MLOPS_OK)
        code = layout_fill(registry, manifest, tree, force ? NULL : &old, moved, err);
    if (code == MLOPS_OK)
        code = layout_close(manifest, tree, err);
    if (code == MLOPS_OK)
        code = take_owner(earlier->directory, tree, err);
    if (code == MLOPS_OK && !force)
        code = check_again(earlier, err);
    if (code == MLOPS_OK)
        code = exchange(tree, earlier->directory, aside, err);
    struct mlops_error ignored = {0}; /* what matters is the checkout: there, or why it is not */
    (void)tree_remove(temporary, &ignored);
    return code;
}

/* ---- remembering --------------------------------------------------------------------------- */

/* As the files look now; `*newest_ns` is the latest of their times. */
static int look(const char *directory, const struct manifest *manifest, struct walk *walk,
                int64_t *newest_ns, struct mlops_error *err)
{
    *newest_ns = 0;
    walk->items = xcalloc(manifest->file_count, sizeof(*walk->items));
    for (size_t i = 0; i < manifest->file_count; i++) {
        struct walked *item = &walk->items[walk->count++];
        item->file = manifest->files[i]; /* borrowed */
        _cleanup_(free_string) char *path = path_join(directory, item->file.path);
        if (lstat(path, &item->status) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", path);
        struct timespec changed_at = item->status.st_ctim;
        int64_t time = (int64_t)changed_at.tv_sec * 1000000000 + changed_at.tv_nsec;
        *newest_ns = time > *newest_ns ? time : *newest_ns;
    }
    return MLOPS_OK;
}

void earlier_remember(struct mlops_registry *registry, const char *directory, const char *bundle,
                      const struct manifest *manifest)
{
    _cleanup_(stat_cache_close_ptr) struct stat_cache *memory =
        stat_cache_open(registry, "checkout", directory);
    struct stat_cache_bundle last = {0};
    struct walk walk = {.root = directory};
    struct mlops_error err = {0};
    int64_t newest_ns;
    (void)bundle_id_parse(bundle, &last.bundle);
    int code = folder_key(directory, &last.key, &err);
    if (code == MLOPS_OK)
        code = look(directory, manifest, &walk, &newest_ns, &err);
    if (code == MLOPS_OK) {
        /* Files that were written just now could change again without showing it. By the end of
         * the clock's tick they cannot. */
        int64_t wait_ns = newest_ns + STAT_TICK_NS + 1000000 - clock_now_ns();
        if (wait_ns > 0 && wait_ns <= 2 * STAT_TICK_NS) {
            clock_sleep_ns(wait_ns);
            free(walk.items);
            walk = (struct walk){.root = directory};
            code = look(directory, manifest, &walk, &newest_ns, &err);
        }
    }
    if (code == MLOPS_OK)
        code = stat_cache_save(memory, &walk, clock_now_ns(), &last, &err);
    free(walk.items); /* what stands in them belongs to the manifest */
    if (code)
        registry_warn(registry, "that '%s' is a checkout is not remembered: %s", directory,
                      err.message);
}
