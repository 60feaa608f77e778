/* lib/table/npy_header.c - the header literal of numpy's files, by recursive descent. */
#include "table/npy_header.h"
#include "base/endian.h"
#include <stdio.h>

#define WIDTH_MAX (1u << 30)
#define NAMES_MAX (64u << 20)

struct parser {
    const char *at, *end;
    const char *why;
    int depth;
    struct npy_fields *fields; /* NULL: nobody asks */
    size_t names;              /* bytes of names that were made */
};

static bool fail(struct parser *parser, const char *why)
{
    if (!parser->why)
        parser->why = why;
    return false;
}

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\n'))
        parser->at++;
}

static bool take(struct parser *parser, char c)
{
    skip_space(parser);
    if (parser->at == parser->end || *parser->at != c)
        return false;
    parser->at++;
    return true;
}

static bool expect(struct parser *parser, char c)
{
    return take(parser, c) || fail(parser, "is not a literal as numpy writes it");
}

/* A string without escapes: numpy's descriptions have none; field names may have any other bytes.
 */
static bool string(struct parser *parser, const char **text, size_t *length)
{
    skip_space(parser);
    if (parser->at == parser->end || (*parser->at != '\'' && *parser->at != '"'))
        return fail(parser, "has something else than a string where one must be");
    char quote = *parser->at++;
    *text = parser->at;
    while (parser->at < parser->end && *parser->at != quote)
        if (*parser->at++ == '\\')
            return fail(parser, "has an escape in a string");
    *length = (size_t)(parser->at - *text);
    return expect(parser, quote);
}

static bool number(struct parser *parser, uint64_t *value)
{
    const char *start;
    skip_space(parser);
    start = parser->at;
    *value = 0;
    for (; parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9'; parser->at++)
        if (__builtin_mul_overflow(*value, 10u, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*parser->at - '0'), value))
            return fail(parser, "has a number that is too large");
    if (parser->at == start)
        return fail(parser, "has something else than a number where one must be");
    if (parser->at < parser->end && *parser->at == 'L') /* numpy under Python 2 */
        parser->at++;
    return true;
}

/* "(3, 4)" or "(3,)" or "()" or "3"; the product of its numbers. */
static bool shape(struct parser *parser, uint64_t *items, unsigned *dimensions)
{
    uint64_t value;
    *items = 1;
    *dimensions = 0;
    if (!take(parser, '(')) {
        *dimensions = 1;
        return number(parser, items);
    }
    while (!take(parser, ')')) {
        if (!number(parser, &value))
            return false;
        if (++*dimensions > NPY_DIMENSIONS_MAX || __builtin_mul_overflow(*items, value, items))
            return fail(parser, "has a shape that is too large");
        if (!take(parser, ',')) {
            if (*dimensions < 2)
                return fail(parser, "has a shape that is no tuple");
            return expect(parser, ')');
        }
    }
    return true;
}

/* ---- fields, from the innermost outwards ------------------------------------------------------ */

static bool add_leaf(struct parser *parser, const char *text, size_t length, char kind,
                     uint64_t digits)
{
    struct npy_fields *fields = parser->fields;
    if (fields->count == NPY_FIELDS_MAX)
        return fail(parser, "has too many fields");
    GROW(fields->items, fields->count, &fields->capacity);
    struct npy_field *field = &fields->items[fields->count++];
    *field = (struct npy_field){.kind = kind, .swapped = length > 0 && text[0] == '>',
                                .size = (uint32_t)(kind == '?' && !digits ? 1 : digits)};
    const char *unit = memchr(text, '[', length);
    size_t used = unit ? (size_t)(text + length - unit - 2) : 0;
    if (unit && used < sizeof(field->unit))
        memcpy(field->unit, unit + 1, used);
    return true;
}

/* `outer` and what the field is called within it; false where all names together are too long. */
static bool rename_field(struct parser *parser, struct npy_field *field, const char *outer,
                         size_t length)
{
    size_t inner = field->name ? strlen(field->name) : 0;
    parser->names += length + inner;
    if (parser->names > NAMES_MAX)
        return fail(parser, "has names that are too long");
    char *whole = xprintf("%.*s%s%s", (int)length, outer, field->name ? "." : "",
                          field->name ? field->name : "");
    free(field->name);
    field->name = whole;
    return true;
}

