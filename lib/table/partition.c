/* lib/table/partition.c - keys and values in the names of folders; the files of such a folder. */
#include "table/partition.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "table/infer.h"
#include <errno.h>

#define FILES_MAX 1000000
#define DEPTH_MAX 100
#define MISSING_VALUE "__HIVE_DEFAULT_PARTITION__"

void partitions_clear(struct partitions *partitions)
{
    for (size_t i = 0; i < partitions->count; i++)
        free(partitions->keys[i].name);
    free(partitions->keys);
    strings_free(partitions->values);
    *partitions = (struct partitions){0};
}

/* ---- names ---------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* "a%20b" is "a b"; what is no such pair, and a NUL, stays as it is. The caller frees. */
static char *decode(const char *text, size_t length)
{
    char *plain = xmalloc(length + 1);
    size_t kept = 0;
    for (size_t i = 0; i < length; i++) {
        int high = text[i] == '%' && i + 2 < length ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low >= 0 && high * 16 + low > 0) {
            plain[kept++] = (char)(high * 16 + low);
            i += 2;
        } else {
            plain[kept++] = text[i];
        }
    }
    plain[kept] = '\0';
    return plain;
}

/* A folder's name in its two parts; false: it is no partition. */
static bool cut(const char *name, size_t length, size_t *sign)
{
    const char *first = memchr(name, '=', length);
    *sign = first ? (size_t)(first - name) : 0;
    return *sign > 0 && !memchr(first + 1, '=', length - *sign - 1);
}

struct part {
    char *key, *value; /* value NULL: missing */
};

static void parts_clear(struct part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(parts[i].key);
        free(parts[i].value);
    }
}

static int add_part(const char *path, const char *name, size_t length, struct part *parts,
                    size_t *count, struct mlops_error *err)
{
    size_t sign;
    if (!cut(name, length, &sign))
        return MLOPS_OK;
    if (*count == PARTITION_KEYS_MAX)
        return mlops_fail(err, MLOPS_INVALID, "'%s' has more than %d partition keys", path,
                          PARTITION_KEYS_MAX);
    struct part *part = &parts[*count];
    const char *value = name + sign + 1;
    size_t rest = length - sign - 1;
    bool missing =
        rest == 0 || (rest == strlen(MISSING_VALUE) && strncmp(value, MISSING_VALUE, rest) == 0);
    *part = (struct part){.key = decode(name, sign), .value = missing ? NULL : decode(value, rest)};
    (*count)++;
    for (size_t i = 0; i + 1 < *count; i++)
        if (str_equal(parts[i].key, part->key))
            return mlops_fail(err, MLOPS_INVALID, "'%s' has the partition key '%s' twice", path,
                              part->key);
    if (utf8_valid(part->key, strlen(part->key)) &&
        (!part->value || utf8_valid(part->value, strlen(part->value))))
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "a partition in the path of a file is not UTF-8");
}

/* The parts of the folders between `root` and the file. */
static int read_parts(const char *path, const char *root, struct part *parts, size_t *count,
                      struct mlops_error *err)
{
    size_t length = strlen(root);
    const char *at = strncmp(path, root, length) == 0 ? path + length : path;
    *count = 0;
    for (;;) {
        size_t name = strcspn(at, "/");
        if (!at[name])
            return MLOPS_OK; /* the file itself */
        TRY(add_part(path, at, name, parts, count, err));
        at += name + 1;
    }
}

/* ---- types ---------------------------------------------------------------------------------- */

/* "007" is a code and no number: it would not come back as it was. */
static bool is_integer(const char *value)
{
    const char *digits = value + (*value == '-');
    size_t length = strspn(digits, "0123456789");
    return length > 0 && length <= 18 && !digits[length] && (length == 1 || *digits != '0');
}

static enum column_type type_of(const struct partitions *partitions, size_t key, size_t files)
{
    bool integer = true, time = true, any = false;
    for (size_t i = 0; i < files; i++) {
        const char *value = partitions->values[i * partitions->count + key];
        int64_t time_ns;
        if (!*value)
            continue;
        any = true;
        integer = integer && is_integer(value);
        time = time && clock_parse(value, strlen(value), &time_ns);
    }
    return !any ? COLUMN_CATEGORY : integer ? COLUMN_INTEGER : time ? COLUMN_TIME : COLUMN_CATEGORY;
}

