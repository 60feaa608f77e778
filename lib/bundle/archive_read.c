/*
 * lib/bundle/archive_read.c - a bundle out of an archive that nobody vouches for: the manifest
 * first, then exactly what it says, in its order, each byte under its digest. Nothing is laid out
 * on disk under a name that comes from the archive, and nothing is published before its end.
 */
#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/archive_source.h"
#include "bundle/history.h"
#include "bundle/publish.h"
#include "bundle/reach.h"
#include "registry/condemned.h"
#include "registry/scratch.h"
#include "stats/profile.h"
#include "store/store.h"
#include <errno.h>
#include <fcntl.h>
#include <mlops/archive.h>
#include <unistd.h>

struct import {
    struct mlops_registry *registry;
    struct archive_source source;
    struct archive_item item;
    struct manifest manifest;
    struct buffer text;          /* of the manifest */
    size_t next;                 /* file of the manifest that is awaited */
    struct store_writer *writer; /* NULL: nothing is kept, and only looked at */
    uint64_t round;              /* of gc, when the store was first looked at */
    char *scratch;               /* folder for large files; NULL until one comes */
};

static void import_clear(struct import *import)
{
    struct mlops_error ignored = {0}; /* what is left in the scratch folder, gc takes */
    archive_item_clear(&import->item);
    archive_source_close(&import->source);
    manifest_clear(&import->manifest);
    buffer_clear(&import->text);
    if (import->writer)
        store_writer_abort(import->writer);
    if (import->scratch)
        (void)tree_remove(import->scratch, &ignored);
    free(import->scratch);
}

static int refuse(const struct import *import, const char *name, const char *what,
                  struct mlops_error *err)
{
    return archive_source_refuse(&import->source, MLOPS_INTEGRITY, name, what, err);
}

/* An entry that is not the one whose turn it is; `awaited` NULL: there should be none any more. */
static int misplaced(const struct import *import, const char *awaited, struct mlops_error *err)
{
    const char *name = import->item.name;
    const char *path = str_starts(name, ARCHIVE_FILES) ? name + strlen(ARCHIVE_FILES) : NULL;
    for (size_t i = 0; path && i < import->manifest.file_count; i++)
        if (str_equal(import->manifest.files[i].path, path))
            return i < import->next ? refuse(import, name, "is there twice or out of order", err)
                                    : refuse(import, awaited, "is missing", err);
    if (!awaited || import->text.length > 0)
        return refuse(import, name, "is in the archive and not in its manifest", err);
    archive_source_refuse(&import->source, MLOPS_INVALID, name,
                          "is its first entry, which must be " ARCHIVE_MANIFEST, err);
    return mlops_hint(err, str_equal(name, HISTORY_FORMAT)
                               ? "it is a whole history: 'mlops import --all' takes it in"
                               : "'mlops export' makes archives of bundles");
}

/* Read the header of the next entry, which must be `name` and of that kind. */
static int expect(struct import *import, const char *name, enum manifest_kind kind,
                  struct mlops_error *err)
{
    bool end;
    TRY(archive_source_next(&import->source, import->text.length ? name : NULL, &import->item, &end,
                            err));
    if (end)
        return refuse(import, name, "is missing: the archive ends before it", err);
    if (!str_equal(import->item.name, name))
        return misplaced(import, name, err);
    if (import->item.kind != kind)
        return refuse(import, name, "is of another kind than its manifest says", err);
    if (kind != MANIFEST_FILE && import->item.size != 0)
        return refuse(import, name, "has content, and is no file", err);
    return MLOPS_OK;
}

static int to_memory(void *context, const void *data, size_t length, struct mlops_error *err)
{
    (void)err; /* memory that is out ends the process; the sizes are bounded */
    buffer_append(context, data, length);
    return MLOPS_OK;
}

static int take_memory(struct import *import, uint64_t max, struct buffer *content,
                       struct mlops_error *err)
{
    if (import->item.size > max)
        return archive_source_refuse(&import->source, MLOPS_INVALID, import->item.name,
                                     "is larger than it may be", err);
    return archive_source_data(&import->source, &import->item, to_memory, content, err);
}

/* A large file on its way into the store. */
struct spool {
    const char *path;
    int fd;
    uint64_t offset;
};

static bool is_zeros(const char *data, size_t length)
{
    return length > 0 && data[0] == 0 && memcmp(data, data + 1, length - 1) == 0;
}

/* Zeros become holes: a file of nothing but them is cheap to send, and must not fill the disk. */
static int to_spool(void *context, const void *data, size_t length, struct mlops_error *err)
{
    struct spool *spool = context;
    spool->offset += length;
    if (!is_zeros(data, length)) {
        if (fd_write_full(spool->fd, data, length, err))
            return mlops_wrap(err, "'%s'", spool->path);
    } else if (lseek(spool->fd, (off_t)length, SEEK_CUR) < 0) {
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", spool->path);
    }
    return MLOPS_OK;
}