/* The fields from `first` on are members of one of that name. */
static bool put_name(struct parser *parser, size_t first, const char *name, size_t length,
                     uint64_t offset)
{
    for (size_t i = first; i < parser->fields->count; i++) {
        struct npy_field *field = &parser->fields->items[i];
        field->offset += offset;
        if (!rename_field(parser, field, name, length))
            return false;
    }
    return true;
}

/* The fields from `first` on, `width` bytes, come `items` times: name.0, name.1, … */
static bool repeat(struct parser *parser, size_t first, uint64_t items, uint64_t width)
{
    struct npy_fields *fields = parser->fields;
    size_t group = fields->count - first;
    if (group == 0 || items == 0)
        return group == 0 || fail(parser, "has a field of no items");
    if (items > (NPY_FIELDS_MAX - first) / group)
        return fail(parser, "has too many fields");
    for (uint64_t i = 1; i < items; i++)
        for (size_t j = 0; j < group; j++) {
            GROW(fields->items, fields->count, &fields->capacity);
            struct npy_field copy = fields->items[first + j];
            copy.name = copy.name ? xstrdup(copy.name) : NULL;
            copy.offset += i * width;
            fields->items[fields->count++] = copy;
            parser->names += copy.name ? strlen(copy.name) : 0;
            if (parser->names > NAMES_MAX)
                return fail(parser, "has names that are too long");
        }
    for (size_t i = first; i < fields->count; i++) {
        char number[24];
        int length = snprintf(number, sizeof(number), "%zu", (i - first) / group);
        if (!rename_field(parser, &fields->items[i], number, (size_t)length))
            return false;
    }
    return true;
}

/* ---- the description -------------------------------------------------------------------------- */

/* "<f8", "|O", "<U10", "<M8[ns]". */
static bool type(struct parser *parser, uint64_t *width, bool *objects)
{
    const char *text;
    size_t length, at = 0;
    uint64_t digits = 0;
    if (!string(parser, &text, &length))
        return false;
    if (at < length && strchr("<>|=", text[at]))
        at++;
    char kind = at < length ? text[at++] : '\0';
    if (!kind || !strchr("?bBhHiIuUlLqQpPefdgFDGSaVOMmc", kind))
        return fail(parser, "has a type that numpy does not write");
    for (; at < length && text[at] >= '0' && text[at] <= '9'; at++) {
        digits = digits * 10 + (uint64_t)(text[at] - '0');
        if (digits > WIDTH_MAX)
            return fail(parser, "has a type that is too large");
    }
    bool unit = kind == 'M' || kind == 'm';
    if (at < length && unit && text[at] == '[' && text[length - 1] == ']')
        at = length;
    if (at < length)
        return fail(parser, "has a type that numpy does not write");
    *objects |= kind == 'O';
    if (parser->fields && !add_leaf(parser, text, length, kind, digits))
        return false;
    *width = kind == 'U' ? digits * 4 : kind == '?' && !digits ? 1 : digits;
    return true;
}

static bool description(struct parser *parser, uint64_t *width, bool *objects);

/* ('name', type), ('name', type, shape) or (('title', 'name'), type, …). */
static bool field(struct parser *parser, uint64_t offset, uint64_t *width, bool *objects)
{
    const char *text;
    size_t length, first = parser->fields ? parser->fields->count : 0;
    uint64_t items = 1;
    unsigned dimensions;
    if (take(parser, '(')) {
        if (!string(parser, &text, &length) || !expect(parser, ',') ||
            !string(parser, &text, &length) || !expect(parser, ')'))
            return false;
    } else if (!string(parser, &text, &length)) {
        return false;
    }
    if (!expect(parser, ',') || !description(parser, width, objects))
        return false;
    uint64_t one = *width;
    bool many = take(parser, ',');
    if (many && !shape(parser, &items, &dimensions))
        return false;
    if (__builtin_mul_overflow(*width, items, width) || *width > WIDTH_MAX)
        return fail(parser, "has a field that is too large");
    if (parser->fields && length == 0 && parser->fields->count == first + 1 &&
        parser->fields->items[first].kind == 'V')
        parser->fields->count = first; /* bytes between fields; the leaf has no name to free */
    if (parser->fields) {
        if (many && !repeat(parser, first, items, one))
            return false;
        if (!put_name(parser, first, text, length, offset))
            return false;
    }
    return expect(parser, ')');
}

