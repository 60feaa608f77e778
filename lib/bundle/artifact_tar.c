/*
 * lib/bundle/artifact_tar.c - the files that share a layer: a tar (POSIX.1-2017 pax, "ustar" where
 * that does) of the same bytes everywhere, and its reading through the hardened reader.
 */
#include "base/file.h"
#include "base/path.h"
#include "bundle/archive_source.h"
#include "bundle/artifact.h"
#include "registry/registry.h"
#include "store/stream.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define BLOCK 512
#define NAME_FIELD 100
#define SIZE_FIELD_MAX 077777777777ULL
#define PAX_HEADER 'x'
#define FILE_ENTRY '0'
#define LINK_ENTRY '2'
#define FOLDER_ENTRY '5'

struct tar {
    int fd;
    struct sha256 *hash;
    uint64_t size;
    uint64_t left; /* bytes of the present file */
};

static int put(struct tar *tar, const void *data, size_t length, struct mlops_error *err)
{
    sha256_update(tar->hash, data, length);
    tar->size += length;
    return fd_write_full(tar->fd, data, length, err);
}

static int pad(struct tar *tar, uint64_t length, struct mlops_error *err)
{
    static const char zeros[BLOCK];
    size_t over = (size_t)(length % BLOCK);
    return over ? put(tar, zeros, BLOCK - over, err) : MLOPS_OK;
}

/* Octal digits that fill `width` but for the NUL at its end. */
static void put_octal(char *field, size_t width, uint64_t value)
{
    field[width - 1] = '\0';
    for (size_t i = width - 1; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

static int put_header(struct tar *tar, const char *name, const char *target, char type,
                      unsigned mode, uint64_t size, struct mlops_error *err)
{
    char block[BLOCK] = {0};
    unsigned sum = 0;
    memcpy(block, name, strnlen(name, NAME_FIELD));
    put_octal(block + 100, 8, mode);
    put_octal(block + 108, 8, 0);
    put_octal(block + 116, 8, 0);
    put_octal(block + 124, 12, size > SIZE_FIELD_MAX ? 0 : size);
    put_octal(block + 136, 12, 0);
    memset(block + 148, ' ', 8);
    block[156] = type;
    memcpy(block + 157, target, strnlen(target, NAME_FIELD));
    memcpy(block + 257, "ustar\00000", 8);
    put_octal(block + 329, 8, 0);
    put_octal(block + 337, 8, 0);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)block[i];
    put_octal(block + 148, 7, sum);
    return put(tar, block, BLOCK, err);
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void put_record(struct buffer *out, const char *key, const char *value)
{
    size_t rest = strlen(key) + strlen(value) + 3, length = rest, known = 0;
    while (length != known) {
        known = length;
        length = rest + (size_t)snprintf(NULL, 0, "%zu", known);
    }
    buffer_printf(out, "%zu %s=%s\n", length, key, value);
}

/* What does not fit into the fields goes before the header. */
static int put_extended(struct tar *tar, const char *name, const char *target, uint64_t size,
                        struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer records = {0};
    char number[32];
    if (strlen(target) > NAME_FIELD)
        put_record(&records, "linkpath", target);
    if (strlen(name) > NAME_FIELD)
        put_record(&records, "path", name);
    if (size > SIZE_FIELD_MAX) {
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)size);
        put_record(&records, "size", number);
    }
    if (records.length == 0)
        return MLOPS_OK;
    TRY(put_header(tar, "pax", "", PAX_HEADER, 0644, records.length, err));
    TRY(put(tar, records.data, records.length, err));
    return pad(tar, records.length, err);
}

/* store_sink */
static int put_content(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    struct tar *tar = context;
    if (length > tar->left)
        return mlops_fail(err, MLOPS_INTEGRITY, "it is longer than its manifest says");
    tar->left -= length;
    return put(tar, data, length, err);
}

static int put_entry(struct tar *tar, struct store *store, const struct manifest_file *file,
                     struct mlops_error *err)
{
    const char *target = file->kind == MANIFEST_LINK ? file->target : "";
    uint64_t size = file->kind == MANIFEST_FILE ? file->size : 0;
    unsigned mode = file->kind == MANIFEST_LINK ? 0777 : file->mode;
    char type = file->kind == MANIFEST_LINK     ? LINK_ENTRY
                : file->kind == MANIFEST_FOLDER ? FOLDER_ENTRY
                                                : FILE_ENTRY;
    _cleanup_(free_string) char *name =
        xprintf("%s%s", file->path, file->kind == MANIFEST_FOLDER ? "/" : "");
    TRY(put_extended(tar, name, target, size, err));
    TRY(put_header(tar, name, target, type, mode, size, err));
    if (file->kind != MANIFEST_FILE)
        return MLOPS_OK;
    tar->left = size;
    TRY(store_stream(store, &file->digest, put_content, tar, err));
    if (tar->left > 0)
        return mlops_fail(err, MLOPS_INTEGRITY, "it is shorter than its manifest says");
    return pad(tar, size, err);
}

int artifact_tar_write(struct mlops_registry *registry, const struct manifest *manifest,
                       const bool *members, const char *path, struct digest *digest, uint64_t *size,
                       struct mlops_error *err)
{
    static const char end[2 * BLOCK];
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    _cleanup_(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct tar tar = {.fd = fd, .hash = hash};
    struct store *store;
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", path);
    TRY(registry_store(registry, &store, err));
    for (size_t i = 0; i < manifest->file_count; i++)
        if (members[i] && put_entry(&tar, store, &manifest->files[i], err))
            return mlops_wrap(err, "'%s'", manifest->files[i].path);
    TRY(put(&tar, end, sizeof(end), err));
    sha256_final(hash, digest);
    *size = tar.size;
    return MLOPS_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

static int read_member(struct archive_source *source, struct archive_item *item, bool links,
                       artifact_member each, void *context, struct mlops_error *err)
{
    char *name;
    if (item->kind == MANIFEST_LINK && !links)
        return archive_source_refuse(source, MLOPS_INVALID, item->name,
                                     "is a link, which is not taken from artifacts of others", err);
    if (item->kind != MANIFEST_FILE)
        return MLOPS_OK;
    TRY(path_normalize(item->name, &name, err));
    free(item->name);
    item->name = name;
    return each(context, source, item, err);
}

int artifact_tar_read(struct mlops_registry *registry, const char *path, bool links,
                      artifact_member each, void *context, struct mlops_error *err)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(archive_source_close) struct archive_source source = {0};
    _cleanup_(archive_item_clear) struct archive_item item = {0};
    bool end = false;
    TRY(archive_locale_enter(&locale, err));
    TRY(archive_source_open(registry, path, &source, err));
    source.reader.shown = "layer";
    for (;;) {
        TRY(archive_source_next(&source, NULL, &item, &end, err));
        if (end)
            return MLOPS_OK;
        TRY(read_member(&source, &item, links, each, context, err));
    }
}
