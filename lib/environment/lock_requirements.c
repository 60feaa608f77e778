/* lib/environment/lock_requirements.c - pip's requirements files: continued lines, options,
 * includes and constraints, requirements of PEP 508. */
#include "base/path.h"
#include "environment/lock_readers.h"
#include <strings.h>

#define INCLUDES_MAX 100
#define DEPTH_MAX 16

/* ---- one requirement ----------------------------------------------------------------------- */

static bool in_name(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
           c == '-' || c == '_';
}

static bool in_version(char c)
{
    return in_name(c) || c == '+' || c == '!';
}

static const char *skip_blanks(const char *c)
{
    return c + strspn(c, " \t");
}

/* Length of `text` without the blanks at its end. */
static size_t trimmed(const char *text, size_t length)
{
    while (length > 0 && strchr(" \t\r", text[length - 1]))
        length--;
    return length;
}

/* A commit's whole name behind the last '@', or a digest in the fragment: one content only. */
static bool is_exact_url(const char *url)
{
    const char *at = strrchr(url, '@');
    if (str_starts(url, "git+") || str_starts(url, "hg+"))
        return at && strspn(at + 1, "0123456789abcdef") >= 40;
    const char *fragment = strchr(url, '#');
    return fragment && (strstr(fragment, "sha256=") || strstr(fragment, "sha384=") ||
                        strstr(fragment, "sha512="));
}

/* `==1.2`, alone and without a `*`: its version, to be freed; else NULL. */
static char *exact_version(const char *specifier, size_t length)
{
    const char *c = specifier, *end = specifier + length;
    if (length > 2 && *c == '(' && end[-1] == ')') {
        c++;
        end--;
    }
    c = skip_blanks(c);
    size_t signs = strspn(c, "=");
    if (signs != 2 && signs != 3)
        return NULL;
    const char *from = skip_blanks(c + signs);
    for (c = from; c < end && in_version(*c);)
        c++;
    return c > from && trimmed(c, (size_t)(end - c)) == 0 ? xstrndup(from, (size_t)(c - from))
                                                          : NULL;
}

/* --hash=sha256:… options behind a requirement; `options` begins with " --". */
static void take_hashes(struct distribution *item, const char *options)
{
    for (const char *c = options; (c = strstr(c, "--hash")) != NULL;) {
        c = skip_blanks(c + strlen("--hash"));
        c = skip_blanks(c + (*c == '='));
        size_t length = strcspn(c, " \t");
        _cleanup_(free_string) char *hash = xstrndup(c, length);
        distribution_add_hash(item, hash);
        c += length;
    }
}

/* A path or URL without a name before it. */
static void take_place(struct lock *lock, const char *place, size_t length, int number)
{
    _cleanup_(free_string) char *url = xstrndup(place, length);
    const char *egg = strstr(url, "#egg="), *name = egg ? egg + strlen("#egg=") : path_base(url);
    size_t size = egg ? strcspn(name, "&[") : strlen(name);
    struct distribution *item =
        lock_add(lock, DISTRIBUTION_PYPI, size ? name : ".", size ? size : 1, number);
    bool remote = strstr(url, "://") != NULL && !str_starts(url, "file://");
    item->pin = !remote || is_exact_url(url) ? PIN_SOURCE : PIN_NONE;
    item->text = xstrdup(url);
    item->source = TAKE_PTR(url);
}

static bool is_place(const char *line)
{
    size_t name = strcspn(line, " \t;@<>=!~[(");
    const char *slash = memchr(line, '/', name);
    return line[0] == '.' || line[0] == '/' || slash != NULL || str_starts(line, "file:");
}

/* NAME [EXTRAS] SPECIFIER | @ URL, up to `length`, which has no marker and no options. */
static void take_named(struct distribution *item, const char *rest, size_t length)
{
    const char *end = rest + length;
    rest = skip_blanks(rest);
    if (rest < end && *rest == '[') {
        size_t size = strcspn(rest, "]");
        item->extras = xstrndup(rest + 1, size > 0 ? size - 1 : 0);
        rest = skip_blanks(rest + size + (rest[size] == ']'));
    }
    if (rest >= end)
        return;
    length = trimmed(rest, (size_t)(end - rest));
    if (*rest == '@') {
        const char *url = skip_blanks(rest + 1);
        item->source = xstrndup(url, (size_t)(rest + length - url));
        item->pin = is_exact_url(item->source) ? PIN_SOURCE : PIN_NONE;
        return;
    }
    item->version = exact_version(rest, length);
    item->pin = item->version ? PIN_VERSION : PIN_NONE;
}

