/* lib/bundle/stat_cache.c - what files were, by their size and times. */
#include "bundle/stat_cache.h"
#include "base/buffer.h"
#include "base/endian.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/*
 * The file: "MLOPSTAT", u32 length and the bytes of mlops' version; u32 1 and the last bundle, or
 * u32 0; u32 number of texts, each a key, u32 length and its bytes; u32 number of files, each u32
 * length and bytes of its path, five u64 (device, inode, size, mtime, ctime in ns) and its digest,
 * by path; SHA-256 of all before. Little-endian.
 */
#define MAGIC "MLOPSTAT"
#define CACHE_MAX (1U << 30)
/* Ticks are 1 to 10 ms where times have nanoseconds (STAT_TICK_NS is more than that), and up to 2 s
 * where they have none. */
#define COARSE_TICK_NS 2000000000

struct known_file {
    const char *path; /* not terminated */
    size_t length;
    uint64_t look[5];
    struct digest digest;
};

struct known_text {
    struct digest key;
    char *text;
    bool wanted; /* asked for or kept since the cache was opened */
};

struct stat_cache {
    char *path; /* of the cache; NULL where it has no place */
    struct buffer content;
    bool has_bundle;
    struct stat_cache_bundle bundle;
    struct known_file *files;
    size_t file_count;
    struct known_text *texts;
    size_t text_count, text_capacity;
};

/* ---- reading ------------------------------------------------------------------------------- */

