/* lib/bundle/manifest_entry.c - entries of the manifest's list of files, written and read. */
#include "bundle/manifest_entry.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/walk.h"
#include <mlops/text.h>

#define TARGET_MAX 4095           /* PATH_MAX without the NUL */
#define SIZE_LARGEST (1ULL << 53) /* what a number of JSON says exactly, RFC 8785 §3.2.2.3 */
#define HEX_LENGTH (SHA256_HEX_SIZE - 1)

int manifest_refuse(struct mlops_error *err, const char *what, const char *path)
{
    _cleanup_(free_string) char *shown = path ? escape_name(path) : NULL;
    return mlops_fail(err, MLOPS_INTEGRITY, "the manifest is wrong: %s%s%s%s", what,
                      shown ? " '" : "", shown ? shown : "", shown ? "'" : "");
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A member of an object; the first has no comma before it. */
static void write_member(const char *key, const char *value, struct buffer *out)
{
    buffer_puts(out, out->data[out->length - 1] == '{' ? "\"" : ",\"");
    buffer_puts(out, key);
    buffer_puts(out, "\":");
    json_write_string(value, out);
}

/* In canonical form at once, keys in order: a tree of tens of thousands of files takes longer to
 * build than its text, which is read back and checked in any case. */
void manifest_entry_write(const struct manifest_file *file, struct buffer *out)
{
    static const char *const types[] = {
        [MANIFEST_FILE] = "file", [MANIFEST_LINK] = "link", [MANIFEST_FOLDER] = "folder"};
    const char mode[] = {'0', (char)('0' + (file->mode >> 6 & 7)),
                         (char)('0' + (file->mode >> 3 & 7)), (char)('0' + (file->mode & 7)), 0};
    buffer_putc(out, '{');
    if (file->kind != MANIFEST_LINK)
        write_member("mode", mode, out);
    write_member("path", file->path, out);
    if (file->kind == MANIFEST_FILE) {
        char hex[SHA256_HEX_SIZE];
        digest_to_hex(&file->digest, hex);
        write_member("sha256", hex, out);
        buffer_puts(out, ",\"size\":");
        json_write_number((double)file->size, out);
    }
    if (file->kind == MANIFEST_LINK)
        write_member("target", file->target, out);
    write_member("type", types[file->kind], out);
    buffer_putc(out, '}');
}

/* ---- reading from a tree --------------------------------------------------------------------- */

static int read_kind(const cJSON *json, struct manifest_file *file, struct mlops_error *err)
{
    static const char *const names[] = {
        [MANIFEST_FILE] = "file", [MANIFEST_LINK] = "link", [MANIFEST_FOLDER] = "folder"};
    const char *type = json_string(json, "type", "");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (str_equal(names[i], type)) {
            file->kind = (enum manifest_kind)i;
            return MLOPS_OK;
        }
    return manifest_refuse(err, "unknown type of", file->path);
}

/* A component that means another folder; and what could make other programs run what came with the
 * bundle: packaging leaves git's folder and the registry out. */
static bool is_safe_part(const char *part, size_t length)
{
    static const char *const unsafe[] = {"", ".", "..", ".git", ".mlops"};
    for (size_t i = 0; i < ARRAY_LENGTH(unsafe); i++)
        if (strlen(unsafe[i]) == length && memcmp(part, unsafe[i], length) == 0)
            return false;
    return true;
}

/* In the form of path_normalize, and of plain text. */
static bool is_safe_path(const char *path)
{
    struct mlops_error ignored;
    const char *part = path, *slash;
    for (; (slash = strchr(part, '/')); part = slash + 1)
        if (!is_safe_part(part, (size_t)(slash - part)))
            return false;
    return is_safe_part(part, strlen(part)) && name_is_plain(path) &&
           path_check_length(path, &ignored) == MLOPS_OK;
}

static bool is_target(const char *target)
{
    return *target && strlen(target) <= TARGET_MAX && name_is_plain(target);
}

int manifest_entry_read(const cJSON *json, struct manifest_file *file, struct mlops_error *err)
{
    const char *path = json_string(json, "path", NULL);
    if (!path || !is_safe_path(path))
        return manifest_refuse(err, "an unsafe path", path);
    file->path = xstrdup(path);
    TRY(read_kind(json, file, err));
    if (file->kind == MANIFEST_LINK) {
        const char *target = json_string(json, "target", "");
        if (!is_target(target))
            return manifest_refuse(err, "no target of the link", file->path);
        file->target = xstrdup(target);
        return MLOPS_OK;
    }
    const char *mode = json_string(json, "mode", "");
    if (strlen(mode) != 4 || mode[0] != '0' || strspn(mode, "01234567") != 4)
        return manifest_refuse(err, "no permissions of", file->path);
    file->mode = (unsigned)strtoul(mode, NULL, 8);
    if (file->kind == MANIFEST_FOLDER)
        return MLOPS_OK;
    const char *hex = json_string(json, "sha256", "");
    file->size = json_u64(json, "size", UINT64_MAX);
    if (file->size == UINT64_MAX || !digest_from_hex(hex, strlen(hex), &file->digest))
        return manifest_refuse(err, "no digest or size of", file->path);
    return MLOPS_OK;
}

/* ---- reading the usual ----------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
};

static bool pass(struct cursor *cursor, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, text, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

/* A text up to its closing quote, which stays. NULL where one has escapes, or no end. */
static char *take_text(struct cursor *cursor)
{
    const char *from = cursor->at;
    const char *quote = memchr(from, '"', (size_t)(cursor->end - from));
    size_t length = quote ? (size_t)(quote - from) : 0;
    if (!quote || memchr(from, '\\', length) || memchr(from, '\0', length))
        return NULL;
    cursor->at = quote;
    return xstrndup(from, length);
}

/* Four octal digits, the first 0. */
static bool take_mode(struct cursor *cursor, unsigned *mode)
{
    *mode = 0;
    if (!pass(cursor, "0") || cursor->end - cursor->at < 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (*cursor->at < '0' || *cursor->at > '7')
            return false;
        *mode = *mode << 3 | (unsigned)(*cursor->at++ - '0');
    }
    return true;
}

static bool take_digest(struct cursor *cursor, struct digest *digest)
{
    if (cursor->end - cursor->at < HEX_LENGTH || !digest_from_hex(cursor->at, HEX_LENGTH, digest))
        return false;
    cursor->at += HEX_LENGTH;
    return true;
}

static bool take_size(struct cursor *cursor, uint64_t *size)
{
    const char *from = cursor->at;
    *size = 0;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        *size = *size * 10 + (uint64_t)(*cursor->at - '0');
        if (*size > SIZE_LARGEST)
            return false;
    }
    return cursor->at > from && (*from != '0' || cursor->at == from + 1);
}

