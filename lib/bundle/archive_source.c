/* lib/bundle/archive_source.c - an archive from outside, read entry by entry. */
#include "bundle/archive_source.h"
#include "base/file.h"
#include "bundle/escape.h"
#include "registry/registry.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int archive_source_refuse(const struct archive_source *source, enum mlops_code code,
                          const char *name, const char *what, struct mlops_error *err)
{
    _cleanup_(free_string) char *shown = escape_name(name);
    return mlops_fail(err, code, "the archive '%s': '%s' %s", source->shown, shown, what);
}

/* Does more come out than the file, or its manifest, gives reason for? */
static int check_growth(const struct archive_source *source, struct mlops_error *err)
{
    la_int64_t out = source->api.archive_filter_bytes(source->reader, 0);
    uint64_t allowed = ARCHIVE_RATIO_FREE + source->taken * ARCHIVE_RATIO_MAX;
    if (out <= 0 || (uint64_t)out <= allowed || (uint64_t)out <= source->stated)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID,
                      "the archive '%s' decompresses to more than %d times its size, and its "
                      "manifest does not account for it",
                      source->shown, ARCHIVE_RATIO_MAX);
}

static int read_block(struct archive_source *source, size_t *got, struct mlops_error *err)
{
    if (source->reader)
        TRY(check_growth(source, err));
    for (;;) { /* whoever waits for a pipe may be told to stop */
        TRY(archive_progress(source->registry, "reading the archive", source->taken,
                             source->file_size > source->taken ? source->file_size : 0, err));
        ssize_t n = read(source->fd, source->block, sizeof(source->block));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read '%s'", source->shown);
        source->taken += (uint64_t)n;
        *got = (size_t)n;
        return MLOPS_OK;
    }
}

/* archive_read_callback */
static la_ssize_t read_in(struct archive *reader, void *context, const void **data)
{
    struct archive_source *source = context;
    size_t got = 0;
    *data = source->block;
    if (source->failed.code || read_block(source, &got, &source->failed)) {
        source->api.archive_set_error(reader, EIO, "%s", source->failed.message);
        return -1;
    }
    return (la_ssize_t)got;
}

/* libarchive could not go on; `name` NULL: with nothing yet. */
static int broken(const struct archive_source *source, const char *name, struct mlops_error *err)
{
    if (source->failed.code) {
        *err = source->failed;
        return (int)err->code;
    }
    const char *text = source->api.archive_error_string(source->reader);
    _cleanup_(free_string) char *reason = escape_name(text ? text : "no reason given");
    if (name)
        return mlops_fail(err, MLOPS_INTEGRITY, "the archive '%s' is damaged at '%s': %s",
                          source->shown, name, reason);
    mlops_fail(err, MLOPS_INVALID, "'%s' is not an archive of a bundle: %s", source->shown, reason);
    return mlops_hint(err, "'mlops export' makes them: .tar.zst");
}

static int open_reader(struct archive_source *source, struct mlops_error *err)
{
    const struct archive_api *api = &source->api;
    struct archive *reader = source->reader = xcheck(api->archive_read_new());
    /* concatenated: to read on behind the mark of the end, so that nothing hides there */
    if (api->archive_read_support_format_tar(reader) != ARCHIVE_OK ||
        api->archive_read_support_filter_gzip(reader) != ARCHIVE_OK ||
        api->archive_read_support_filter_zstd(reader) != ARCHIVE_OK ||
        api->archive_read_set_format_option(reader, "tar", "read_concatenated_archives", "1") !=
            ARCHIVE_OK) {
        const char *text = api->archive_error_string(reader);
        return mlops_fail(err, MLOPS_IO, "libarchive cannot read .tar.zst here: %s",
                          text ? text : "it was built without");
    }
    if (api->archive_read_open(reader, source, NULL, read_in, NULL) != ARCHIVE_OK)
        return broken(source, NULL, err);
    /* Layers multiply: what is allowed of one is nothing of two. The file itself counts as one. */
    if (api->archive_filter_count(reader) > 2)
        return mlops_fail(err, MLOPS_INVALID, "the archive '%s' is compressed more than once",
                          source->shown);
    return MLOPS_OK;
}