/* A type, a list of fields, or (description, shape). */
static bool description(struct parser *parser, uint64_t *width, bool *objects)
{
    uint64_t items, part;
    unsigned dimensions;
    size_t first = parser->fields ? parser->fields->count : 0;
    if (++parser->depth > NPY_DEPTH_MAX)
        return fail(parser, "is nested too deep");
    skip_space(parser);
    bool good = true;
    if (take(parser, '(')) {
        good = description(parser, width, objects) && expect(parser, ',') &&
               shape(parser, &items, &dimensions) && expect(parser, ')');
        part = *width;
        if (good && (__builtin_mul_overflow(*width, items, width) || *width > WIDTH_MAX))
            good = fail(parser, "has a type that is too large");
        if (good && parser->fields)
            good = repeat(parser, first, items, part);
    } else if (take(parser, '[')) {
        *width = 0;
        while (good && !take(parser, ']')) {
            good = expect(parser, '(') && field(parser, *width, &part, objects);
            if (good && (*width += part) > WIDTH_MAX)
                good = fail(parser, "has a type that is too large");
            if (good && !take(parser, ',')) {
                good = expect(parser, ']');
                break;
            }
        }
    } else {
        good = type(parser, width, objects);
    }
    parser->depth--;
    return good;
}

static bool boolean(struct parser *parser, bool *value)
{
    skip_space(parser);
    size_t left = (size_t)(parser->end - parser->at);
    *value = left >= 4 && memcmp(parser->at, "True", 4) == 0;
    if (*value) {
        parser->at += 4;
        return true;
    }
    if (left < 5 || memcmp(parser->at, "False", 5) != 0)
        return fail(parser, "has something else than True or False where one must be");
    parser->at += 5;
    return true;
}

/* The last number of a shape that was read already. */
static uint64_t last_dimension(const char *from, const char *end)
{
    uint64_t value = 0;
    while (end > from && !(end[-1] >= '0' && end[-1] <= '9'))
        end--;
    const char *digits = end;
    while (digits > from && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    for (; digits < end; digits++)
        value = value * 10 + (uint64_t)(*digits - '0');
    return value;
}

static bool entry(struct parser *parser, struct npy_header *header, unsigned *seen)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    const char *key;
    size_t length, which = 0;
    if (!string(parser, &key, &length) || !expect(parser, ':'))
        return false;
    while (which < 3 && (strlen(keys[which]) != length || memcmp(key, keys[which], length) != 0))
        which++;
    if (which == 3 || *seen & 1u << which)
        return fail(parser, "has a key that numpy does not write, or one twice");
    *seen |= 1u << which;
    if (which == 0)
        return description(parser, &header->item_width, &header->objects);
    if (which == 1)
        return boolean(parser, &header->fortran_order);
    const char *from = parser->at;
    if (!shape(parser, &header->items, &header->dimensions))
        return false;
    header->columns = last_dimension(from, parser->at);
    return true;
}

bool npy_parse_header(const char *text, size_t length, struct npy_header *header,
                      struct npy_fields *fields, const char **why)
{
    struct parser parser = {.at = text, .end = text + length, .fields = fields};
    unsigned seen = 0;
    bool good = expect(&parser, '{');
    while (good && !take(&parser, '}')) {
        good = entry(&parser, header, &seen);
        if (good && !take(&parser, ',')) {
            good = expect(&parser, '}');
            break;
        }
    }
    skip_space(&parser);
    if (good && parser.at != parser.end)
        good = fail(&parser, "goes on after its literal");
    if (good && seen != 7)
        good = fail(&parser, "lacks a key");
    *why = parser.why;
    return good;
}

bool npy_begins(const uint8_t *head, size_t length)
{
    return length >= 6 && memcmp(head, "\x93NUMPY", 6) == 0;
}

bool npy_version_known(const uint8_t start[NPY_START])
{
    return start[6] >= 1 && start[6] <= 3 && start[7] == 0;
}

uint64_t npy_prefix(const uint8_t start[NPY_START])
{
    return start[6] == 1 ? 10 : 12;
}

uint64_t npy_header_length(const uint8_t start[NPY_START])
{
    return start[6] == 1 ? (uint64_t)(start[8] | start[9] << 8) : get_u32(start + 8);
}

void npy_fields_clear(struct npy_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        free(fields->items[i].name);
    free(fields->items);
    *fields = (struct npy_fields){0};
}