static bool take_entry(struct cursor *cursor, struct manifest_file *file)
{
    if (!pass(cursor, "{"))
        return false;
    bool has_mode = pass(cursor, "\"mode\":\"");
    if (has_mode && !(take_mode(cursor, &file->mode) && pass(cursor, "\",")))
        return false;
    if (!pass(cursor, "\"path\":\"") || !(file->path = take_text(cursor)) ||
        !is_safe_path(file->path))
        return false;
    if (!has_mode) {
        file->kind = MANIFEST_LINK;
        return pass(cursor, "\",\"target\":\"") && (file->target = take_text(cursor)) &&
               is_target(file->target) && pass(cursor, "\",\"type\":\"link\"}");
    }
    file->kind = MANIFEST_FOLDER;
    if (pass(cursor, "\",\"type\":\"folder\"}"))
        return true;
    file->kind = MANIFEST_FILE;
    return pass(cursor, "\",\"sha256\":\"") && take_digest(cursor, &file->digest) &&
           pass(cursor, "\",\"size\":") && take_size(cursor, &file->size) &&
           pass(cursor, ",\"type\":\"file\"}");
}

bool manifest_entries_scan(const char *text, size_t length, struct manifest_file **files,
                           size_t *count)
{
    struct cursor cursor = {.at = text, .end = text + length};
    size_t capacity = 0;
    *files = NULL;
    *count = 0;
    bool usual = pass(&cursor, "[");
    while (usual && !pass(&cursor, "]")) {
        GROW(*files, *count, &capacity);
        struct manifest_file *file = &(*files)[(*count)++];
        *file = (struct manifest_file){0};
        usual = (*count == 1 || pass(&cursor, ",")) && take_entry(&cursor, file);
    }
    if (usual && cursor.at == cursor.end)
        return true;
    for (size_t i = 0; i < *count; i++)
        manifest_file_clear(&(*files)[i]);
    free(*files);
    *files = NULL;
    *count = 0;
    return false;
}
