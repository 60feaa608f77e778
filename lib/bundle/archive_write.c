/*
 * lib/bundle/archive_write.c - a bundle as one .tar.zst: the same bytes for the same bundle.
 *
 * Nothing of this machine or this moment goes in: no times, no owners, entries in the manifest's
 * order, one compression level, one thread.
 */
#include "base/file.h"
#include "base/path.h"
#include "bundle/archive.h"
#include "registry/registry.h"
#include "store/store.h"
#include "store/stream.h"
#include <errno.h>
#include <fcntl.h>
#include <mlops/archive.h>
#include <stdio.h>
#include <unistd.h>

struct export
{
    struct mlops_registry *registry;
    struct store *store;
    struct archive_api api;
    struct archive *writer;
    struct archive_entry *entry;
    const char *path; /* for messages */
    int fd;
    uint64_t written; /* bytes of the archive */
    uint64_t done;    /* bytes of the bundle's files */
    uint64_t total;
    uint64_t left;             /* bytes of the present entry */
    bool over;                 /* nothing is to be written any more */
    struct mlops_error failed; /* why write_out could not */
};

static void export_clear(struct export *export)
{
    if (export->writer) {
        /* an entry that is not whole is not filled up, and the close frees what free would leak */
        export->over = true;
        (void)export->api.archive_write_fail(export->writer);
        (void)export->api.archive_write_close(export->writer);
        (void)export->api.archive_write_free(export->writer);
    }
    if (export->entry)
        export->api.archive_entry_free(export->entry);
}

static int write_block(struct export *export, const void *data, size_t length,
                       struct mlops_error *err)
{
    TRY(archive_progress(export->registry, "writing the archive", export->done, export->total,
                         err));
    if (fd_write_full(export->fd, data, length, err))
        return mlops_wrap(err, "'%s'", export->path);
    export->written += length;
    return MLOPS_OK;
}

/* archive_write_callback. libarchive 3.6 leaks when it is told of a failure: it is not, and `check`
 * sees it after the call. */
static la_ssize_t write_out(struct archive *writer, void *context, const void *data, size_t length)
{
    struct export *export = context;
    (void)writer;
    if (!export->over && write_block(export, data, length, &export->failed))
        export->over = true;
    return (la_ssize_t)length;
}

/* Anything but ARCHIVE_OK is a failure: a warning means that something was left out. */
static int check(struct export *export, int result, const char *what, struct mlops_error *err)
{
    if (export->failed.code) {
        *err = export->failed;
        return (int)err->code;
    }
    if (result == ARCHIVE_OK)
        return MLOPS_OK;
    const char *reason = export->api.archive_error_string(export->writer);
    return mlops_fail(err, MLOPS_IO, "write '%s': %s: %s", export->path, what,
                      reason ? reason : "no reason given");
}

static int open_writer(struct export *export, struct mlops_error *err)
{
    const struct archive_api *api = &export->api;
    struct archive *writer = export->writer = xcheck(api->archive_write_new());
    export->entry = xcheck(api->archive_entry_new());
    TRY(check(export, api->archive_write_set_format_pax_restricted(writer), "tar", err));
    TRY(check(export, api->archive_write_add_filter_zstd(writer), "zstd", err));
    TRY(check(
        export,
        api->archive_write_set_filter_option(writer, "zstd", "compression-level", ARCHIVE_LEVEL),
        "zstd", err));
    TRY(check(export, api->archive_write_set_bytes_per_block(writer, ARCHIVE_BLOCK), "tar", err));
    TRY(check(export, api->archive_write_set_bytes_in_last_block(writer, 1), "tar", err));
    return check(export, api->archive_write_open(writer, export, NULL, write_out, NULL), "begin",
                 err);
}

/* What every entry has; the caller sets the rest and calls write_header. */
static void begin_entry(struct export *export, const char *name, unsigned type, unsigned mode)
{
    const struct archive_api *api = &export->api;
    api->archive_entry_clear(export->entry);
    api->archive_entry_set_pathname(export->entry, name);
    api->archive_entry_set_filetype(export->entry, type);
    api->archive_entry_set_perm(export->entry, mode);
    api->archive_entry_set_mtime(export->entry, 0, 0);
    api->archive_entry_set_uid(export->entry, 0);
    api->archive_entry_set_gid(export->entry, 0);
    api->archive_entry_set_size(export->entry, 0);
}

static int write_header(struct export *export, const char *name, struct mlops_error *err)
{
    return check(export, export->api.archive_write_header(export->writer, export->entry), name,
                 err);
}

static int write_data(struct export *export, const char *name, const char *data, size_t length,
                      struct mlops_error *err)
{
    while (length > 0) {
        la_ssize_t n = export->api.archive_write_data(export->writer, data, length);
        TRY(check(export, n > 0 ? ARCHIVE_OK : ARCHIVE_FATAL, name, err));
        data += n;
        length -= (size_t)n;
    }
    return MLOPS_OK;
}

static int write_memory(struct export *export, const char *name, unsigned mode,
                        const struct buffer *content, struct mlops_error *err)
{
    begin_entry(export, name, AE_IFREG, mode);
    export->api.archive_entry_set_size(export->entry, (la_int64_t)content->length);
    TRY(write_header(export, name, err));
    TRY(write_data(export, name, content->data, content->length, err));
    return check(export, export->api.archive_write_finish_entry(export->writer), name, err);
}

/* store_sink */
static int to_archive(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    struct export *export = context;
    if (length > export->left)
        return mlops_fail(err, MLOPS_INTEGRITY, "it is longer than its manifest says");
    export->left -= length;
    export->done += length;
    return write_data(export, "content", (const char *)data, length, err);
}

