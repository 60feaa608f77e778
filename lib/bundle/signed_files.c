/* lib/bundle/signed_files.c - the files of an archive, as a signature lists them. */
#include "bundle/signed_files.h"
#include "bundle/signature.h"
#include <sys/stat.h>

void signed_files_clear(struct signed_files *files)
{
    oms_resources_clear(&files->resources);
    strings_free(files->warnings);
}

void signed_files_warn(struct signed_files *files, const char *what, const char *path)
{
    files->warnings = xrealloc(files->warnings, files->warning_count + 2, sizeof(char *));
    files->warnings[files->warning_count++] = xprintf("%s: %s", path, what);
    files->warnings[files->warning_count] = NULL;
}

bool signed_files_ignore(const struct signed_files *files, const char *path)
{
    for (size_t i = 0; files->ignored && files->ignored[i]; i++) {
        size_t length = strlen(files->ignored[i]);
        if (strncmp(files->ignored[i], path, length) == 0 &&
            (path[length] == '\0' || path[length] == '/'))
            return true;
    }
    return false;
}

/* Manifests list a folder only where it is empty or has a mode of its own. */
static bool is_empty(const struct manifest *manifest, size_t folder)
{
    const char *path = manifest->files[folder].path;
    size_t length = strlen(path);
    for (size_t i = 0; i < manifest->file_count; i++)
        if (strncmp(manifest->files[i].path, path, length) == 0 &&
            manifest->files[i].path[length] == '/')
            return false;
    return true;
}

static void tell_uncovered(const struct manifest *manifest, struct signed_files *files)
{
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        if (file->kind == MANIFEST_FOLDER && is_empty(manifest, i))
            signed_files_warn(files, "an empty folder, which no signature covers", file->path);
        if (file->kind == MANIFEST_FILE && file->mode & (S_ISUID | S_ISGID))
            signed_files_warn(files,
                              "runs with its owner's rights (setuid); no signature covers modes",
                              file->path);
    }
}

int signed_files_of_archive(struct mlops_registry *registry, const char *path,
                            struct signed_files *files, struct manifest *manifest,
                            char bundle[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err)
{
    _cleanup_(oms_resources_clear) struct oms_resources all = {0};
    bool symlinks;
    TRY(archive_check(registry, path, manifest, bundle, err));
    TRY(signature_resources(manifest, &all, &symlinks, err));
    files->symlinks = symlinks;
    for (size_t i = 0; i < all.count; i++)
        if (signed_files_ignore(files, all.items[i].name))
            signed_files_warn(files, "not covered: the signature says to ignore it",
                              all.items[i].name);
        else
            oms_add(&files->resources, all.items[i].name, &all.items[i].digest);
    tell_uncovered(manifest, files);
    return oms_sort(&files->resources, err);
}