/* Where the requirement's marker begins, behind a ';' (with a blank before it where a URL is). */
static const char *find_marker(const char *text)
{
    const char *url = strchr(text, '@');
    for (const char *c = strchr(text, ';'); c; c = strchr(c + 1, ';'))
        if (!url || c < url || (c > text && (c[-1] == ' ' || c[-1] == '\t')))
            return c;
    return NULL;
}

static void take_requirement(struct lock *lock, const char *line, int number)
{
    const char *options = strstr(line, " --");
    if (!options)
        options = line + strlen(line);
    _cleanup_(free_string) char *text = xstrndup(line, (size_t)(options - line));
    const char *marker = find_marker(text);
    size_t length = trimmed(text, marker ? (size_t)(marker - text) : strlen(text)), name = 0;
    if (is_place(text)) {
        take_place(lock, text, length, number);
    } else {
        while (name < length && in_name(text[name]))
            name++;
        if (name == 0)
            return; /* pip would refuse it, and names nothing that could be looked for */
        struct distribution *item = lock_add(lock, DISTRIBUTION_PYPI, text, name, number);
        item->text = xstrndup(text, length);
        take_named(item, text + name, length - name);
    }
    struct distribution *item = &lock->items[lock->count - 1];
    if (marker) {
        marker = skip_blanks(marker + 1);
        item->marker = xstrndup(marker, trimmed(marker, strlen(marker)));
    }
    take_hashes(item, options);
    if (item->pin == PIN_NONE && item->source && item->hash_count > 0)
        item->pin = PIN_SOURCE;
}

/* ---- includes ------------------------------------------------------------------------------ */

/* `path` as the file `from` means it, relative to the folder of the lock; NULL: it leads out. */
static char *resolve(const char *from, const char *path)
{
    _cleanup_(free_string) char *parent = path_parent(from);
    _cleanup_(free_string) char *joined = path_join(parent, path);
    _cleanup_(buffer_clear) struct buffer out = {0};
    char *state = NULL;
    if (*path == '/')
        return NULL;
    for (char *part = strtok_r(joined, "/", &state); part; part = strtok_r(NULL, "/", &state)) {
        if (str_equal(part, "."))
            continue;
        if (!str_equal(part, "..")) {
            buffer_printf(&out, "%s%s", out.length ? "/" : "", part);
            continue;
        }
        if (out.length == 0)
            return NULL;
        char *slash = strrchr(out.data, '/');
        out.length = slash ? (size_t)(slash - out.data) : 0;
        out.data[out.length] = '\0';
    }
    return out.length ? buffer_steal(&out) : NULL;
}

static bool is_included(const struct lock *lock, const char *path)
{
    for (size_t i = 0; i < lock->included_count; i++)
        if (str_equal(lock->included[i], path))
            return true;
    return false;
}

static int take_lines(const struct lock_options *options, struct lock *lock, int depth,
                      struct mlops_error *err);

/* What a constraints file includes is constraints, too. */
static int take_constraints(const struct lock_options *options, struct lock *lock, int depth,
                            struct mlops_error *err)
{
    struct lock *pins = lock->constraints;
    pins->included = lock->included;
    pins->included_count = lock->included_count;
    lock->constraints = NULL;
    int code = take_lines(options, pins, depth, err);
    lock->included = TAKE_PTR(pins->included);
    lock->included_count = pins->included_count;
    pins->included_count = 0;
    if (pins->constraints) { /* of its own: they are of no use beyond it */
        lock_clear(pins->constraints);
        free(TAKE_PTR(pins->constraints));
    }
    lock->constraints = pins;
    return code;
}

