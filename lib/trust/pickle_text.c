/* lib/trust/pickle_text.c - escapes and integers of the text protocols. */
#include "trust/pickle_text.h"
#include <errno.h>

static void put_utf8(char **to, uint32_t c)
{
    char *p = *to;
    if (c < 0x80) {
        *p++ = (char)c;
    } else if (c < 0x800) {
        *p++ = (char)(0xc0 | c >> 6);
        *p++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *p++ = (char)(0xe0 | c >> 12);
        *p++ = (char)(0x80 | (c >> 6 & 0x3f));
        *p++ = (char)(0x80 | (c & 0x3f));
    } else {
        *p++ = (char)(0xf0 | c >> 18);
        *p++ = (char)(0x80 | (c >> 12 & 0x3f));
        *p++ = (char)(0x80 | (c >> 6 & 0x3f));
        *p++ = (char)(0x80 | (c & 0x3f));
    }
    *to = p;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `count` hexadecimal digits; false where there are fewer. */
static bool take_hex(const uint8_t **data, const uint8_t *end, int count, uint32_t *number)
{
    *number = 0;
    for (int i = 0; i < count; i++) {
        int digit = *data < end ? hex_digit(**data) : -1;
        if (digit < 0)
            return false;
        *number = *number << 4 | (uint32_t)digit;
        ++*data;
    }
    return true;
}

/* PyUnicode_DecodeRawUnicodeEscape: only \u and \U are escapes, all else is latin-1; of two
 * backslashes the second begins no escape. */
static bool decode_raw_unicode(const uint8_t *data, const uint8_t *end, char **to)
{
    while (data < end) {
        uint32_t c = *data++;
        if (c != '\\' || data == end) {
            put_utf8(to, c);
            continue;
        }
        uint8_t letter = *data++;
        if (letter != 'u' && letter != 'U') {
            put_utf8(to, c);
            put_utf8(to, letter);
            continue;
        }
        if (!take_hex(&data, end, letter == 'u' ? 4 : 8, &c) || c > 0x10ffff)
            return false;
        put_utf8(to, c);
    }
    return true;
}

/* PyBytes_DecodeEscape, and the bytes then as latin-1. */
static bool decode_escaped(const uint8_t *data, const uint8_t *end, char **to)
{
    static const char letters[] = "\\'\"abfnrtv", meant[] = "\\'\"\a\b\f\n\r\t\v";
    while (data < end) {
        uint32_t c = *data++;
        if (c != '\\') {
            put_utf8(to, c);
            continue;
        }
        if (data == end)
            return false;
        c = *data++;
        const char *letter = c ? strchr(letters, (int)c) : NULL;
        if (letter) {
            put_utf8(to, (uint8_t)meant[letter - letters]);
        } else if (c >= '0' && c <= '7') {
            uint32_t octal = c - '0';
            for (int i = 0; i < 2 && data < end && *data >= '0' && *data <= '7'; i++)
                octal = octal << 3 | (uint32_t)(*data++ - '0');
            put_utf8(to, octal & 0xff);
        } else if (c == 'x') {
            if (!take_hex(&data, end, 2, &c))
                return false;
            put_utf8(to, c);
        } else if (c != '\n') {
            put_utf8(to, '\\');
            put_utf8(to, c);
        }
    }
    return true;
}

bool pickle_text_decode(enum pickle_coding coding, const uint8_t *data, size_t length, char *text,
                        size_t *decoded)
{
    const uint8_t *end = data + length;
    char *to = text;
    bool good = true;
    switch (coding) {
    case CODING_UTF8:
        memcpy(to, data, length);
        to += length;
        break;
    case CODING_LATIN1:
        while (data < end)
            put_utf8(&to, *data++);
        break;
    case CODING_ESCAPED:
        good = decode_escaped(data, end, &to);
        break;
    case CODING_RAW_UNICODE:
        good = decode_raw_unicode(data, end, &to);
        break;
    }
    *to = '\0';
    *decoded = (size_t)(to - text);
    return good;
}

bool pickle_text_integer(const uint8_t *data, size_t length, int64_t *number)
{
    /* Spaces around, a sign, one underscore between digits: as int() has it. */
    char digits[32];
    size_t count = 0;
    bool negative = false, digit_before = false;
    while (length && (data[0] == ' ' || (data[0] >= '\t' && data[0] <= '\r')))
        data++, length--;
    while (length &&
           (data[length - 1] == ' ' || (data[length - 1] >= '\t' && data[length - 1] <= '\r')))
        length--;
    if (length && (*data == '+' || *data == '-')) {
        negative = *data == '-';
        data++, length--;
    }
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '_' && digit_before && i + 1 < length) {
            digit_before = false;
            continue;
        }
        if (data[i] < '0' || data[i] > '9')
            return false;
        digit_before = true;
        if (count == 0 && data[i] == '0' && i + 1 < length)
            continue;
        if (count == sizeof(digits) - 1)
            return false;
        digits[count++] = (char)data[i];
    }
    if (count == 0)
        return false;
    digits[count] = '\0';
    errno = 0;
    long long value = strtoll(digits, NULL, 10);
    if (errno)
        return false;
    *number = negative ? -value : value;
    return true;
}
