/* lib/trust/cursor.c - the block moves on as its bytes are used up. */
#include "trust/cursor.h"

bool cursor_fill(struct cursor *cursor)
{
    if (cursor->code || cursor->at >= cursor->source->size)
        return false;
    cursor->block = cursor->at;
    cursor->held = 0;
    cursor->code = source_read(cursor->source, cursor->at, cursor->data, sizeof(cursor->data),
                               &cursor->held, cursor->err);
    if (cursor->code)
        cursor->held = 0;
    return cursor->code == 0;
}

bool cursor_take(struct cursor *cursor, void *data, size_t length)
{
    if (cursor->code || length > cursor_left(cursor))
        return false;
    while (length) {
        size_t part;
        if (cursor_peek(cursor) < 0)
            return false;
        part = cursor->held - (size_t)(cursor->at - cursor->block);
        if (part > length)
            part = length;
        memcpy(data, cursor->data + (cursor->at - cursor->block), part);
        data = (uint8_t *)data + part;
        cursor->at += part;
        length -= part;
    }
    return true;
}

bool cursor_skip(struct cursor *cursor, uint64_t length)
{
    if (cursor->code || length > cursor_left(cursor))
        return false;
    cursor->at += length;
    return true;
}
