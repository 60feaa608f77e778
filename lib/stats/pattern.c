/* lib/stats/pattern.c - patterns of texts. */
#include "stats/pattern.h"

static char class_of(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return '9';
    if (c >= 'a' && c <= 'z')
        return 'a';
    if (c >= 'A' && c <= 'Z')
        return 'A';
    if (c >= 0x80)
        return 'u';
    return c == ' ' || (c >= '\t' && c <= '\r') ? ' ' : c < 0x20 || c == 0x7f ? '?' : (char)c;
}

size_t pattern_of(const char *text, size_t length, char pattern[PATTERN_MAX])
{
    size_t used = 0;
    char last = '\0';
    for (size_t i = 0; i < length; i++) {
        char class = class_of((unsigned char)text[i]);
        if (class == last)
            continue;
        if (used == PATTERN_MAX) {
            pattern[PATTERN_MAX - 1] = '~';
            break;
        }
        pattern[used++] = last = class;
    }
    return used;
}
