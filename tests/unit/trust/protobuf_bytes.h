/* tests/unit/trust/protobuf_bytes.h - messages of Protocol Buffers, put together field by field. */
#ifndef TESTS_PROTOBUF_BYTES_H
#define TESTS_PROTOBUF_BYTES_H
#include "base/buffer.h"

static inline void add_varint(struct buffer *out, uint64_t value)
{
    for (; value > 127; value >>= 7)
        buffer_putc(out, (char)(value | 0x80));
    buffer_putc(out, (char)value);
}

static inline void add_number(struct buffer *out, unsigned field, uint64_t value)
{
    add_varint(out, (uint64_t)field << 3);
    add_varint(out, value);
}

static inline void add_bytes(struct buffer *out, unsigned field, const void *data, size_t length)
{
    add_varint(out, (uint64_t)field << 3 | 2);
    add_varint(out, length);
    buffer_append(out, data, length);
}

static inline void add_text(struct buffer *out, unsigned field, const char *text)
{
    add_bytes(out, field, text, strlen(text));
}

/* `inner` as a field of `out`; it is emptied. */
static inline void add_message(struct buffer *out, unsigned field, struct buffer *inner)
{
    add_bytes(out, field, inner->length ? inner->data : "", inner->length);
    buffer_clear(inner);
}

#endif
