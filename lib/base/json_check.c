/* lib/base/json_check.c - a validating scanner for JSON, RFC 8259, stricter where I-JSON (RFC 7493)
 * is: well-formed UTF-8, no lone surrogates, no U+0000. */
#include "base/json_check.h"
#include "base/path.h"

struct scan {
    const char *text;
    size_t length, at;
    int depth;
};

static const char *check_value(struct scan *scan);

static int peek(const struct scan *scan)
{
    return scan->at < scan->length ? (unsigned char)scan->text[scan->at] : -1;
}

static void skip_space(struct scan *scan)
{
    int c;
    while ((c = peek(scan)) == ' ' || c == '\t' || c == '\n' || c == '\r')
        scan->at++;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool skip_digits(struct scan *scan)
{
    size_t from = scan->at;
    while (is_digit(peek(scan)))
        scan->at++;
    return scan->at > from;
}

static const char *check_number(struct scan *scan)
{
    if (peek(scan) == '-')
        scan->at++;
    if (peek(scan) == '0')
        scan->at++;
    else if (!skip_digits(scan))
        return "a value was expected";
    if (is_digit(peek(scan)))
        return "a number begins with 0";
    if (peek(scan) == '.') {
        scan->at++;
        if (!skip_digits(scan))
            return "a digit was expected after '.'";
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        if (!skip_digits(scan))
            return "a digit was expected in the exponent";
    }
    return NULL;
}

static const char *read_hex4(struct scan *scan, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        int c = peek(scan);
        unsigned digit;
        if (is_digit(c))
            digit = (unsigned)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            digit = (unsigned)((c | 0x20) - 'a') + 10;
        else
            return "four hexadecimal digits were expected after \\u";
        *value = *value << 4 | digit;
    }
    return NULL;
}

static const char *check_unicode_escape(struct scan *scan)
{
    unsigned high, low;
    const char *wrong = read_hex4(scan, &high);
    if (wrong)
        return wrong;
    if (high == 0)
        return "the character U+0000 is not allowed";
    if (high >= 0xdc00 && high <= 0xdfff)
        return "a lone surrogate";
    if (high < 0xd800 || high > 0xdbff)
        return NULL;
    if (scan->length - scan->at < 6 || memcmp(scan->text + scan->at, "\\u", 2) != 0)
        return "a lone surrogate";
    scan->at += 2;
    if ((wrong = read_hex4(scan, &low)))
        return wrong;
    return low >= 0xdc00 && low <= 0xdfff ? NULL : "a lone surrogate";
}

static const char *check_string(struct scan *scan)
{
    scan->at++; /* the quote */
    for (;;) {
        int c = peek(scan);
        if (c < 0)
            return "a string is not closed";
        if (c < 0x20)
            return "a control character in a string";
        scan->at++;
        if (c == '"')
            return NULL;
        if (c != '\\')
            continue;
        c = peek(scan);
        scan->at++;
        if (c == 'u') {
            const char *wrong = check_unicode_escape(scan);
            if (wrong)
                return wrong;
        } else if (c < 0 || !strchr("\"\\/bfnrt", c)) {
            scan->at--;
            return "an unknown escape";
        }
    }
}

static const char *check_members(struct scan *scan, char close)
{
    const char *wrong;
    scan->at++;
    skip_space(scan);
    if (peek(scan) == close) {
        scan->at++;
        return NULL;
    }
    for (;;) {
        skip_space(scan);
        if (close == '}') {
            if (peek(scan) != '"')
                return "a key in quotes was expected";
            if ((wrong = check_string(scan)))
                return wrong;
            skip_space(scan);
            if (peek(scan) != ':')
                return "':' was expected";
            scan->at++;
        }
        if ((wrong = check_value(scan)))
            return wrong;
        skip_space(scan);
        int c = peek(scan);
        if (c != close && c != ',')
            return close == '}' ? "',' or '}' was expected" : "',' or ']' was expected";
        scan->at++;
        if (c == close)
            return NULL;
    }
}

static const char *check_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);
    if (scan->length - scan->at < length || memcmp(scan->text + scan->at, word, length) != 0)
        return "a value was expected";
    scan->at += length;
    return NULL;
}

static const char *check_value(struct scan *scan)
{
    skip_space(scan);
    const char *wrong;
    switch (peek(scan)) {
    case '{':
    case '[':
        if (++scan->depth > JSON_DEPTH_MAX)
            return "nested too deep";
        wrong = check_members(scan, peek(scan) == '{' ? '}' : ']');
        scan->depth--;
        return wrong;
    case '"':
        return check_string(scan);
    case 't':
        return check_word(scan, "true");
    case 'f':
        return check_word(scan, "false");
    case 'n':
        return check_word(scan, "null");
    default:
        return check_number(scan);
    }
}

const char *json_check(const char *text, size_t length, size_t *offset)
{
    struct scan scan = {.text = text, .length = length};
    const char *wrong = utf8_valid(text, length) ? check_value(&scan) : "not UTF-8";
    if (!wrong) {
        skip_space(&scan);
        if (scan.at < length)
            wrong = "something follows the end";
    }
    *offset = scan.at < length ? scan.at : length;
    return wrong;
}
