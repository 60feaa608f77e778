/* lib/environment/lock.c - which format a lock file has, and what its readers fill. */
#include "environment/lock.h"
#include "base/path.h"
#include "environment/capture.h"
#include "environment/lock_readers.h"
#include <fnmatch.h>

static const struct format {
    const char *name;
    int (*read)(const struct lock_options *options, struct lock *lock, struct mlops_error *err);
} formats[] = {
    [LOCK_UNKNOWN] = {"unknown", NULL},
    [LOCK_REQUIREMENTS] = {"requirements", lock_read_requirements},
    [LOCK_PYLOCK] = {"pylock", lock_read_pylock},
    [LOCK_UV] = {"uv", lock_read_uv},
    [LOCK_POETRY] = {"poetry", lock_read_poetry},
    [LOCK_PDM] = {"pdm", lock_read_poetry},
    [LOCK_PIPFILE] = {"pipfile", lock_read_pipfile},
    [LOCK_CONDA] = {"conda", lock_read_conda},
    [LOCK_CONDA_EXPLICIT] = {"conda-explicit", lock_read_conda_explicit},
    [LOCK_CONTAINERFILE] = {"containerfile", lock_read_containerfile},
    [LOCK_CAPTURED] = {"mlops-environment", lock_read_captured},
};

static const struct {
    const char *pattern;
    enum lock_format format;
} names[] = {
    {"pylock.toml", LOCK_PYLOCK},
    {"pylock.*.toml", LOCK_PYLOCK},
    {"uv.lock", LOCK_UV},
    {"poetry.lock", LOCK_POETRY},
    {"pdm.lock", LOCK_PDM},
    {"Pipfile.lock", LOCK_PIPFILE},
    {"Containerfile*", LOCK_CONTAINERFILE},
    {"Dockerfile*", LOCK_CONTAINERFILE},
    {"*.yml", LOCK_CONDA},
    {"*.yaml", LOCK_CONDA},
};

/* Does a line begin with `beginning`? */
static bool has_line(const char *text, size_t length, const char *beginning)
{
    size_t size = strlen(beginning);
    for (const char *line = text, *end = text + length; line && line < end;) {
        if ((size_t)(end - line) >= size && memcmp(line, beginning, size) == 0)
            return true;
        line = memchr(line, '\n', (size_t)(end - line));
        line = line ? line + 1 : NULL;
    }
    return false;
}

/* Text that pip could read: no bytes that no text has. */
static bool is_text(const char *text, size_t length)
{
    return length == 0 || (!memchr(text, '\0', length) && utf8_valid(text, length));
}

static enum lock_format format_of(const struct lock_options *options)
{
    const char *text = options->text, *end = text + options->length, *first = text;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (fnmatch(names[i].pattern, path_base(options->path), FNM_CASEFOLD) == 0)
            return names[i].format;
    if (!is_text(text, options->length))
        return LOCK_UNKNOWN;
    while (first < end && strchr(" \t\r\n", *first))
        first++;
    if (first < end && *first == '{')
        return captured_is(text, options->length) ? LOCK_CAPTURED : LOCK_PIPFILE;
    if (has_line(text, options->length, "@EXPLICIT"))
        return LOCK_CONDA_EXPLICIT;
    if (has_line(text, options->length, "[[packages]]"))
        return LOCK_PYLOCK;
    if (has_line(text, options->length, "[[package]]"))
        return has_line(text, options->length, "version = 1") ? LOCK_UV : LOCK_POETRY;
    if (has_line(text, options->length, "dependencies:"))
        return LOCK_CONDA;
    return LOCK_REQUIREMENTS;
}

/* The pins of constraints files hold for what is required without one. */
static void constrain(struct lock *lock)
{
    const struct lock *constraints = lock->constraints;
    for (size_t i = 0; constraints && i < lock->count; i++) {
        struct distribution *item = &lock->items[i];
        const struct distribution *pin = lock_find(constraints, DISTRIBUTION_PYPI, item->key, NULL);
        if (item->pin != PIN_NONE || item->source || !pin || pin->pin != PIN_VERSION)
            continue;
        item->version = xstrdup(pin->version);
        item->pin = PIN_VERSION;
        for (size_t j = 0; j < pin->hash_count; j++)
            distribution_add_hash(item, pin->hashes[j]);
    }
}

static void note_included(struct lock *lock, const char *path)
{
    lock->included = xrealloc(lock->included, lock->included_count + 1, sizeof(*lock->included));
    lock->included[lock->included_count++] = xstrdup(path);
}

/* The lock's own name stands first among what is included while it is read, so that it is not
 * included again. */
static void forget_itself(struct lock *lock)
{
    free(lock->included[0]);
    lock->included_count--;
    memmove(lock->included, lock->included + 1, lock->included_count * sizeof(*lock->included));
}

