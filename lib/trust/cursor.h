/*
 * lib/trust/cursor.h - a source read from front to back through one block of memory, for parsers
 * that look at every byte once.
 *
 * A step past the end, or one that the source fails, gives false; `code` tells the two apart.
 */
#ifndef TRUST_CURSOR_H
#define TRUST_CURSOR_H
#include "trust/source.h"

#define CURSOR_BLOCK 65536

struct cursor {
    struct source *source;
    uint64_t at;    /* of the next byte */
    uint64_t block; /* where in the source `data` begins */
    size_t held;    /* bytes in `data` */
    int code;       /* of the source's error, else 0 */
    struct mlops_error *err;
    uint8_t data[CURSOR_BLOCK];
};

static inline uint64_t cursor_left(const struct cursor *cursor)
{
    return cursor->source->size - cursor->at;
}

/* Have the block begin at the next byte; false at the end and on errors. */
bool cursor_fill(struct cursor *cursor);

/* The next byte, not taken; -1 at the end and on errors. */
static inline int cursor_peek(struct cursor *cursor)
{
    if (cursor->at - cursor->block >= cursor->held && !cursor_fill(cursor))
        return -1;
    return cursor->data[cursor->at - cursor->block];
}

static inline int cursor_byte(struct cursor *cursor)
{
    int byte = cursor_peek(cursor);
    cursor->at += byte >= 0;
    return byte;
}

/* `length` bytes, or false and none. */
bool cursor_take(struct cursor *cursor, void *data, size_t length);
bool cursor_skip(struct cursor *cursor, uint64_t length);

#endif
