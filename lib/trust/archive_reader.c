/* lib/trust/archive_reader.c - archives from outside, read entry by entry. */
#include "trust/archive_reader.h"
#include "base/escape.h"
#include <errno.h>

#define SYMBOL(function) {#function, offsetof(struct archive_read_api, function)},
static const struct dynload_symbol symbols[] = {ARCHIVE_READ_FUNCTIONS(SYMBOL)};
static const char *const sonames[] = {"libarchive.so.13", "libarchive.so", NULL};

int archive_reader_refuse(const struct archive_reader *reader, enum mlops_code code,
                          const char *name, const char *what, struct mlops_error *err)
{
    _cleanup_(free_string) char *shown = escape_name(name);
    return mlops_fail(err, code, "the archive '%s': '%s' %s", reader->shown, shown, what);
}

/* Does more come out than the file, or its manifest, gives reason for? */
static int check_growth(const struct archive_reader *reader, struct mlops_error *err)
{
    la_int64_t out = reader->api.archive_filter_bytes(reader->reader, 0);
    uint64_t allowed = ARCHIVE_RATIO_FREE + reader->taken * ARCHIVE_RATIO_MAX;
    if (out <= 0 || (uint64_t)out <= allowed || (uint64_t)out <= reader->stated)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID,
                      "the archive '%s' decompresses to more than %d times its size, and its "
                      "manifest does not account for it",
                      reader->shown, ARCHIVE_RATIO_MAX);
}

/* archive_read_callback */
static la_ssize_t read_in(struct archive *archive, void *context, const void **data)
{
    struct archive_reader *reader = context;
    size_t got = 0;
    if (reader->failed.code || check_growth(reader, &reader->failed) ||
        reader->input.read(reader->input.context, data, &got, &reader->failed)) {
        reader->api.archive_set_error(archive, EIO, "%s", reader->failed.message);
        return -1;
    }
    reader->taken += got;
    reader->position += got;
    return (la_ssize_t)got;
}

/* archive_seek_callback */
static la_int64_t seek_in(struct archive *archive, void *context, la_int64_t offset, int whence)
{
    struct archive_reader *reader = context;
    la_int64_t from = whence == SEEK_CUR   ? (la_int64_t)reader->position
                      : whence == SEEK_END ? (la_int64_t)reader->input.size
                                           : 0;
    la_int64_t to;
    (void)archive;
    if (__builtin_add_overflow(from, offset, &to) || to < 0 || (uint64_t)to > reader->input.size)
        return ARCHIVE_FATAL;
    reader->position = (uint64_t)to;
    reader->input.seek(reader->input.context, (uint64_t)to);
    return to;
}

/* libarchive could not go on; `name` NULL: with nothing yet. */
static int broken(const struct archive_reader *reader, const char *name, struct mlops_error *err)
{
    if (reader->failed.code) {
        *err = reader->failed;
        return (int)err->code;
    }
    const char *text = reader->api.archive_error_string(reader->reader);
    _cleanup_(free_string) char *reason = escape_name(text ? text : "no reason given");
    if (name)
        return mlops_fail(err, MLOPS_INTEGRITY, "the archive '%s' is damaged at '%s': %s",
                          reader->shown, name, reason);
    mlops_fail(err, MLOPS_INVALID, "'%s' is not %s: %s", reader->shown, reader->kind, reason);
    return reader->hint ? mlops_hint(err, "%s", reader->hint) : MLOPS_INVALID;
}

static bool allow(const struct archive_read_api *api, struct archive *archive,
                  enum archive_content content)
{
    if (content == ARCHIVE_7Z)
        return api->archive_read_support_format_7zip(archive) == ARCHIVE_OK;
    /* concatenated: to read on behind the mark of the end, so that nothing hides there */
    return api->archive_read_support_format_tar(archive) == ARCHIVE_OK &&
           api->archive_read_support_filter_gzip(archive) == ARCHIVE_OK &&
           api->archive_read_support_filter_zstd(archive) == ARCHIVE_OK &&
           api->archive_read_set_format_option(archive, "tar", "read_concatenated_archives", "1") ==
               ARCHIVE_OK;
}