static int write_content(struct export *export, const char *name, const struct manifest_file *file,
                         struct mlops_error *err)
{
    begin_entry(export, name, AE_IFREG, file->mode);
    export->api.archive_entry_set_size(export->entry, (la_int64_t)file->size);
    TRY(write_header(export, name, err));
    export->left = file->size;
    int code = store_stream(export->store, &file->digest, to_archive, export, err);
    if (code == MLOPS_OK && export->left > 0)
        code = mlops_fail(err, MLOPS_INTEGRITY, "it is shorter than its manifest says");
    if (code != MLOPS_OK)
        return export->failed.code ? code : mlops_wrap(err, "'%s'", file->path);
    return check(export, export->api.archive_write_finish_entry(export->writer), name, err);
}

static int write_file(struct export *export, const struct manifest_file *file,
                      struct mlops_error *err)
{
    _cleanup_(free_string) char *name = xprintf(ARCHIVE_FILES "%s", file->path);
    switch (file->kind) {
    case MANIFEST_FOLDER:
        begin_entry(export, name, AE_IFDIR, file->mode);
        break;
    case MANIFEST_LINK:
        begin_entry(export, name, AE_IFLNK, 0777);
        export->api.archive_entry_set_symlink(export->entry, file->target);
        break;
    case MANIFEST_FILE:
        return write_content(export, name, file, err);
    }
    TRY(write_header(export, name, err));
    return check(export, export->api.archive_write_finish_entry(export->writer), name, err);
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
    return write_memory(export, name, 0644, &content, err);
}

static int write_patch(struct export *export, const struct manifest *manifest,
                       struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    if (!manifest->has_patch)
        return MLOPS_OK;
    TRY(manifest_read_patch(export->registry, manifest, &content, err));
    return write_memory(export, ARCHIVE_PATCH, 0644, &content, err);
}

static int write_bundle(struct export *export, const struct manifest *manifest,
                        const struct buffer *text, struct mlops_error *err)
{
    TRY(open_writer(export, err));
    TRY(write_memory(export, ARCHIVE_MANIFEST, 0644, text, err));
    for (size_t i = 0; i < manifest->data_count; i++)
        if (!archive_profile_repeats(manifest, i))
            TRY(write_profile(export, &manifest->data[i], err));
    TRY(write_patch(export, manifest, err));
    for (size_t i = 0; i < manifest->file_count; i++)
        TRY(write_file(export, &manifest->files[i], err));
    TRY(check(export, export->api.archive_write_close(export->writer), "end", err));
    return archive_progress(export->registry, "writing the archive", export->total, export->total,
                            err);
}

/* To a name beside `path`, which it gets when all is on disk. */
static int write_beside(struct export *export, const struct manifest *manifest,
                        const struct buffer *text, const char *path, struct mlops_error *err)
{
    static _Atomic unsigned counter; /* only makes names differ within the process */
    _cleanup_(free_string) char *temporary =
        xprintf("%s.%ld-%u.tmp", path, (long)getpid(), counter++);
    _cleanup_(free_string) char *folder = path_parent(path);
    _cleanup_(fd_close) int fd = export->fd =
        open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == ENOENT) {
        mlops_fail(err, MLOPS_NOT_FOUND, "write '%s': there is no folder '%s'", path, folder);
        return mlops_hint(err, "make it first");
    }
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", path);
    int code = write_bundle(export, manifest, text, err);
    if (code == MLOPS_OK && fsync(fd) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "fsync '%s'", path);
    if (code == MLOPS_OK && rename(temporary, path) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", temporary, path);
    if (code != MLOPS_OK) {
        (void)unlink(temporary); /* the first error is the one that counts */
        return code;
    }
    return directory_sync(folder, err);
}

static int write_path(struct export *export, const struct manifest *manifest,
                      const struct buffer *text, struct mlops_error *err)
{
    struct stat status;
    const char *path = export->path;
    if (str_equal(path, "-")) {
        export->path = "standard output";
        export->fd = STDOUT_FILENO;
        return write_bundle(export, manifest, text, err);
    }
    if (!*path)
        return mlops_fail(err, MLOPS_INVALID, "the file to write the archive to has no name");
    if (stat(path, &status) < 0)
        return write_beside(export, manifest, text, path, err);
    if (S_ISDIR(status.st_mode)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is a folder", path);
        return mlops_hint(err, "name the file to write: bundle.tar.zst");
    }
    if (S_ISREG(status.st_mode)) {
        _cleanup_(free_string) char *real = realpath(path, NULL); /* a link stays one */
        return write_beside(export, manifest, text, real ? real : path, err);
    }
    _cleanup_(fd_close) int fd = export->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", path);
    return write_bundle(export, manifest, text, err);
}

int mlops_archive_export(struct mlops_registry *registry, const char *ref, const char *path,
                         struct mlops_archive *archive, struct mlops_error *err)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(export_clear) struct export export = {.registry = registry, .path = path, .fd = -1};
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(buffer_clear) struct buffer text = {0};
    *archive = (struct mlops_archive){0};
    TRY(archive_load(&export.api, err));
    TRY(archive_locale_enter(&locale, err));
    TRY(manifest_load(registry, ref, &archive->version, &manifest, &text, err));
    TRY(manifest_check_files(&manifest, err));
    if (archive_check_values(&text, err))
        return mlops_wrap(err, "write '%s'", path);
    TRY(registry_store(registry, &export.store, err));
    for (size_t i = 0; i < manifest.file_count; i++) {
        archive->files += manifest.files[i].kind == MANIFEST_FILE;
        export.total += manifest.files[i].size;
    }
    TRY(write_path(&export, &manifest, &text, err));
    archive->bytes = export.total;
    archive->archive_bytes = export.written;
    return MLOPS_OK;
}
