/* lib/bundle/assignments.c - `key = value` lines into a tree. */
#include "bundle/assignments.h"
#include "base/json.h"
#include "base/path.h"
#include "base/yaml.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#define KEY_MAX 1024
#define PARTS_MAX 32 /* of a dotted key, with its section */
#define ENTRIES_MAX 100000

struct reader {
    const char *what;
    int line;
    const char *at, *end; /* of the present line */
    size_t entries;
    struct mlops_error *err;
};

static int wrong(struct reader *reader, const char *why)
{
    return mlops_fail(reader->err, MLOPS_INVALID, "%s:%d: %s", reader->what, reader->line, why);
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t'))
        reader->at++;
}

/* Nothing but a comment is left of the line. */
static bool is_over(struct reader *reader)
{
    skip_blanks(reader);
    return reader->at == reader->end || *reader->at == '#' || *reader->at == ';';
}

/* ---- values --------------------------------------------------------------------------------- */

static cJSON *value_of(const struct yaml_node *node)
{
    return yaml_too_large(node) ? xcheck(cJSON_CreateNumber(HUGE_VAL)) : yaml_to_json(node);
}

cJSON *assignments_value(const char *text)
{
    struct yaml_node node = {.kind = YAML_SCALAR, .text = (char *)(uintptr_t)text};

    if (str_equal(text, "") || str_equal(text, "null") || str_equal(text, "~"))
        node.kind = YAML_NULL;
    return value_of(&node);
}

/* A number, true, false, or a text: 1_000, too. */
static cJSON *bare_value(const char *text, size_t length)
{
    _cleanup_(free_string) char *plain = xstrndup(text, length);
    size_t kept = 0;
    double number;

    for (size_t i = 0; i < length; i++)
        if (text[i] != '_')
            plain[kept++] = text[i];
    plain[kept] = '\0';
    struct yaml_node node = {.kind = YAML_SCALAR, .text = plain};
    if (yaml_as_number(&node, &number))
        return xcheck(cJSON_CreateNumber(number));
    _cleanup_(free_string) char *whole = xstrndup(text, length);
    node.text = whole;
    return value_of(&node);
}

static void put_utf8(struct buffer *out, uint32_t point)
{
    if (point < 0x80) {
        buffer_putc(out, (char)point);
    } else if (point < 0x800) {
        buffer_putc(out, (char)(0xc0 | point >> 6));
        buffer_putc(out, (char)(0x80 | (point & 0x3f)));
    } else {
        if (point < 0x10000) {
            buffer_putc(out, (char)(0xe0 | point >> 12));
        } else {
            buffer_putc(out, (char)(0xf0 | point >> 18));
            buffer_putc(out, (char)(0x80 | (point >> 12 & 0x3f)));
        }
        buffer_putc(out, (char)(0x80 | (point >> 6 & 0x3f)));
        buffer_putc(out, (char)(0x80 | (point & 0x3f)));
    }
}

/* \uXXXX and \UXXXXXXXX: `digits` of them come next. */
static int take_code_point(struct reader *reader, size_t digits, struct buffer *out)
{
    uint32_t point = 0;

    for (size_t i = 0; i < digits; i++, reader->at++) {
        if (reader->at == reader->end || !isxdigit((unsigned char)*reader->at))
            return wrong(reader, "an escape has too few hexadecimal digits");
        char c = (char)tolower((unsigned char)*reader->at);
        point = point << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return wrong(reader, "an escape is no character");
    put_utf8(out, point);
    return MLOPS_OK;
}

static int take_escape(struct reader *reader, struct buffer *out)
{
    static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";

    if (reader->at == reader->end)
        return wrong(reader, "a text ends in a backslash");
    char c = *reader->at++;
    const char *name = memchr(names, c, sizeof(names) - 1);
    if (name) {
        buffer_putc(out, values[name - names]);
        return MLOPS_OK;
    }
    if (c == 'u' || c == 'U')
        return take_code_point(reader, c == 'u' ? 4 : 8, out);
    return wrong(reader, "a text has an escape that means nothing");
}

/* A text in quotes, of which the first is next. The caller frees `*text`. */
static int take_quoted(struct reader *reader, char **text)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    char quote = *reader->at;

    if (reader->end - reader->at >= 3 && reader->at[1] == quote && reader->at[2] == quote)
        return wrong(reader, "texts over several lines are not supported");
    reader->at++;
    while (reader->at < reader->end) {
        char c = *reader->at++;
        if (c == quote) {
            *text = buffer_steal(&content);
            return MLOPS_OK;
        }
        if (c == '\\' && quote == '"')
            TRY(take_escape(reader, &content));
        else
            buffer_putc(&content, c);
    }
    return wrong(reader, "a text is not closed");
}

