/* lib/trust/npy.c - the header literal by recursive descent, and what must follow it. */
#include "trust/npy.h"
#include "base/endian.h"
#include "trust/pickle.h"

#define WIDTH_MAX (1u << 30)
#define DO_NOT_LOAD "do not load this file with allow_pickle; find out who made it"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "npy/" id, __VA_ARGS__)

RULE(header, "header", MEDIUM, UNREADABLE, "the header is not one that numpy writes",
     "have it saved again by numpy.save");
RULE(size, "size", MEDIUM, UNREADABLE, "the array's bytes are not as many as its header says",
     "have it saved again by numpy.save");
RULE(pickle, "pickle", INFO, SAFE, "the array holds Python objects, as a pickle",
     "load it only where its findings allow that");
RULE(trailing, "trailing-bytes", MEDIUM, UNREADABLE, "bytes follow the array", DO_NOT_LOAD);

struct parser {
    const char *at, *end;
    const char *why;
    int depth;
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
    *width = kind == 'U' ? digits * 4 : kind == '?' && !digits ? 1 : digits;
    return true;
}

static bool description(struct parser *parser, uint64_t *width, bool *objects);

/* ('name', type), ('name', type, shape) or (('title', 'name'), type, …). */
static bool field(struct parser *parser, uint64_t *width, bool *objects)
{
    const char *text;
    size_t length;
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
    if (take(parser, ',') && !shape(parser, &items, &dimensions))
        return false;
    if (__builtin_mul_overflow(*width, items, width) || *width > WIDTH_MAX)
        return fail(parser, "has a field that is too large");
    return expect(parser, ')');
}

/* A type, a list of fields, or (description, shape). */
static bool description(struct parser *parser, uint64_t *width, bool *objects)
{
    uint64_t items, part;
    unsigned dimensions;
    if (++parser->depth > NPY_DEPTH_MAX)
        return fail(parser, "is nested too deep");
    skip_space(parser);
    bool good = true;
    if (take(parser, '(')) {
        good = description(parser, width, objects) && expect(parser, ',') &&
               shape(parser, &items, &dimensions) && expect(parser, ')');
        if (good && (__builtin_mul_overflow(*width, items, width) || *width > WIDTH_MAX))
            good = fail(parser, "has a type that is too large");
    } else if (take(parser, '[')) {
        *width = 0;
        while (good && !take(parser, ']')) {
            good = expect(parser, '(') && field(parser, &part, objects);
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
    return shape(parser, &header->items, &header->dimensions);
}

bool npy_parse_header(const char *text, size_t length, struct npy_header *header, const char **why)
{
    struct parser parser = {.at = text, .end = text + length};
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

static int read_header(struct source *source, const char *file, struct npy_header *header,
                       bool *good, struct findings *findings, struct mlops_error *err)
{
    uint8_t start[12] = {0};
    size_t got;
    const char *why = NULL;
    *good = false;
    TRY(source_read(source, 0, start, sizeof(start), &got, err));
    bool known = got == sizeof(start) && start[6] >= 1 && start[6] <= 3 && start[7] == 0;
    uint64_t prefix = start[6] == 1 ? 10 : 12;
    uint64_t length = start[6] == 1 ? (uint64_t)(start[8] | start[9] << 8) : get_u32(start + 8);
    if (!known || length > NPY_HEADER_MAX || prefix + length > source->size) {
        findings_add(findings, &rule_header, file, 0, "its header is %s",
                     known ? "cut off or too long" : "of a version that numpy does not have");
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *text = xmalloc(length + 1);
    TRY(source->read(source, prefix, text, length, err));
    *good = npy_parse_header(text, length, header, &why);
    header->data_offset = prefix + length;
    if (!*good)
        findings_add(findings, &rule_header, file, prefix, "its header %s", why);
    return MLOPS_OK;
}

int npy_scan(struct source *source, const char *file, struct findings *findings,
             struct mlops_error *err)
{
    struct npy_header header = {0};
    struct pickle_summary summary;
    uint64_t length;
    bool good;
    TRY(read_header(source, file, &header, &good, findings, err));
    if (!good)
        return MLOPS_OK;
    uint64_t left = source->size - header.data_offset;
    if (header.objects) {
        findings_add(findings, &rule_pickle, file, header.data_offset,
                     "the array holds Python objects, as a pickle");
        TRY(pickle_scan(source, header.data_offset, file, findings, &summary, err));
        if (summary.pickles > 1)
            findings_add(findings, &rule_trailing, file, header.data_offset,
                         "%zu pickles follow the header, of which numpy loads one",
                         summary.pickles);
        return MLOPS_OK;
    }
    if (__builtin_mul_overflow(header.items, header.item_width, &length) || length > left) {
        findings_add(findings, &rule_size, file, header.data_offset,
                     "the array needs more than the %llu bytes that are there",
                     (unsigned long long)left);
    } else if (length < left) {
        findings_add(findings, &rule_trailing, file, header.data_offset + length,
                     "%llu bytes follow the array", (unsigned long long)(left - length));
        /* Loaders that do not look at the name take what begins like a pickle for one. */
        TRY(pickle_scan(source, header.data_offset + length, file, findings, &summary, err));
    }
    return MLOPS_OK;
}