int lock_read(const struct lock_options *options, struct lock *lock, struct mlops_error *err)
{
    *lock = (struct lock){0};
    if (options->length > LOCK_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s is larger than %u MiB", options->path,
                          LOCK_MAX >> 20);
    lock->format = format_of(options);
    if (!formats[lock->format].read)
        return MLOPS_OK;
    note_included(lock, options->path);
    int code = formats[lock->format].read(options, lock, err);
    if (code) {
        lock_clear(lock);
        return code;
    }
    if (lock->included_count > 0)
        forget_itself(lock);
    constrain(lock);
    return MLOPS_OK;
}

void distribution_clear(struct distribution *item)
{
    free(item->name);
    free(item->key);
    free(item->version);
    free(item->build);
    free(item->extras);
    free(item->text);
    free(item->marker);
    free(item->source);
    free(item->content);
    for (size_t i = 0; i < item->hash_count; i++)
        free(item->hashes[i]);
    free(item->hashes);
}

void lock_clear(struct lock *lock)
{
    for (size_t i = 0; i < lock->count; i++)
        distribution_clear(&lock->items[i]);
    for (size_t i = 0; i < lock->channel_count; i++)
        free(lock->channels[i]);
    for (size_t i = 0; i < lock->included_count; i++)
        free(lock->included[i]);
    free(lock->items);
    free(lock->channels);
    free(lock->included);
    free(lock->python);
    if (lock->constraints)
        lock_clear(lock->constraints);
    free(lock->constraints);
    *lock = (struct lock){0};
}

const char *lock_format_name(enum lock_format format)
{
    return formats[format].name;
}

bool lock_is_hashed(const struct lock *lock)
{
    for (size_t i = 0; i < lock->count; i++)
        if (!lock->items[i].optional && lock->items[i].hash_count == 0)
            return false;
    return true;
}

const struct distribution *lock_find(const struct lock *lock, enum distribution_kind kind,
                                     const char *key, const char *version)
{
    for (size_t i = 0; i < lock->count; i++) {
        const struct distribution *item = &lock->items[i];
        if (item->kind == kind && str_equal(item->key, key) &&
            (!version || (item->version && str_equal(item->version, version))))
            return item;
    }
    return NULL;
}

int lock_check_room(const struct lock *lock, const char *path, struct mlops_error *err)
{
    return lock->count < LOCK_ITEMS_MAX
               ? MLOPS_OK
               : mlops_fail(err, MLOPS_INVALID, "%s: more than %u packages", path, LOCK_ITEMS_MAX);
}

struct distribution *lock_add(struct lock *lock, enum distribution_kind kind, const char *name,
                              size_t length, int line)
{
    GROW(lock->items, lock->count, &lock->capacity);
    struct distribution *item = &lock->items[lock->count++];
    *item = (struct distribution){.kind = kind, .line = line, .name = xstrndup(name, length)};
    item->key =
        kind == DISTRIBUTION_PYPI ? package_name_normalise(name, length) : xstrndup(name, length);
    return item;
}

/* "sha256:" and the like: a name of letters and digits, a colon, hexadecimal digits. */
static bool is_hash(const char *hash)
{
    size_t name = strspn(hash, "abcdefghijklmnopqrstuvwxyz0123456789");
    if (name == 0 || hash[name] != ':')
        return false;
    size_t digits = strspn(hash + name + 1, "0123456789abcdefABCDEF");
    return digits >= 32 && digits <= 128 && hash[name + 1 + digits] == '\0';
}

void distribution_add_hash(struct distribution *item, const char *hash)
{
    if (!is_hash(hash))
        return;
    size_t low = 0, high = item->hash_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(item->hashes[middle], hash);
        if (order == 0)
            return;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if ((item->hash_count & (item->hash_count + 1)) == 0) /* 0, 1, 3, 7 …: room for as many more */
        item->hashes = xrealloc(item->hashes, 2 * item->hash_count + 1, sizeof(*item->hashes));
    memmove(item->hashes + low + 1, item->hashes + low,
            (item->hash_count - low) * sizeof(*item->hashes));
    item->hashes[low] = xstrdup(hash);
    item->hash_count++;
}

char *package_name_normalise(const char *name, size_t length)
{
    struct buffer text = {0};
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        if (c == '_' || c == '.')
            c = '-';
        if (c == '-' && text.length && text.data[text.length - 1] == '-')
            continue;
        buffer_putc(&text, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
    }
    return buffer_steal(&text);
}

/* The value of a header line `Key: value`, or NULL. */
static char *header_value(const char *line, size_t length, const char *key)
{
    size_t size = strlen(key);
    if (length < size || strncasecmp(line, key, size) != 0)
        return NULL;
    line += size;
    length -= size;
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    while (length > 0 && strchr(" \t\r", line[length - 1]))
        length--;
    return length > 0 && !memchr(line, '\0', length) ? xstrndup(line, length) : NULL;
}

void metadata_read(const char *text, size_t length, char **name, char **version)
{
    const char *end = text + length;
    *name = *version = NULL;
    for (const char *line = text; line < end && !(*name && *version);) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((stop ? stop : end) - line);
        if (size == 0 || (size == 1 && *line == '\r'))
            break; /* the description follows */
        if (!*name)
            *name = header_value(line, size, "Name:");
        if (!*version)
            *version = header_value(line, size, "Version:");
        line += size + 1;
    }
}
