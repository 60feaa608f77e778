/* lib/store/s3_xml.c - elements of S3's answers. */
#include "store/s3_xml.h"

/* Where "<name>", or with a '/' "</name>", begins at or behind `at`; `length` where it does not. */
static size_t find_tag(const char *text, size_t length, const char *name, bool closing, size_t at,
                       size_t *end)
{
    size_t name_length = strlen(name), open = closing ? 2 : 1;
    while (at < length) {
        const char *sign = memchr(text + at, '<', length - at);
        if (!sign)
            break;
        size_t begin = (size_t)(sign - text);
        const char *stop = memchr(sign, '>', length - begin);
        if (!stop)
            break;
        size_t tag = (size_t)(stop - sign);
        at = begin + 1;
        if (tag < open + name_length || (closing && sign[1] != '/') ||
            memcmp(sign + open, name, name_length) != 0)
            continue;
        const char *behind = sign + open + name_length;
        if (behind != stop && (closing || *behind != ' ' || stop[-1] == '/'))
            continue;
        *end = begin + tag + 1;
        return begin;
    }
    return length;
}

bool xml_next(const char *text, size_t length, const char *name, size_t *at, const char **inner,
              size_t *inner_length)
{
    size_t begin, end, behind;
    if (!text || find_tag(text, length, name, false, *at, &begin) == length)
        return false;
    end = find_tag(text, length, name, true, begin, &behind);
    if (end == length)
        return false;
    *inner = text + begin;
    *inner_length = end - begin;
    *at = behind;
    return true;
}

/* A code point in UTF-8; what is none is left out. */
static void put_character(unsigned long code, struct buffer *out)
{
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return;
    if (code < 0x80) {
        buffer_putc(out, (char)code);
    } else if (code < 0x800) {
        buffer_putc(out, (char)(0xC0 | code >> 6));
        buffer_putc(out, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        buffer_putc(out, (char)(0xE0 | code >> 12));
        buffer_putc(out, (char)(0x80 | (code >> 6 & 0x3F)));
        buffer_putc(out, (char)(0x80 | (code & 0x3F)));
    } else {
        buffer_putc(out, (char)(0xF0 | code >> 18));
        buffer_putc(out, (char)(0x80 | (code >> 12 & 0x3F)));
        buffer_putc(out, (char)(0x80 | (code >> 6 & 0x3F)));
        buffer_putc(out, (char)(0x80 | (code & 0x3F)));
    }
}

/* What stands between '&' and ';'. */
static void put_entity(const char *name, size_t length, struct buffer *out)
{
    static const struct {
        const char *name;
        char character;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0)
            buffer_putc(out, known[i].character);
    if (length < 2 || name[0] != '#')
        return;
    bool hexadecimal = name[1] == 'x' || name[1] == 'X';
    _cleanup_(free_string) char *digits =
        xstrndup(name + (hexadecimal ? 2 : 1), length - (hexadecimal ? 2 : 1));
    put_character(strtoul(digits, NULL, hexadecimal ? 16 : 10), out);
}

char *xml_text(const char *text, size_t length, const char *name)
{
    const char *inner;
    size_t at = 0, inner_length;
    struct buffer out = {0};
    if (!xml_next(text, length, name, &at, &inner, &inner_length))
        return NULL;
    for (size_t i = 0; i < inner_length; i++) {
        const char *stop = inner[i] == '&' ? memchr(inner + i, ';', inner_length - i) : NULL;
        if (!stop) {
            buffer_putc(&out, inner[i]);
            continue;
        }
        put_entity(inner + i + 1, (size_t)(stop - inner) - i - 1, &out);
        i = (size_t)(stop - inner);
    }
    return buffer_steal(&out);
}

void xml_escape(const char *text, struct buffer *out)
{
    for (; *text; text++) {
        if (*text == '&')
            buffer_puts(out, "&amp;");
        else if (*text == '<')
            buffer_puts(out, "&lt;");
        else if (*text == '>')
            buffer_puts(out, "&gt;");
        else
            buffer_putc(out, *text);
    }
}