static int open_file(struct archive_source *source, const char *path, struct mlops_error *err)
{
    struct stat status;
    source->shown = path;
    source->fd = STDIN_FILENO;
    if (str_equal(path, "-")) {
        source->shown = "standard input";
    } else {
        source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (source->fd < 0)
            return mlops_fail_errno(err, MLOPS_OK, errno, "read '%s'", path);
        source->owns_fd = true;
    }
    if (fstat(source->fd, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", source->shown);
    if (S_ISDIR(status.st_mode)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is a folder, not an archive", source->shown);
        return mlops_hint(err, "'mlops package' takes a project folder");
    }
    if (S_ISREG(status.st_mode))
        source->file_size = (uint64_t)status.st_size;
    return MLOPS_OK;
}

int archive_source_open(struct mlops_registry *registry, const char *path,
                        struct archive_source *source, struct mlops_error *err)
{
    source->registry = registry;
    TRY(archive_load(&source->api, err));
    TRY(open_file(source, path, err));
    return open_reader(source, err);
}

void archive_source_close(struct archive_source *source)
{
    if (source->reader)
        (void)source->api.archive_read_free(source->reader); /* was only read */
    if (source->owns_fd)
        fd_close(&source->fd);
}

void archive_item_clear(struct archive_item *item)
{
    free(item->name);
    *item = (struct archive_item){0};
}

static bool leads_out(const char *name)
{
    if (*name == '/')
        return true;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strcspn(part, "/") == 2 && part[0] == '.' && part[1] == '.')
            return true;
    }
    return false;
}

/* What is in no bundle, whatever its manifest says. */
static int check_harmless(const struct archive_source *source, struct archive_entry *entry,
                          const char *name, struct mlops_error *err)
{
    const char *what = NULL;
    unsigned type = source->api.archive_entry_filetype(entry);
    if (!name_is_plain(name))
        what = "is a name that is not plain text";
    else if (strlen(name) > ARCHIVE_NAME_MAX)
        what = "is a name that is too long";
    else if (leads_out(name))
        what = "leads out of the bundle";
    else if (source->api.archive_entry_hardlink(entry))
        what = "is a hard link";
    else if (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
        what = "is neither file, folder nor link";
    else if (source->api.archive_entry_sparse_count(entry) > 0)
        what = "is a file with holes";
    else if (!source->api.archive_entry_size_is_set(entry) ||
             source->api.archive_entry_size(entry) < 0)
        what = "has no size";
    if (what)
        return archive_source_refuse(source, MLOPS_INVALID, name, what, err);
    return MLOPS_OK;
}

int archive_source_next(struct archive_source *source, const char *awaited,
                        struct archive_item *item, bool *end, struct mlops_error *err)
{
    const struct archive_api *api = &source->api;
    struct archive_entry *entry;
    archive_item_clear(item);
    int result = api->archive_read_next_header(source->reader, &entry);
    *end = result == ARCHIVE_EOF;
    TRY(check_growth(source, err));
    if (*end)
        return MLOPS_OK;
    if (result != ARCHIVE_OK) /* also a warning: something in it was not understood */
        return broken(source, awaited, err);
    const char *name = api->archive_entry_pathname(entry);
    if (!name || !*name)
        return mlops_fail(err, MLOPS_INVALID, "the archive '%s' has an entry without a name",
                          source->shown);
    TRY(check_harmless(source, entry, name, err));
    unsigned type = api->archive_entry_filetype(entry);
    size_t length = strlen(name);
    length -= type == AE_IFDIR && name[length - 1] == '/';
    *item = (struct archive_item){
        .name = xstrndup(name, length),
        .kind = type == AE_IFDIR   ? MANIFEST_FOLDER
                : type == AE_IFLNK ? MANIFEST_LINK
                                   : MANIFEST_FILE,
        .mode = (unsigned)api->archive_entry_perm(entry),
        .size = (uint64_t)api->archive_entry_size(entry),
        .target = type == AE_IFLNK ? api->archive_entry_symlink(entry) : NULL,
    };
    return MLOPS_OK;
}

int archive_source_data(struct archive_source *source, const struct archive_item *item,
                        archive_sink sink, void *context, struct mlops_error *err)
{
    uint64_t done = 0;
    for (;;) {
        const void *data;
        size_t length;
        la_int64_t offset;
        int result = source->api.archive_read_data_block(source->reader, &data, &length, &offset);
        TRY(check_growth(source, err));
        if (result == ARCHIVE_EOF)
            break;
        if (result != ARCHIVE_OK)
            return broken(source, item->name, err);
        if ((uint64_t)offset != done || length > item->size - done)
            return archive_source_refuse(source, MLOPS_INVALID, item->name, "is a file with holes",
                                         err);
        TRY(sink(context, data, length, err));
        done += length;
    }
    if (done != item->size)
        return archive_source_refuse(source, MLOPS_INTEGRITY, item->name, "is cut off", err);
    return MLOPS_OK;
}
