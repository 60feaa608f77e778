/* lib/base/json_member.c - strings and brackets are all that skipping a value takes. */
#include "base/json_member.h"

struct cursor {
    const char *at, *end;
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && memchr(" \t\r\n", *cursor->at, 4))
        cursor->at++;
}

/* Is `c` next? Then it is passed. */
static bool pass(struct cursor *cursor, char c)
{
    skip_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* Is the quote that `end` points at the content's, and not the end of it? */
static bool is_escaped(const char *begin, const char *end)
{
    size_t backslashes = 0;
    while (end - backslashes > begin && *(end - backslashes - 1) == '\\')
        backslashes++;
    return backslashes % 2 == 1;
}

/* Over a string, of which the quote has been passed. */
static bool skip_string(struct cursor *cursor)
{
    const char *begin = cursor->at, *quote;
    while ((quote = memchr(cursor->at, '"', (size_t)(cursor->end - cursor->at)))) {
        cursor->at = quote + 1;
        if (!is_escaped(begin, quote))
            return true;
    }
    return false;
}

/* Over a value, up to the comma or bracket that ends it. */
static bool skip_value(struct cursor *cursor)
{
    size_t depth = 0;

    for (; cursor->at < cursor->end; cursor->at++) {
        char c = *cursor->at;
        if (c == '"') {
            cursor->at++;
            if (!skip_string(cursor))
                return false;
            cursor->at--;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return true;
            depth--;
        } else if (c == ',' && depth == 0) {
            return true;
        }
    }
    return false;
}

static void keep(const char *name, size_t length, struct json_span value, const char *const *keys,
                 size_t count, struct json_span *values)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(keys[i]) == length && memcmp(name, keys[i], length) == 0)
            values[i] = value;
}

bool json_find_members(const char *text, size_t length, const char *const *keys, size_t count,
                       struct json_span *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (struct json_span){0};
    if (length == 0)
        return false;
    struct cursor cursor = {.at = text, .end = text + length};
    if (!pass(&cursor, '{'))
        return false;
    if (pass(&cursor, '}'))
        return true;
    for (;;) {
        if (!pass(&cursor, '"'))
            return false;
        const char *name = cursor.at;
        if (!skip_string(&cursor))
            return false;
        size_t name_length = (size_t)(cursor.at - 1 - name);
        if (!pass(&cursor, ':'))
            return false;
        skip_blanks(&cursor);
        const char *value = cursor.at;
        if (!skip_value(&cursor))
            return false;
        keep(name, name_length, (struct json_span){value, (size_t)(cursor.at - value)}, keys, count,
             values);
        if (pass(&cursor, '}'))
            return true;
        if (!pass(&cursor, ','))
            return false;
    }
}