int archive_reader_open(struct archive_reader *reader, enum archive_content content,
                        struct mlops_error *err)
{
    const struct archive_read_api *api = &reader->api;
    TRY(dynload_open(sonames, "libarchive13", symbols, ARRAY_LENGTH(symbols), &reader->api, err));
    struct archive *archive = reader->reader = xcheck(api->archive_read_new());
    if (!allow(api, archive, content) ||
        (reader->input.seek &&
         api->archive_read_set_seek_callback(archive, seek_in) != ARCHIVE_OK)) {
        const char *text = api->archive_error_string(archive);
        return mlops_fail(err, MLOPS_IO, "libarchive cannot read %s here: %s",
                          content == ARCHIVE_TAR ? ".tar.zst" : "this format",
                          text ? text : "it was built without");
    }
    if (api->archive_read_open(archive, reader, NULL, read_in, NULL) != ARCHIVE_OK)
        return broken(reader, NULL, err);
    /* Layers multiply: what is allowed of one is nothing of two. The file itself counts as one. */
    if (api->archive_filter_count(archive) > 2)
        return mlops_fail(err, MLOPS_INVALID, "the archive '%s' is compressed more than once",
                          reader->shown);
    return MLOPS_OK;
}

void archive_reader_close(struct archive_reader *reader)
{
    if (reader->reader)
        (void)reader->api.archive_read_free(reader->reader); /* was only read */
    reader->reader = NULL;
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
static const char *wrong_with(const struct archive_read_api *api, struct archive_entry *entry,
                              const struct archive_member *member)
{
    if (!name_is_plain(member->name))
        return "is a name that is not plain text";
    if (strlen(member->name) > ARCHIVE_NAME_MAX)
        return "is a name that is too long";
    if (leads_out(member->name))
        return "leads out of the bundle";
    if (api->archive_entry_hardlink(entry))
        return "is a hard link";
    if (member->type != AE_IFREG && member->type != AE_IFDIR && member->type != AE_IFLNK)
        return "is neither file, folder nor link";
    if (api->archive_entry_sparse_count(entry) > 0)
        return "is a file with holes";
    if (api->archive_entry_is_encrypted(entry) > 0)
        return "is encrypted";
    if (!api->archive_entry_size_is_set(entry) || api->archive_entry_size(entry) < 0)
        return "has no size";
    return NULL;
}

int archive_reader_next(struct archive_reader *reader, const char *awaited,
                        struct archive_member *member, bool *end, struct mlops_error *err)
{
    const struct archive_read_api *api = &reader->api;
    struct archive_entry *entry;
    int result = api->archive_read_next_header(reader->reader, &entry);
    *end = result == ARCHIVE_EOF;
    *member = (struct archive_member){.name = ""};
    TRY(check_growth(reader, err));
    if (*end)
        return MLOPS_OK;
    if (result != ARCHIVE_OK) /* also a warning: something in it was not understood */
        return broken(reader, awaited, err);
    const char *name = api->archive_entry_pathname(entry);
    la_int64_t size = api->archive_entry_size(entry);
    member->name = name ? name : "";
    member->type = api->archive_entry_filetype(entry);
    member->mode = (unsigned)api->archive_entry_perm(entry);
    member->size = size > 0 ? (uint64_t)size : 0;
    member->target = member->type == AE_IFLNK ? api->archive_entry_symlink(entry) : NULL;
    member->wrong = wrong_with(api, entry, member);
    return MLOPS_OK;
}

int archive_reader_data(struct archive_reader *reader, const char *name, uint64_t size,
                        archive_sink sink, void *context, struct mlops_error *err)
{
    uint64_t done = 0;
    for (;;) {
        const void *data;
        size_t length;
        la_int64_t offset;
        int result = reader->api.archive_read_data_block(reader->reader, &data, &length, &offset);
        TRY(check_growth(reader, err));
        if (result == ARCHIVE_EOF)
            break;
        if (result != ARCHIVE_OK)
            return broken(reader, name, err);
        if ((uint64_t)offset != done || length > size - done)
            return archive_reader_refuse(reader, MLOPS_INVALID, name, "is a file with holes", err);
        TRY(sink(context, data, length, err));
        done += length;
    }
    if (done != size)
        return archive_reader_refuse(reader, MLOPS_INTEGRITY, name, "is cut off", err);
    return MLOPS_OK;
}

int archive_locale_enter(struct archive_locale *locale, struct mlops_error *err)
{
    *locale = (struct archive_locale){.ours = newlocale(LC_ALL_MASK, "C.UTF-8", NULL)};
    if (!locale->ours) {
        mlops_fail_errno(err, MLOPS_IO, errno, "use the locale C.UTF-8");
        return mlops_hint(err, "archives need it for names; it comes with the C library (Debian: "
                               "apt install libc-bin)");
    }
    locale->before = uselocale(locale->ours);
    return MLOPS_OK;
}

void archive_locale_leave(struct archive_locale *locale)
{
    if (!locale->ours)
        return;
    uselocale(locale->before);
    freelocale(locale->ours);
}
