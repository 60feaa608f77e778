/* lib/base/escape.c - names from outside, fit for a message on a terminal. */
#include "base/escape.h"
#include "base/buffer.h"
#include "base/path.h"

#define SHOWN_MAX 200

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Bytes of the well-formed character at `text`, 0 where there is none. C1 controls (U+0080 to
 * U+009F) are none that anybody wants on a terminal. */
static size_t character(const char *text)
{
    size_t left = strnlen(text, 4);
    if ((unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0)
        return 0;
    for (size_t length = 1; length <= left; length++)
        if (utf8_valid(text, length))
            return length;
    return 0;
}

char *escape_name(const char *text)
{
    struct buffer out = {0};
    for (const char *c = text; *c;) {
        size_t length = character(c);
        if (out.length > SHOWN_MAX) {
            buffer_puts(&out, "…");
            break;
        }
        if (length == 0 || is_control(*c) || *c == '\\') {
            buffer_printf(&out, "\\x%02x", (unsigned)(unsigned char)*c++);
            continue;
        }
        buffer_append(&out, c, length);
        c += length;
    }
    return buffer_steal(&out);
}

bool name_is_plain(const char *text)
{
    for (const char *c = text; *c;) {
        size_t length = character(c);
        if (length == 0 || is_control(*c))
            return false;
        c += length;
    }
    return true;
}