/* What is left to read; `bad` when something was not there. */
struct cursor {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *take(struct cursor *cursor, size_t length)
{
    if (cursor->bad || cursor->left < length) {
        cursor->bad = true;
        return NULL;
    }
    const uint8_t *taken = cursor->at;
    cursor->at += length;
    cursor->left -= length;
    return taken;
}

static uint32_t take_u32(struct cursor *cursor)
{
    const uint8_t *at = take(cursor, 4);
    return at ? get_u32(at) : 0;
}

static uint64_t take_u64(struct cursor *cursor)
{
    const uint8_t *at = take(cursor, 8);
    return at ? get_u64(at) : 0;
}

static void take_digest(struct cursor *cursor, struct digest *digest)
{
    const uint8_t *at = take(cursor, sizeof(digest->bytes));
    if (at)
        memcpy(digest->bytes, at, sizeof(digest->bytes));
}

static bool take_version(struct cursor *cursor)
{
    const uint8_t *magic = take(cursor, sizeof(MAGIC) - 1);
    uint32_t length = take_u32(cursor);
    const uint8_t *version = take(cursor, length);
    return magic && version && memcmp(magic, MAGIC, sizeof(MAGIC) - 1) == 0 &&
           length == sizeof(MLOPS_VERSION) - 1 && memcmp(version, MLOPS_VERSION, length) == 0;
}

static void take_bundle(struct stat_cache *cache, struct cursor *cursor)
{
    if (take_u32(cursor) != 1)
        return;
    take_digest(cursor, &cache->bundle.key);
    take_digest(cursor, &cache->bundle.bundle);
    cache->bundle.files = take_u64(cursor);
    cache->bundle.bytes = take_u64(cursor);
    cache->has_bundle = !cursor->bad;
}

static void take_texts(struct stat_cache *cache, struct cursor *cursor)
{
    for (uint32_t left = take_u32(cursor); left > 0 && !cursor->bad; left--) {
        struct known_text text = {0};
        take_digest(cursor, &text.key);
        uint32_t length = take_u32(cursor);
        const uint8_t *bytes = take(cursor, length);
        if (!bytes)
            return;
        text.text = xstrndup((const char *)bytes, length);
        GROW(cache->texts, cache->text_count, &cache->text_capacity);
        cache->texts[cache->text_count++] = text;
    }
}

static void take_files(struct stat_cache *cache, struct cursor *cursor)
{
    uint32_t count = take_u32(cursor);
    if (cursor->bad || count > cursor->left / (4 + 5 * 8 + 32)) {
        cursor->bad = true;
        return;
    }
    cache->files = xcalloc(count, sizeof(*cache->files));
    for (; cache->file_count < count && !cursor->bad; cache->file_count++) {
        struct known_file *file = &cache->files[cache->file_count];
        file->length = take_u32(cursor);
        file->path = (const char *)take(cursor, file->length);
        for (size_t i = 0; i < ARRAY_LENGTH(file->look); i++)
            file->look[i] = take_u64(cursor);
        take_digest(cursor, &file->digest);
    }
}

static void forget(struct stat_cache *cache)
{
    for (size_t i = 0; i < cache->text_count; i++)
        free(cache->texts[i].text);
    free(cache->texts);
    free(cache->files);
    buffer_clear(&cache->content);
    *cache = (struct stat_cache){.path = cache->path};
}

/* Only a whole cache counts. */
static bool load(struct stat_cache *cache)
{
    struct mlops_error ignored = {0};
    struct digest digest;
    if (file_read(cache->path, CACHE_MAX, &cache->content, &ignored) ||
        cache->content.length < sizeof(digest.bytes))
        return false;
    size_t length = cache->content.length - sizeof(digest.bytes);
    sha256_of(cache->content.data, length, &digest);
    if (memcmp(digest.bytes, cache->content.data + length, sizeof(digest.bytes)) != 0)
        return false;
    struct cursor cursor = {.at = (const uint8_t *)cache->content.data, .left = length};
    if (!take_version(&cursor))
        return false;
    take_bundle(cache, &cursor);
    take_texts(cache, &cursor);
    take_files(cache, &cursor);
    return !cursor.bad && cursor.left == 0;
}

struct stat_cache *stat_cache_open(struct mlops_registry *registry, const char *use,
                                   const char *root)
{
    struct stat_cache *cache = xcalloc(1, sizeof(*cache));
    struct mlops_error ignored = {0};
    struct digest digest;
    char real[PATH_MAX], name[SHA256_HEX_SIZE];
    _cleanup_(free_string) char *folder = NULL;
    if (registry_cache(registry, use, &folder, &ignored) || !realpath(root, real))
        return cache;
    sha256_of(real, strlen(real), &digest);
    digest_to_hex(&digest, name);
    cache->path = path_join(folder, name);
    if (!load(cache))
        forget(cache);
    return cache;
}

void stat_cache_close(struct stat_cache *cache)
{
    if (!cache)
        return;
    forget(cache);
    free(cache->path);
    free(cache);
}

/* ---- asking -------------------------------------------------------------------------------- */

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void look_of(const struct stat *status, uint64_t look[5])
{
    look[0] = (uint64_t)status->st_dev;
    look[1] = (uint64_t)status->st_ino;
    look[2] = (uint64_t)status->st_size;
    look[3] = (uint64_t)nanoseconds(status->st_mtim);
    look[4] = (uint64_t)nanoseconds(status->st_ctim);
}

/* Bytes, then length: the order of the walk. */
static int compare_paths(const struct known_file *file, const char *path, size_t length)
{
    size_t shared = file->length < length ? file->length : length;
    int order = memcmp(file->path, path, shared);
    return order ? order : file->length < length ? -1 : file->length > length;
}

const struct digest *stat_cache_find(const struct stat_cache *cache, const char *path,
                                     const struct stat *status)
{
    size_t low = 0, high = cache->file_count, length = strlen(path);
    uint64_t look[5];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_paths(&cache->files[middle], path, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == cache->file_count || compare_paths(&cache->files[low], path, length) != 0)
        return NULL;
    look_of(status, look);
    return memcmp(look, cache->files[low].look, sizeof(look)) == 0 ? &cache->files[low].digest
                                                                   : NULL;
}

const struct stat_cache_bundle *stat_cache_bundle(const struct stat_cache *cache)
{
    return cache->has_bundle ? &cache->bundle : NULL;
}

const char *stat_cache_text(const struct stat_cache *cache, const struct digest *key)
{
    for (size_t i = 0; i < cache->text_count; i++)
        if (digest_equal(&cache->texts[i].key, key)) {
            cache->texts[i].wanted = true;
            return cache->texts[i].text;
        }
    return NULL;
}

void stat_cache_keep_text(struct stat_cache *cache, const struct digest *key, const char *text)
{
    if (stat_cache_text(cache, key))
        return;
    GROW(cache->texts, cache->text_count, &cache->text_capacity);
    cache->texts[cache->text_count++] =
        (struct known_text){.key = *key, .text = xstrdup(text), .wanted = true};
}

/* ---- remembering --------------------------------------------------------------------------- */

/* Would a change after `now_ns` show in the times? */
static bool is_settled(const struct stat *status, int64_t now_ns)
{
    int64_t modified = nanoseconds(status->st_mtim), changed = nanoseconds(status->st_ctim);
    bool fine = status->st_mtim.tv_nsec != 0 || status->st_ctim.tv_nsec != 0;
    return (modified > changed ? modified : changed) <
           now_ns - (fine ? STAT_TICK_NS : COARSE_TICK_NS);
}

bool stat_cache_settled(const struct walk *walk, int64_t now_ns)
{
    for (size_t i = 0; i < walk->count; i++)
        if (!is_settled(&walk->items[i].status, now_ns))
            return false;
    return true;
}

static void append_u32(struct buffer *out, size_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, (uint32_t)value);
    buffer_append(out, bytes, sizeof(bytes));
}