static int take_spooled(struct import *import, const char *path, struct digest *digest,
                        struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", path);
    struct spool spool = {.path = path, .fd = fd};
    TRY(archive_source_data(&import->source, &import->item, to_spool, &spool, err));
    if (ftruncate(fd, (off_t)spool.offset) < 0) /* where it ends with a hole */
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", path);
    struct store_file file = {.path = path};
    TRY(store_writer_add_files(import->writer, &file, 1, err));
    *digest = file.digest;
    return MLOPS_OK;
}

static int to_hash(void *context, const void *data, size_t length, struct mlops_error *err)
{
    (void)err;
    sha256_update(context, data, length);
    return MLOPS_OK;
}

static int look_at_large(struct import *import, struct digest *digest, struct mlops_error *err)
{
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    TRY(archive_source_data(&import->source, &import->item, to_hash, hash, err));
    sha256_final(hash, digest);
    return MLOPS_OK;
}

static int take_large(struct import *import, struct digest *digest, struct mlops_error *err)
{
    if (!import->writer)
        return look_at_large(import, digest, err);
    if (!import->scratch) {
        TRY(scratch_make(import->registry, "import", &import->scratch, err));
    }
    _cleanup_(free_string) char *path = path_join(import->scratch, "file");
    int code = take_spooled(import, path, digest, err);
    if (unlink(path) < 0 && errno != ENOENT && code == MLOPS_OK)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "remove '%s'", path);
    return code;
}

static int take_small(struct import *import, uint64_t max, struct buffer *content,
                      struct digest *digest, struct mlops_error *err)
{
    TRY(take_memory(import, max, content, err));
    const char *data = content->data ? content->data : "";
    if (!import->writer) {
        sha256_of(data, content->length, digest);
        return MLOPS_OK;
    }
    return store_writer_add(import->writer, data, content->length, digest, err);
}

/* How much an archive that keeps its word decompresses to, generously: a header of tar is 512
 * bytes, and those for long names repeat them. */
static uint64_t account(const struct manifest *manifest, size_t manifest_size)
{
    uint64_t sum = ARCHIVE_RATIO_FREE + manifest_size;
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        uint64_t names = strlen(file->path) + (file->target ? strlen(file->target) : 0);
        if (__builtin_add_overflow(sum, 4096 + 2 * names, &sum) ||
            __builtin_add_overflow(sum, file->size, &sum))
            return UINT64_MAX / 2; /* room for the profiles, which are added as they come */
    }
    return sum;
}

static int take_manifest(struct import *import, struct mlops_package *package,
                         struct mlops_error *err)
{
    struct digest digest;
    TRY(expect(import, ARCHIVE_MANIFEST, MANIFEST_FILE, err));
    TRY(take_small(import, MANIFEST_MAX, &import->text, &digest, err));
    if (archive_check_values(&import->text, err) ||
        manifest_parse(import->text.data, import->text.length, &import->manifest, err))
        return mlops_wrap(err, "the archive '%s'", import->source.reader.shown);
    import->source.reader.stated = account(&import->manifest, import->text.length);
    bundle_id_format(&digest, package->bundle);
    str_copy(package->model, sizeof(package->model), import->manifest.project.model);
    return MLOPS_OK;
}

/* It is data that drift will read: it must be a profile, and of as many rows as is said. */
static int check_profile(const struct import *import, const struct manifest_data *data,
                         const struct buffer *content, struct mlops_error *err)
{
    _cleanup_(profile_free_ptr) struct profile *profile = NULL;
    if (profile_decode(content->data, content->length, &profile, err)) {
        mlops_wrap(err, "the archive '%s': '%s'", import->source.reader.shown, import->item.name);
        return (int)(err->code = MLOPS_INTEGRITY);
    }
    for (size_t i = 0; i < import->manifest.data_count; i++)
        if (digest_equal(&import->manifest.data[i].profile, &data->profile) &&
            import->manifest.data[i].rows != profile->rows)
            return refuse(import, import->item.name, "has other rows than its manifest says", err);
    return MLOPS_OK;
}

static int take_profile(struct import *import, const struct manifest_data *data,
                        struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    char hex[SHA256_HEX_SIZE];
    struct digest digest;
    digest_to_hex(&data->profile, hex);
    _cleanup_(free_string) char *name = xprintf(ARCHIVE_PROFILES "%s", hex);
    TRY(expect(import, name, MANIFEST_FILE, err));
    TRY(take_small(import, ARCHIVE_PROFILE_MAX, &content, &digest, err));
    if (!digest_equal(&digest, &data->profile))
        return refuse(import, name, "does not have the digest that its name says", err);
    import->source.reader.stated += content.length;
    return check_profile(import, data, &content, err);
}

static int take_patch(struct import *import, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    struct digest digest;
    if (!import->manifest.has_patch)
        return MLOPS_OK;
    TRY(expect(import, ARCHIVE_PATCH, MANIFEST_FILE, err));
    TRY(take_small(import, MANIFEST_PATCH_MAX, &content, &digest, err));
    if (!digest_equal(&digest, &import->manifest.patch))
        return refuse(import, ARCHIVE_PATCH, "does not have the digest that its manifest says",
                      err);
    import->source.reader.stated += content.length;
    return MLOPS_OK;
}

