/* lib/base/base64.c - the standard alphabet with padding (RFC 4648 §4), strictly. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(const void *data, size_t length, struct buffer *out)
{
    const uint8_t *bytes = data;
    buffer_reserve(out, (length + 2) / 3 * 4);
    for (size_t i = 0; i < length; i += 3) {
        size_t have = length - i < 3 ? length - i : 3;
        uint32_t word = (uint32_t)bytes[i] << 16;
        if (have > 1)
            word |= (uint32_t)bytes[i + 1] << 8;
        if (have > 2)
            word |= bytes[i + 2];
        for (size_t k = 0; k < 4; k++)
            buffer_putc(out, k <= have ? alphabet[word >> (18 - 6 * k) & 63] : '=');
    }
}

/* 0 to 63; -1: no character of the alphabet. */
static int value_of(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

bool base64_read(const char *text, size_t length, struct buffer *out)
{
    if (length % 4 != 0)
        return false;
    for (size_t i = 0; i < length; i += 4) {
        size_t pads = 0;
        uint32_t word = 0;
        if (i + 4 == length)
            pads =
                (size_t)(text[i + 3] == '=') + (size_t)(text[i + 3] == '=' && text[i + 2] == '=');
        for (size_t k = 0; k < 4; k++) {
            int value = k >= 4 - pads ? 0 : value_of(text[i + k]);
            if (value < 0)
                return false;
            word = word << 6 | (uint32_t)value;
        }
        if (word & (((uint32_t)1 << 8 * pads) - 1))
            return false;
        for (size_t k = 0; k < 3 - pads; k++)
            buffer_putc(out, (char)(word >> (16 - 8 * k) & 0xff));
    }
    return true;
}