static void append_u64(struct buffer *out, uint64_t value)
{
    uint8_t bytes[8];
    put_u64(bytes, value);
    buffer_append(out, bytes, sizeof(bytes));
}

static void append_digest(struct buffer *out, const struct digest *digest)
{
    buffer_append(out, digest->bytes, sizeof(digest->bytes));
}

static void append_texts(const struct stat_cache *cache, struct buffer *out)
{
    size_t wanted = 0;
    for (size_t i = 0; i < cache->text_count; i++)
        wanted += cache->texts[i].wanted;
    append_u32(out, wanted);
    for (size_t i = 0; i < cache->text_count; i++) {
        const struct known_text *text = &cache->texts[i];
        if (!text->wanted)
            continue;
        append_digest(out, &text->key);
        append_u32(out, strlen(text->text));
        buffer_puts(out, text->text);
    }
}

static bool is_kept(const struct walked *item, int64_t now_ns)
{
    return item->file.kind == MANIFEST_FILE && is_settled(&item->status, now_ns);
}

static void append_files(const struct walk *walk, int64_t now_ns, struct buffer *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < walk->count; i++)
        kept += is_kept(&walk->items[i], now_ns);
    append_u32(out, kept);
    for (size_t i = 0; i < walk->count; i++) {
        const struct walked *item = &walk->items[i];
        uint64_t look[5];
        if (!is_kept(item, now_ns))
            continue;
        append_u32(out, strlen(item->file.path));
        buffer_puts(out, item->file.path);
        look_of(&item->status, look);
        for (size_t j = 0; j < ARRAY_LENGTH(look); j++)
            append_u64(out, look[j]);
        append_digest(out, &item->file.digest);
    }
}

/* Whole or not at all, for other processes; a power cut may take it. */
static int replace(const char *path, const struct buffer *content, struct mlops_error *err)
{
    _cleanup_(free_string) char *temporary = xprintf("%s.%ld", path, (long)getpid());
    _cleanup_(fd_close) int fd =
        open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", temporary);
    int code = fd_write_full(fd, content->data, content->length, err);
    if (code == MLOPS_OK && rename(temporary, path) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", temporary, path);
    if (code)
        (void)unlink(temporary);
    return code;
}

int stat_cache_save(struct stat_cache *cache, const struct walk *walk, int64_t now_ns,
                    const struct stat_cache_bundle *bundle, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer out = {0};
    struct digest digest;
    if (!cache->path)
        return MLOPS_OK;
    buffer_puts(&out, MAGIC);
    append_u32(&out, sizeof(MLOPS_VERSION) - 1);
    buffer_puts(&out, MLOPS_VERSION);
    append_u32(&out, bundle ? 1 : 0);
    if (bundle) {
        append_digest(&out, &bundle->key);
        append_digest(&out, &bundle->bundle);
        append_u64(&out, bundle->files);
        append_u64(&out, bundle->bytes);
    }
    append_texts(cache, &out);
    append_files(walk, now_ns, &out);
    sha256_of(out.data, out.length, &digest);
    append_digest(&out, &digest);
    return replace(cache->path, &out, err);
}
