/*
 * lib/bundle/archive_write.c - a bundle as one .tar.zst: the same bytes for the same bundle, its
 * entries in the manifest's order.
 */
#include "bundle/archive_output.h"
#include "registry/registry.h"
#include "store/store.h"
#include "store/stream.h"
#include <mlops/archive.h>
#include <stdio.h>

struct export
{
    struct mlops_registry *registry;
    struct store *store;
    const struct manifest *manifest;
    const struct buffer *text;     /* of the manifest */
    struct archive_output *output; /* while there is one */
    uint64_t left;                 /* bytes of the present entry */
};

/* store_sink */
static int to_archive(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    struct export *export = context;
    if (length > export->left)
        return mlops_fail(err, MLOPS_INTEGRITY, "it is longer than its manifest says");
    export->left -= length;
    export->output->done += length;
    return archive_output_data(export->output, "content", data, length, err);
}

static int write_content(struct export *export, const char *name, const struct manifest_file *file,
                         struct mlops_error *err)
{
    TRY(archive_output_begin(export->output, name, file->mode, file->size, err));
    export->left = file->size;
    int code = store_stream(export->store, &file->digest, to_archive, export, err);
    if (code == MLOPS_OK && export->left > 0)
        code = mlops_fail(err, MLOPS_INTEGRITY, "it is shorter than its manifest says");
    if (code != MLOPS_OK)
        return export->output->failed.code ? code : mlops_wrap(err, "'%s'", file->path);
    return archive_output_end(export->output, name, err);
}

static int write_file(struct export *export, const struct manifest_file *file,
                      struct mlops_error *err)
{
    _cleanup_(free_string) char *name = xprintf(ARCHIVE_FILES "%s", file->path);
    switch (file->kind) {
    case MANIFEST_FOLDER:
        return archive_output_plain(export->output, name, AE_IFDIR, file->mode, NULL, err);
    case MANIFEST_LINK:
        return archive_output_plain(export->output, name, AE_IFLNK, 0777, file->target, err);
    case MANIFEST_FILE:
        break;
    }
    return write_content(export, name, file, err);
}

static int write_profile(struct export *export, const struct manifest_data *data,
                         struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    char hex[SHA256_HEX_SIZE], name[sizeof(ARCHIVE_PROFILES) + SHA256_HEX_SIZE];
    digest_to_hex(&data->profile, hex);
    (void)snprintf(name, sizeof(name), ARCHIVE_PROFILES "%s", hex);
    if (store_read(export->store, &data->profile, ARCHIVE_PROFILE_MAX, &content, err))
        return mlops_wrap(err, "the profile of '%s'", data->name);
    return archive_output_memory(export->output, name, 0644, &content, err);
}

static int write_patch(struct export *export, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    if (!export->manifest->has_patch)
        return MLOPS_OK;
    TRY(manifest_read_patch(export->registry, export->manifest, &content, err));
    return archive_output_memory(export->output, ARCHIVE_PATCH, 0644, &content, err);
}

/* archive_body */
static int write_bundle(void *context, struct archive_output *output, struct mlops_error *err)
{
    struct export *export = context;
    const struct manifest *manifest = export->manifest;
    export->output = output;
    TRY(archive_output_memory(output, ARCHIVE_MANIFEST, 0644, export->text, err));
    for (size_t i = 0; i < manifest->data_count; i++)
        if (!archive_profile_repeats(manifest, i))
            TRY(write_profile(export, &manifest->data[i], err));
    TRY(write_patch(export, err));
    for (size_t i = 0; i < manifest->file_count; i++)
        TRY(write_file(export, &manifest->files[i], err));
    return MLOPS_OK;
}

int mlops_archive_export(struct mlops_registry *registry, const char *ref, const char *path,
                         struct mlops_archive *archive, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct export export = {.registry = registry, .manifest = &manifest, .text = &text};
    *archive = (struct mlops_archive){0};
    TRY(manifest_load(registry, ref, &archive->version, &manifest, &text, err));
    TRY(manifest_check_files(&manifest, err));
    if (archive_check_values(&text, err))
        return mlops_wrap(err, "write '%s'", path);
    TRY(registry_store(registry, &export.store, err));
    for (size_t i = 0; i < manifest.file_count; i++) {
        archive->files += manifest.files[i].kind == MANIFEST_FILE;
        archive->bytes += manifest.files[i].size;
    }
    return archive_output_write(registry, path, archive->bytes, write_bundle, &export,
                                &archive->archive_bytes, err);
}