/* Up to a comment, or within a list up to a comma or bracket. */
static int take_bare(struct reader *reader, bool in_list, cJSON **value)
{
    const char *from = reader->at, *stop = from;

    for (; stop < reader->end; stop++) {
        if (in_list && (*stop == ',' || *stop == ']'))
            break;
        bool begins_comment = *stop == '#' || *stop == ';';
        if (begins_comment && (stop == from || stop[-1] == ' ' || stop[-1] == '\t'))
            break;
    }
    reader->at = stop;
    while (stop > from && isspace((unsigned char)stop[-1]))
        stop--;
    if (stop == from && in_list)
        return wrong(reader, "a value is missing in a list");
    *value =
        stop == from ? xcheck(cJSON_CreateString("")) : bare_value(from, (size_t)(stop - from));
    return MLOPS_OK;
}

static int take_item(struct reader *reader, bool in_list, cJSON **value)
{
    _cleanup_(free_string) char *text = NULL;

    if (++reader->entries > ENTRIES_MAX)
        return wrong(reader, "too many entries");
    if (reader->at < reader->end && (*reader->at == '"' || *reader->at == '\'')) {
        TRY(take_quoted(reader, &text));
        *value = xcheck(cJSON_CreateString(text));
        return MLOPS_OK;
    }
    if (reader->at < reader->end && *reader->at == '{')
        return wrong(reader, "inline tables are not supported: write a [section]");
    if (in_list && reader->at < reader->end && *reader->at == '[')
        return wrong(reader, "lists in lists are not supported");
    return take_bare(reader, in_list, value);
}

static int take_list(struct reader *reader, cJSON *list)
{
    reader->at++;
    for (;;) {
        cJSON *item = NULL;
        skip_blanks(reader);
        if (reader->at < reader->end && *reader->at == ']')
            break;
        TRY(take_item(reader, true, &item));
        cJSON_AddItemToArray(list, item);
        skip_blanks(reader);
        if (reader->at == reader->end || (*reader->at != ',' && *reader->at != ']'))
            return wrong(reader, "a list is not closed in its line");
        reader->at += *reader->at == ',';
    }
    reader->at++;
    return MLOPS_OK;
}

static int take_value(struct reader *reader, cJSON **value)
{
    skip_blanks(reader);
    if (reader->at < reader->end && *reader->at == '[') {
        *value = xcheck(cJSON_CreateArray());
        TRY(take_list(reader, *value));
    } else {
        TRY(take_item(reader, false, value));
    }
    return is_over(reader) ? MLOPS_OK : wrong(reader, "something stands behind the value");
}

/* ---- keys ----------------------------------------------------------------------------------- */

static int put_part(cJSON *map, const char *part, cJSON *value, bool replace,
                    struct mlops_error *err)
{
    const cJSON *there = cJSON_GetObjectItemCaseSensitive(map, part);

    if (there && !replace) {
        cJSON_Delete(value);
        return mlops_fail(err, MLOPS_INVALID, "'%s' stands twice", part);
    }
    if (there)
        cJSON_ReplaceItemInObjectCaseSensitive(map, part, value);
    else
        cJSON_AddItemToObject(map, part, value);
    return MLOPS_OK;
}

/* The map `part` of `map`, made where it is missing. */
static int enter(cJSON **map, const char *part, struct mlops_error *err)
{
    cJSON *inner = cJSON_GetObjectItemCaseSensitive(*map, part);

    if (inner && !cJSON_IsObject(inner))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is a value, and cannot hold others", part);
    *map = inner ? inner : json_add_object(*map, part);
    return MLOPS_OK;
}