static void type_key(struct partitions *partitions, size_t index, size_t files,
                     const struct table_options *options)
{
    struct partition_key *key = &partitions->keys[index];
    key->wanted = !options->only_expected;
    key->type = type_of(partitions, index, files);
    for (size_t i = 0; options->expected && i < options->expected->count; i++)
        if (str_equal(options->expected->columns[i].name, key->name)) {
            key->type = options->expected->columns[i].type;
            key->wanted = true;
        }
}

/* ---- all files ------------------------------------------------------------------------------ */

/* Take the parts of file `file`: the first says which keys there are. Missing is "" for now, so
 * that the list of values ends where it should. */
static bool take_parts(struct partitions *partitions, size_t file, struct part *parts, size_t count)
{
    if (count != partitions->count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(parts[i].key, partitions->keys[i].name))
            return false;
        char *value = parts[i].value ? TAKE_PTR(parts[i].value) : xstrdup("");
        partitions->values[file * count + i] = value;
    }
    return true;
}

static void take_keys(struct partitions *partitions, const struct part *parts, size_t count,
                      size_t files)
{
    partitions->count = count;
    partitions->keys = xcalloc(count + 1, sizeof(*partitions->keys));
    partitions->values = xcalloc(files * count + 1, sizeof(*partitions->values));
    for (size_t i = 0; i < count; i++)
        partitions->keys[i].name = xstrdup(parts[i].key);
}

int partitions_read(const char *const *paths, size_t count, const char *root,
                    const struct table_options *options, struct partitions *partitions,
                    struct mlops_error *err)
{
    *partitions = (struct partitions){0};
    for (size_t i = 0; i < count; i++) {
        struct part parts[PARTITION_KEYS_MAX];
        size_t found;
        int code = read_parts(paths[i], root, parts, &found, err);
        if (code == MLOPS_OK && i == 0)
            take_keys(partitions, parts, found, count);
        bool same = code == MLOPS_OK && take_parts(partitions, i, parts, found);
        parts_clear(parts, found);
        TRY(code);
        if (same)
            continue;
        partitions_clear(partitions);
        partitions->mixed = true;
        return MLOPS_OK;
    }
    for (size_t i = 0; i < partitions->count; i++)
        type_key(partitions, i, count, options);
    return MLOPS_OK;
}

/* ---- the files of a folder ------------------------------------------------------------------ */

struct listing {
    char **paths;
    size_t count, capacity;
};

static void listing_clear(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->paths[i]);
    free(listing->paths);
}

static int list_folder(const char *folder, int depth, struct listing *listing,
                       struct mlops_error *err);

static int list_entry(const char *path, int depth, struct listing *listing, struct mlops_error *err)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", path);
    if (S_ISDIR(status.st_mode))
        return list_folder(path, depth + 1, listing, err);
    if (!S_ISREG(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no file, and data in a folder must be files",
                          path);
    if (listing->count == FILES_MAX)
        return mlops_fail(err, MLOPS_INVALID, "there are more than %d files in the folder",
                          FILES_MAX);
    GROW(listing->paths, listing->count, &listing->capacity);
    listing->paths[listing->count++] = xstrdup(path);
    return MLOPS_OK;
}

static int list_folder(const char *folder, int depth, struct listing *listing,
                       struct mlops_error *err)
{
    _cleanup_(folder_close) DIR *open = depth <= DEPTH_MAX ? opendir(folder) : NULL;
    if (depth > DEPTH_MAX)
        return mlops_fail(err, MLOPS_INVALID, "'%s' lies too deep", folder);
    if (!open)
        return mlops_fail_errno(err, MLOPS_OK, errno, "read folder '%s'", folder);
    for (;;) {
        const struct dirent *entry;
        TRY(folder_next(open, folder, &entry, err));
        if (!entry)
            return MLOPS_OK;
        if (entry->d_name[0] == '_' || entry->d_name[0] == '.')
            continue;
        _cleanup_(free_string) char *path = path_join(folder, entry->d_name);
        TRY(list_entry(path, depth, listing, err));
    }
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int partition_files(const char *root, char ***paths, size_t *count, struct mlops_error *err)
{
    _cleanup_(listing_clear) struct listing listing = {0};
    TRY(list_folder(root, 0, &listing, err));
    if (listing.count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no files in the folder '%s'", root);
    qsort(listing.paths, listing.count, sizeof(*listing.paths), compare_paths);
    GROW(listing.paths, listing.count, &listing.capacity);
    listing.paths[listing.count] = NULL;
    *count = listing.count;
    *paths = TAKE_PTR(listing.paths);
    listing.count = 0;
    return MLOPS_OK;
}
