/* lib/monitor/event_json.c - an event as a JSON object (RFC 8259), read in one pass over its bytes. */
#include "base/number.h"
#include "base/path.h"
#include "monitor/event.h"
#include <math.h>

#define DEPTH_MAX 64

struct cursor {
    struct event_chunk *chunk;
    const char *at, *end;
    const char *wrong;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}

static bool take(struct cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool fail(struct cursor *c, const char *wrong)
{
    c->wrong = wrong;
    return false;
}

/* ---- strings -------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_unit(struct cursor *c, uint32_t *unit)
{
    *unit = 0;
    if (c->end - c->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*c->at++);
        if (digit < 0)
            return false;
        *unit = *unit * 16 + (uint32_t)digit;
    }
    return true;
}

static size_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* Behind "\u". */
static bool read_code(struct cursor *c, uint32_t *code)
{
    uint32_t low;
    if (!read_unit(c, code) || *code == 0 || (*code >= 0xdc00 && *code < 0xe000))
        return false;
    if (*code < 0xd800 || *code >= 0xe000)
        return true;
    if (c->end - c->at < 2 || c->at[0] != '\\' || c->at[1] != 'u')
        return false;
    c->at += 2;
    if (!read_unit(c, &low) || low < 0xdc00 || low >= 0xe000)
        return false;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* `length` bytes from `start` to c->at, which is a backslash, are plain. */
static bool read_escaped(struct cursor *c, const char *start, struct text_view *text)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t length = (size_t)(c->at - start);
    char *out = event_arena(c->chunk, 0);
    memcpy(out, start, length);
    while (c->at < c->end && *c->at != '"') {
        if ((unsigned char)*c->at < 0x20)
            return fail(c, "it has a control character in a string");
        if (*c->at != '\\') {
            out[length++] = *c->at++;
            continue;
        }
        c->at++;
        const char *known = c->at < c->end && *c->at ? strchr(from, *c->at) : NULL;
        uint32_t code;
        if (known) {
            out[length++] = to[known - from];
            c->at++;
        } else if (c->at < c->end && *c->at++ == 'u' && read_code(c, &code)) {
            length += put_utf8(out + length, code);
        } else {
            return fail(c, "it is not JSON: an escape that is none");
        }
    }
    if (c->at == c->end)
        return fail(c, "it is not JSON: a string is never closed");
    c->at++;
    (void)event_arena(c->chunk, length);
    *text = (struct text_view){out, (uint32_t)length};
    return utf8_valid(out, length) || fail(c, "it is not UTF-8");
}

/* Behind the opening quote. */
static bool read_string(struct cursor *c, struct text_view *text)
{
    const char *start = c->at;
    unsigned char all = 0;
    for (; c->at < c->end && *c->at != '"'; c->at++) {
        unsigned char byte = (unsigned char)*c->at;
        if (byte == '\\')
            return read_escaped(c, start, text);
        if (byte < 0x20)
            return fail(c, "it has a control character in a string");
        all |= byte;
    }
    if (c->at == c->end)
        return fail(c, "it is not JSON: a string is never closed");
    *text = (struct text_view){start, (uint32_t)(c->at - start)};
    c->at++;
    return all < 0x80 || utf8_valid(text->data, text->length) || fail(c, "it is not UTF-8");
}

/* ---- values --------------------------------------------------------------------------------- */

/* Over an object or an array, c->at on its first byte: brackets that fit, strings that end. */
static bool skip_nested(struct cursor *c)
{
    char open[DEPTH_MAX];
    size_t depth = 0;
    struct text_view ignored;
    do {
        if (c->at == c->end)
            return fail(c, "it is not JSON: it ends too early");
        char byte = *c->at++;
        if (byte == '"') {
            if (!read_string(c, &ignored))
                return false;
        } else if (byte == '{' || byte == '[') {
            if (depth == DEPTH_MAX)
                return fail(c, "it is nested too deeply");
            open[depth++] = byte;
        } else if (byte == '}' || byte == ']') {
            if (open[--depth] != (byte == '}' ? '{' : '['))
                return fail(c, "it is not JSON: brackets do not fit");
        }
    } while (depth > 0);
    return true;
}

static bool is_delimiter(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t';
}

static bool read_word(struct cursor *c, struct event_value *value)
{
    const char *start = c->at;
    while (c->at < c->end && !is_delimiter(*c->at))
        c->at++;
    size_t length = (size_t)(c->at - start);
    value->text = (struct text_view){start, (uint32_t)length};
    if (length == 4 && memcmp(start, "null", 4) == 0) {
        value->kind = CELL_NULL;
        return true;
    }
    if ((length == 4 && memcmp(start, "true", 4) == 0) ||
        (length == 5 && memcmp(start, "false", 5) == 0)) {
        value->kind = CELL_BOOL;
        value->number = length == 4;
        return true;
    }
    value->kind = CELL_NUMBER;
    if (length == 3 && memcmp(start, "NaN", 3) == 0) { /* Python's json writes it */
        value->kind = CELL_NULL;
        return true;
    }
    if (length > 0 && *start != '+' && number_parse(start, length, &value->number))
        return true;
    if (length == 8 && memcmp(start, "Infinity", 8) == 0)
        value->number = INFINITY;
    else if (length == 9 && memcmp(start, "-Infinity", 9) == 0)
        value->number = -INFINITY;
    else
        return fail(c, "it is not JSON: a value is none");
    return true;
}

static bool read_value(struct cursor *c, struct event_value *value)
{
    *value = (struct event_value){.kind = CELL_TEXT};
    skip_blanks(c);
    if (c->at == c->end)
        return fail(c, "it is not JSON: it ends too early");
    if (*c->at == '"') {
        c->at++;
        if (!read_string(c, &value->text))
            return false;
        if (value->text.length == 0)
            value->kind = CELL_EMPTY;
        return true;
    }
    if (*c->at == '{' || *c->at == '[') {
        const char *start = c->at;
        value->nested = true;
        if (!skip_nested(c))
            return false;
        value->text = (struct text_view){start, (uint32_t)(c->at - start)};
        return true;
    }
    return read_word(c, value);
}

static bool read_name(struct cursor *c, struct text_view *name)
{
    if (!take(c, '"'))
        return fail(c, "it is not JSON: a name was expected");
    if (!read_string(c, name))
        return false;
    return take(c, ':') || fail(c, "it is not JSON: ':' was expected");
}

/* After a member: is there another? */
static bool read_comma(struct cursor *c, bool *more)
{
    *more = take(c, ',');
    return *more || take(c, '}') || fail(c, "it is not JSON: ',' or '}' was expected");
}

static bool read_features(struct cursor *c)
{
    size_t expected = 0;
    bool more = true;
    if (!take(c, '{'))
        return fail(c, "its features are no object");
    if (take(c, '}'))
        return true;
    while (more) {
        struct text_view name;
        struct event_value value;
        if (!read_name(c, &name) || !read_value(c, &value))
            return false;
        const char *wrong = event_set_feature(c->chunk, name.data, name.length, &expected, &value);
        if (wrong)
            return fail(c, wrong);
        if (!read_comma(c, &more))
            return false;
    }
    return true;
}

static bool read_member(struct cursor *c, struct event *event, unsigned *seen)
{
    struct text_view name;
    struct event_value value;
    if (!read_name(c, &name))
        return false;
    int role = event_role(name.data, name.length);
    if (role != ROLE_OTHER && *seen & 1U << role)
        return fail(c, "a member is there twice");
    *seen |= 1U << role;
    if (role == ROLE_FEATURES)
        return read_features(c);
    if (!read_value(c, &value))
        return false;
    const char *wrong = event_set(c->chunk, event, role, &value);
    return wrong ? fail(c, wrong) : true;
}

const char *event_read_json(struct event_chunk *chunk, const char *line, size_t length,
                            struct event *event)
{
    struct cursor c = {.chunk = chunk, .at = line, .end = line + length};
    unsigned seen = 0;
    bool more = true;
    if (!take(&c, '{'))
        return "it is not a JSON object";
    if (take(&c, '}'))
        more = false;
    while (more)
        if (!read_member(&c, event, &seen) || !read_comma(&c, &more))
            return c.wrong;
    skip_blanks(&c);
    return c.at == c.end ? NULL : "it is not JSON: something follows the object";
}
