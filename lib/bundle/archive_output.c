/*
 * lib/bundle/archive_output.c - a .tar.zst on its way out: the same bytes for the same entries.
 *
 * Nothing of this machine or this moment goes in: no times, no owners, one compression level, one
 * thread.
 */
#include "bundle/archive_output.h"
#include "base/file.h"
#include "base/path.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What writes the entries. */
struct body {
    archive_body write;
    void *context;
};

static void output_clear(struct archive_output *output)
{
    if (output->writer) {
        /* an entry that is not whole is not filled up, and the close frees what free would leak */
        output->over = true;
        (void)output->api.archive_write_fail(output->writer);
        (void)output->api.archive_write_close(output->writer);
        (void)output->api.archive_write_free(output->writer);
    }
    if (output->entry)
        output->api.archive_entry_free(output->entry);
}

static int write_block(struct archive_output *output, const void *data, size_t length,
                       struct mlops_error *err)
{
    TRY(archive_progress(output->registry, "writing the archive", output->done, output->total,
                         err));
    if (fd_write_full(output->fd, data, length, err))
        return mlops_wrap(err, "'%s'", output->path);
    output->written += length;
    return MLOPS_OK;
}

/* archive_write_callback. libarchive 3.6 leaks when it is told of a failure: it is not, and `check`
 * sees it after the call. */
static la_ssize_t write_out(struct archive *writer, void *context, const void *data, size_t length)
{
    struct archive_output *output = context;
    (void)writer;
    if (!output->over && write_block(output, data, length, &output->failed))
        output->over = true;
    return (la_ssize_t)length;
}

/* Anything but ARCHIVE_OK is a failure: a warning means that something was left out. */
static int check(struct archive_output *output, int result, const char *what,
                 struct mlops_error *err)
{
    if (output->failed.code) {
        *err = output->failed;
        return (int)err->code;
    }
    if (result == ARCHIVE_OK)
        return MLOPS_OK;
    const char *reason = output->api.archive_error_string(output->writer);
    return mlops_fail(err, MLOPS_IO, "write '%s': %s: %s", output->path, what,
                      reason ? reason : "no reason given");
}

static int open_writer(struct archive_output *output, struct mlops_error *err)
{
    const struct archive_api *api = &output->api;
    struct archive *writer = output->writer = xcheck(api->archive_write_new());
    output->entry = xcheck(api->archive_entry_new());
    TRY(check(output, api->archive_write_set_format_pax_restricted(writer), "tar", err));
    TRY(check(output, api->archive_write_add_filter_zstd(writer), "zstd", err));
    TRY(check(
        output,
        api->archive_write_set_filter_option(writer, "zstd", "compression-level", ARCHIVE_LEVEL),
        "zstd", err));
    TRY(check(output, api->archive_write_set_bytes_per_block(writer, ARCHIVE_BLOCK), "tar", err));
    TRY(check(output, api->archive_write_set_bytes_in_last_block(writer, 1), "tar", err));
    return check(output, api->archive_write_open(writer, output, NULL, write_out, NULL), "begin",
                 err);
}

static int write_entries(struct archive_output *output, const struct body *body,
                         struct mlops_error *err)
{
    TRY(open_writer(output, err));
    TRY(body->write(body->context, output, err));
    TRY(check(output, output->api.archive_write_close(output->writer), "end", err));
    return archive_progress(output->registry, "writing the archive", output->total, output->total,
                            err);
}

/* To a name beside `path`, which it gets when all is on disk. */
static int write_beside(struct archive_output *output, const struct body *body, const char *path,
                        struct mlops_error *err)
{
    static _Atomic unsigned counter; /* only makes names differ within the process */
    _cleanup_(free_string) char *temporary =
        xprintf("%s.%ld-%u.tmp", path, (long)getpid(), counter++);
    _cleanup_(free_string) char *folder = path_parent(path);
    _cleanup_(fd_close) int fd = output->fd =
        open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == ENOENT) {
        mlops_fail(err, MLOPS_NOT_FOUND, "write '%s': there is no folder '%s'", path, folder);
        return mlops_hint(err, "make it first");
    }
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", path);
    int code = write_entries(output, body, err);
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

