/* lib/base/json_member.c - strings and brackets are all that skipping a value takes. */
#include "base/json_member.h"
#include "base/json.h"

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

/* Over a string, of which the quote has been passed. */
static bool skip_string(struct cursor *cursor)
{
    while (cursor->at < cursor->end) {
        char c = *cursor->at++;
        if (c == '"')
            return true;
        if (c == '\\' && cursor->at < cursor->end)
            cursor->at++;
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

/* The value of `key`, as text; false where the object has none or is none. `*whole` tells which. */
static bool find(struct cursor *cursor, const char *key, const char **value, bool *whole)
{
    size_t length = strlen(key);

    *whole = false;
    if (!pass(cursor, '{'))
        return false;
    if (pass(cursor, '}'))
        return !(*whole = true);
    for (;;) {
        if (!pass(cursor, '"'))
            return false;
        const char *name = cursor->at;
        if (!skip_string(cursor))
            return false;
        size_t name_length = (size_t)(cursor->at - 1 - name);
        if (!pass(cursor, ':'))
            return false;
        skip_blanks(cursor);
        *value = cursor->at;
        if (!skip_value(cursor))
            return false;
        if (name_length == length && memcmp(name, key, length) == 0)
            return true;
        if (pass(cursor, '}'))
            return !(*whole = true);
        if (!pass(cursor, ','))
            return false;
    }
}

int json_member(const char *text, size_t length, const char *key, cJSON **json,
                struct mlops_error *err)
{
    struct cursor cursor = {.at = text, .end = text + length};
    const char *value = NULL;
    bool whole;

    *json = NULL;
    if (find(&cursor, key, &value, &whole))
        return json_parse(value, (size_t)(cursor.at - value), key, json, err);
    return whole ? MLOPS_OK : mlops_fail(err, MLOPS_INVALID, "not a JSON object");
}
