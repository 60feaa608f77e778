/* lib/trial/output.c - bytes from outside into text. */
#include "trial/output.h"
#include "base/buffer.h"
#include "base/path.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* How many bytes the character at `text` has; 0 where there is none. */
static size_t character_length(const char *text, size_t length)
{
    for (size_t n = 1; n <= 4 && n <= length; n++)
        if (text[0] != '\0' && utf8_valid(text, n))
            return n;
    return 0;
}

char *output_clean(const char *text, size_t length)
{
    struct buffer clean = {0};
    for (size_t i = 0; i < length;) {
        size_t n = character_length(text + i, length - i);
        if (n > 0)
            buffer_append(&clean, text + i, n);
        else
            buffer_puts(&clean, REPLACEMENT);
        i += n > 0 ? n : 1;
    }
    return buffer_steal(&clean);
}

char *output_tail(const char *text, size_t length, size_t max)
{
    size_t from = length > max ? length - max : 0;
    if (from > 0 && text[from - 1] != '\n') {
        const char *line = memchr(text + from, '\n', length - from);
        if (line && line + 1 < text + length)
            from = (size_t)(line + 1 - text);
    }
    while (from > 0 && from < length && ((unsigned char)text[from] & 0xc0) == 0x80)
        from++; /* not in the middle of a character */
    return output_clean(text + from, length - from);
}