static int write_path(struct archive_output *output, const struct body *body,
                      struct mlops_error *err)
{
    struct stat status;
    const char *path = output->path;
    if (str_equal(path, "-")) {
        output->path = "standard output";
        output->fd = STDOUT_FILENO;
        return write_entries(output, body, err);
    }
    if (!*path)
        return mlops_fail(err, MLOPS_INVALID, "the file to write the archive to has no name");
    if (stat(path, &status) < 0)
        return write_beside(output, body, path, err);
    if (S_ISDIR(status.st_mode)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is a folder", path);
        return mlops_hint(err, "name the file to write: bundle.tar.zst");
    }
    if (S_ISREG(status.st_mode)) {
        _cleanup_(free_string) char *real = realpath(path, NULL); /* a link stays one */
        return write_beside(output, body, real ? real : path, err);
    }
    _cleanup_(fd_close) int fd = output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", path);
    return write_entries(output, body, err);
}

/* What every entry has; the caller sets the rest and calls write_header. */
static void begin_entry(struct archive_output *output, const char *name, unsigned type,
                        unsigned mode)
{
    const struct archive_api *api = &output->api;
    api->archive_entry_clear(output->entry);
    api->archive_entry_set_pathname(output->entry, name);
    api->archive_entry_set_filetype(output->entry, type);
    api->archive_entry_set_perm(output->entry, mode);
    api->archive_entry_set_mtime(output->entry, 0, 0);
    api->archive_entry_set_uid(output->entry, 0);
    api->archive_entry_set_gid(output->entry, 0);
    api->archive_entry_set_size(output->entry, 0);
}

static int write_header(struct archive_output *output, const char *name, struct mlops_error *err)
{
    return check(output, output->api.archive_write_header(output->writer, output->entry), name,
                 err);
}

int archive_output_plain(struct archive_output *output, const char *name, unsigned type,
                         unsigned mode, const char *target, struct mlops_error *err)
{
    begin_entry(output, name, type, mode);
    if (target)
        output->api.archive_entry_set_symlink(output->entry, target);
    TRY(write_header(output, name, err));
    return archive_output_end(output, name, err);
}

int archive_output_begin(struct archive_output *output, const char *name, unsigned mode,
                         uint64_t size, struct mlops_error *err)
{
    begin_entry(output, name, AE_IFREG, mode);
    output->api.archive_entry_set_size(output->entry, (la_int64_t)size);
    return write_header(output, name, err);
}

int archive_output_data(struct archive_output *output, const char *name, const void *data,
                        size_t length, struct mlops_error *err)
{
    const char *at = data;
    while (length > 0) {
        la_ssize_t n = output->api.archive_write_data(output->writer, at, length);
        TRY(check(output, n > 0 ? ARCHIVE_OK : ARCHIVE_FATAL, name, err));
        at += n;
        length -= (size_t)n;
    }
    return MLOPS_OK;
}

int archive_output_end(struct archive_output *output, const char *name, struct mlops_error *err)
{
    return check(output, output->api.archive_write_finish_entry(output->writer), name, err);
}

int archive_output_memory(struct archive_output *output, const char *name, unsigned mode,
                          const struct buffer *content, struct mlops_error *err)
{
    TRY(archive_output_begin(output, name, mode, content->length, err));
    TRY(archive_output_data(output, name, content->data, content->length, err));
    return archive_output_end(output, name, err);
}

int archive_output_write(struct mlops_registry *registry, const char *path, uint64_t total,
                         archive_body body, void *context, uint64_t *written,
                         struct mlops_error *err)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(output_clear) struct archive_output output = {
        .registry = registry, .path = path, .fd = -1, .total = total};
    const struct body entries = {body, context};

    TRY(archive_load(&output.api, err));
    TRY(archive_locale_enter(&locale, err));
    TRY(write_path(&output, &entries, err));
    *written = output.written;
    return MLOPS_OK;
}