static int include(const struct lock_options *options, struct lock *lock, const char *path,
                   int number, int depth, bool constraints, struct mlops_error *err)
{
    _cleanup_(free_string) char *real = strstr(path, "://") ? NULL : resolve(options->path, path);
    _cleanup_(buffer_clear) struct buffer content = {0};
    if (!options->include)
        return MLOPS_OK;
    if (!real) {
        mlops_fail(err, MLOPS_INVALID, "%s:%d: '%s' is not in the folder", options->path, number,
                   path);
        return mlops_hint(err, "a bundle holds what it includes: copy the file into the folder");
    }
    if (is_included(lock, real))
        return MLOPS_OK;
    if (depth == DEPTH_MAX || lock->included_count == INCLUDES_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: more than %d files are included",
                          options->path, number, INCLUDES_MAX);
    lock->included = xrealloc(lock->included, lock->included_count + 1, sizeof(*lock->included));
    lock->included[lock->included_count++] = xstrdup(real);
    if (options->include(options->context, real, &content, err))
        return mlops_wrap(err, "%s:%d", options->path, number);
    const struct lock_options inner = {.path = real,
                                       .text = content.data,
                                       .length = content.length,
                                       .include = options->include,
                                       .context = options->context};
    if (!constraints)
        return take_lines(&inner, lock, depth + 1, err);
    if (!lock->constraints)
        lock->constraints = xcalloc(1, sizeof(*lock->constraints));
    return take_constraints(&inner, lock, depth + 1, err);
}

/* The argument of the option where `line` begins with it: `-r x`, `-rx`, `--requirement x` and
 * `--requirement=x`. */
static const char *argument_of(const char *line, const char *letter, const char *name)
{
    if (str_starts(line, name)) {
        const char *c = line + strlen(name);
        if (*c == '=' || *c == ' ' || *c == '\t')
            return skip_blanks(c + 1);
        return NULL;
    }
    return str_starts(line, letter) && line[1] != '-' ? skip_blanks(line + strlen(letter)) : NULL;
}

static int take_option(const struct lock_options *options, struct lock *lock, const char *line,
                       int number, int depth, struct mlops_error *err)
{
    const char *path = argument_of(line, "-r", "--requirement");
    if (path)
        return include(options, lock, path, number, depth, false, err);
    path = argument_of(line, "-c", "--constraint");
    if (path)
        return include(options, lock, path, number, depth, true, err);
    path = argument_of(line, "-e", "--editable");
    if (path)
        take_place(lock, path, strcspn(path, " \t;"), number);
    return MLOPS_OK; /* the others say where and how to look, and name nothing */
}

int lock_take_requirement(const struct lock_options *options, struct lock *lock, const char *line,
                          size_t length, int number, int depth, struct mlops_error *err)
{
    while (length > 0 && strchr(" \t\r", *line)) {
        line++;
        length--;
    }
    length = trimmed(line, length);
    if (length == 0 || memchr(line, '\0', length))
        return MLOPS_OK;
    TRY(lock_check_room(lock, options->path, err));
    _cleanup_(free_string) char *text = xstrndup(line, length);
    if (text[0] == '-')
        return take_option(options, lock, text, number, depth, err);
    take_requirement(lock, text, depth ? 0 : number);
    return MLOPS_OK;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* Length of a line without its comment: '#' at the beginning or after a blank. */
static size_t without_comment(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
            return i;
    return length;
}

static int take_lines(const struct lock_options *options, struct lock *lock, int depth,
                      struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer logical = {0};
    const char *line = options->text, *end = line + options->length;
    int number = 1, first = 1;
    while (line && line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((stop ? stop : end) - line);
        if (length > 0 && line[length - 1] == '\r')
            length--;
        size_t whole = without_comment(line, length);
        bool continued = whole == length && length > 0 && line[length - 1] == '\\';
        if (logical.length == 0)
            first = number;
        buffer_append(&logical, line, continued ? whole - 1 : whole);
        if (continued) {
            buffer_putc(&logical, ' ');
        } else {
            TRY(lock_take_requirement(options, lock, logical.data ? logical.data : "",
                                      logical.length, first, depth, err));
            buffer_reset(&logical);
        }
        line = stop ? stop + 1 : NULL;
        number++;
    }
    return lock_take_requirement(options, lock, logical.data ? logical.data : "", logical.length,
                                 first, depth, err);
}

int lock_read_requirements(const struct lock_options *options, struct lock *lock,
                           struct mlops_error *err)
{
    return take_lines(options, lock, 0, err);
}