static int put(cJSON *map, char *key, cJSON **value, bool replace, struct mlops_error *err)
{
    size_t parts = 1;

    for (char *part = key;; part = strchr(part, '\0') + 1) {
        char *dot = strchr(part, '.');
        if (dot)
            *dot = '\0';
        if (!*part)
            return mlops_fail(err, MLOPS_INVALID, "a key has an empty part");
        if (!dot)
            return put_part(map, part, TAKE_PTR(*value), replace, err);
        if (++parts > PARTS_MAX)
            return mlops_fail(err, MLOPS_INVALID, "a key has more than %d parts", PARTS_MAX);
        TRY(enter(&map, part, err));
    }
}

int assignments_put(cJSON *root, const char *key, cJSON *value, bool replace,
                    struct mlops_error *err)
{
    _cleanup_(free_string) char *parts = xstrdup(key);
    _cleanup_(json_free) cJSON *own = value;

    return put(root, parts, &own, replace, err);
}

/* A key as it stands before the '=' or in a section's brackets. The caller frees `*key`. */
static int take_key(struct reader *reader, char stop, char **key)
{
    skip_blanks(reader);
    if (reader->at < reader->end && (*reader->at == '"' || *reader->at == '\'')) {
        TRY(take_quoted(reader, key));
        skip_blanks(reader);
    } else {
        const char *from = reader->at;
        while (reader->at < reader->end && *reader->at != stop && *reader->at != '=')
            reader->at++;
        const char *to = reader->at;
        while (to > from && isspace((unsigned char)to[-1]))
            to--;
        *key = xstrndup(from, (size_t)(to - from));
    }
    if (!**key)
        return wrong(reader, "a key is missing");
    if (strlen(*key) > KEY_MAX)
        return wrong(reader, "a key is too long");
    return MLOPS_OK;
}

/* [section], [section.deeper]: `*section` becomes its map. */
static int read_section(struct reader *reader, cJSON *root, cJSON **section)
{
    _cleanup_(free_string) char *key = NULL;
    char *rest = NULL;
    size_t parts = 0;

    reader->at++;
    if (reader->at < reader->end && *reader->at == '[')
        return wrong(reader, "tables of lists are not supported");
    TRY(take_key(reader, ']', &key));
    if (reader->at == reader->end || *reader->at++ != ']')
        return wrong(reader, "a section's ] is missing");
    if (!is_over(reader))
        return wrong(reader, "something stands behind a section");
    *section = root;
    for (char *part = strtok_r(key, ".", &rest); part; part = strtok_r(NULL, ".", &rest)) {
        if (++parts == PARTS_MAX)
            return wrong(reader, "a section has too many parts");
        if (enter(section, part, reader->err))
            return mlops_wrap(reader->err, "%s:%d", reader->what, reader->line);
    }
    return MLOPS_OK;
}

static int read_line(struct reader *reader, cJSON *root, cJSON **section)
{
    _cleanup_(free_string) char *key = NULL;
    _cleanup_(json_free) cJSON *value = NULL;

    if (is_over(reader))
        return MLOPS_OK;
    if (*reader->at == '[')
        return read_section(reader, root, section);
    TRY(take_key(reader, '=', &key));
    if (reader->at == reader->end || *reader->at++ != '=')
        return wrong(reader, "no '=' stands behind the key");
    TRY(take_value(reader, &value));
    if (assignments_put(*section, key, TAKE_PTR(value), false, reader->err))
        return mlops_wrap(reader->err, "%s:%d", reader->what, reader->line);
    return MLOPS_OK;
}

int assignments_parse(const char *text, size_t length, const char *what, cJSON **json,
                      struct mlops_error *err)
{
    struct reader reader = {.what = what, .err = err};
    _cleanup_(json_free) cJSON *root = xcheck(cJSON_CreateObject());
    cJSON *section = root;
    const char *end = text + length;

    if (memchr(text ? text : "", '\0', length) || !utf8_valid(text, length))
        return mlops_fail(err, MLOPS_INVALID, "%s is not UTF-8 text", what);
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        const char *next = stop ? stop + 1 : end;
        stop = stop ? stop : end;
        stop -= stop > text && stop[-1] == '\r';
        reader.line++;
        reader.at = text;
        reader.end = stop;
        TRY(read_line(&reader, root, &section));
        text = next;
    }
    *json = TAKE_PTR(root);
    return MLOPS_OK;
}

bool assignments_name(const char *path)
{
    static const char *const endings[] = {".ini", ".cfg", ".conf", ".properties", ".env"};

    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++)
        if (str_ends(path, endings[i]))
            return true;
    return false;
}