static int take_content(struct import *import, const struct manifest_file *file,
                        struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    struct digest digest;
    const char *name = import->item.name;
    if (import->item.size != file->size)
        return refuse(import, name, "is of another size than its manifest says", err);
    if (file->size <= ARCHIVE_SMALL)
        TRY(take_small(import, ARCHIVE_SMALL, &content, &digest, err));
    else
        TRY(take_large(import, &digest, err));
    if (!digest_equal(&digest, &file->digest))
        return refuse(import, name, "does not have the digest that its manifest says", err);
    return MLOPS_OK;
}

static int take_file(struct import *import, struct mlops_package *package, struct mlops_error *err)
{
    const struct manifest_file *file = &import->manifest.files[import->next];
    _cleanup_(free_string) char *name = xprintf(ARCHIVE_FILES "%s", file->path);
    TRY(expect(import, name, file->kind, err));
    if (file->kind == MANIFEST_LINK && !str_equal(import->item.target, file->target))
        return refuse(import, name, "leads elsewhere than its manifest says", err);
    if (file->kind != MANIFEST_LINK && import->item.mode != file->mode)
        return refuse(import, name, "has other permissions than its manifest says", err);
    if (file->kind == MANIFEST_FILE) {
        TRY(take_content(import, file, err));
        package->files++;
        package->bytes += file->size;
    }
    import->next++;
    return MLOPS_OK;
}

static int take_bundle(struct import *import, struct mlops_package *package,
                       struct mlops_error *err)
{
    bool end;
    TRY(take_manifest(import, package, err));
    for (size_t i = 0; i < import->manifest.data_count; i++)
        if (!archive_profile_repeats(&import->manifest, i))
            TRY(take_profile(import, &import->manifest.data[i], err));
    TRY(take_patch(import, err));
    while (import->next < import->manifest.file_count)
        TRY(take_file(import, package, err));
    TRY(archive_source_next(&import->source, "its end", &import->item, &end, err));
    if (!end)
        return misplaced(import, NULL, err);
    return archive_progress(import->registry, "reading the archive", import->source.reader.taken,
                            import->source.reader.taken, err);
}

/* `*again`: gc took away parts meanwhile, and the archive can be read once more. */
static int import_once(struct mlops_registry *registry, const char *path, bool registers,
                       struct mlops_package *package, bool *gone, bool *again,
                       struct mlops_error *err)
{
    _cleanup_(import_clear) struct import import = {.registry = registry};
    struct store *store;
    *package = (struct mlops_package){0};
    TRY(archive_source_open(registry, path, &import.source, err));
    TRY(registry_store(registry, &store, err));
    TRY(condemned_round(registry, &import.round, err));
    TRY(store_writer_begin(store, &import.writer, err));
    TRY(take_bundle(&import, package, err));
    TRY(bundle_publish(registry, TAKE_PTR(import.writer), import.round, registers, NULL, package,
                       gone, err));
    *again = *gone && import.source.owns_fd && import.source.file_size > 0; /* a file, no pipe */
    return MLOPS_OK;
}

static int import(struct mlops_registry *registry, const char *path, bool registers,
                  struct mlops_package *package, struct mlops_error *err)
{
    int64_t from = clock_monotonic_ns();
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    bool gone = true, again = true;
    TRY(archive_locale_enter(&locale, err));
    for (int i = 0; again && i < REACH_ATTEMPTS; i++)
        TRY(import_once(registry, path, registers, package, &gone, &again, err));
    if (gone)
        return reach_fail(err);
    if (package->created)
        version_announced(registry, &package->version);
    package->seconds = (double)(clock_monotonic_ns() - from) / 1e9;
    return MLOPS_OK;
}

int archive_check(struct mlops_registry *registry, const char *path, struct manifest *manifest,
                  char bundle[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(import_clear) struct import import = {.registry = registry};
    struct mlops_package package = {0};
    TRY(archive_locale_enter(&locale, err));
    TRY(archive_source_open(registry, path, &import.source, err));
    TRY(take_bundle(&import, &package, err));
    str_copy(bundle, MLOPS_BUNDLE_ID_SIZE, package.bundle);
    *manifest = import.manifest;
    import.manifest = (struct manifest){0};
    return MLOPS_OK;
}

int archive_salvage(struct mlops_registry *registry, const char *path, struct mlops_error *err)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(import_clear) struct import import = {.registry = registry};
    struct mlops_package package = {0};
    struct store_added added;
    struct store *store;
    TRY(archive_locale_enter(&locale, err));
    TRY(archive_source_open(registry, path, &import.source, err));
    TRY(registry_store(registry, &store, err));
    TRY(store_writer_begin(store, &import.writer, err));
    TRY(take_bundle(&import, &package, err));
    return store_writer_publish(TAKE_PTR(import.writer), &added, err);
}

int mlops_archive_import(struct mlops_registry *registry, const char *path,
                         struct mlops_package *package, struct mlops_error *err)
{
    return import(registry, path, false, package, err);
}

int mlops_archive_register(struct mlops_registry *registry, const char *path,
                           struct mlops_package *package, struct mlops_error *err)
{
    return import(registry, path, true, package, err);
}
