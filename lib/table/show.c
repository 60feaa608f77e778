/* lib/table/show.c - cells for messages. */
#include "table/show.h"
#include "base/path.h"

/* Bytes of the printable character at the start of `text`; 0 where there is none. */
static size_t printable(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];
    size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (bytes > length || !utf8_valid(text, bytes) || first < 0x20 || first == 0x7f)
        return 0;
    bool control = first == 0xc2 && (unsigned char)text[1] < 0xa0; /* U+0080 to U+009F */
    return control ? 0 : bytes;
}

void cell_show(struct text_view cell, char shown[CELL_SHOWN_SIZE])
{
    size_t at = 0, used = 0;
    while (at < cell.length) {
        size_t bytes = printable(cell.data + at, cell.length - at);
        if (used + (bytes ? bytes : 1) > CELL_SHOWN_BYTES)
            break;
        if (bytes)
            memcpy(shown + used, cell.data + at, bytes);
        else
            shown[used] = '?';
        used += bytes ? bytes : 1;
        at += bytes ? bytes : 1;
    }
    if (at < cell.length) {
        memcpy(shown + used, "...", 3);
        used += 3;
    }
    shown[used] = '\0';
}
