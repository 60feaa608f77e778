/*
 * lib/stats/wire.h - reading a byte string piece by piece without ever stepping over its end.
 * Once something was missing, every further read gives zero and `failed` stays set.
 */
#ifndef STATS_WIRE_H
#define STATS_WIRE_H
#include "base/buffer.h"
#include "base/endian.h"

struct wire {
    const uint8_t *at, *end;
    bool failed;
};

static inline const uint8_t *wire_bytes(struct wire *wire, size_t length)
{
    if (wire->failed || (size_t)(wire->end - wire->at) < length) {
        wire->failed = true;
        return NULL;
    }
    const uint8_t *bytes = wire->at;
    wire->at += length;
    return bytes;
}
static inline uint32_t wire_u32(struct wire *wire)
{
    const uint8_t *bytes = wire_bytes(wire, 4);
    return bytes ? get_u32(bytes) : 0;
}
static inline uint64_t wire_u64(struct wire *wire)
{
    const uint8_t *bytes = wire_bytes(wire, 8);
    return bytes ? get_u64(bytes) : 0;
}
static inline double wire_f64(struct wire *wire)
{
    const uint8_t *bytes = wire_bytes(wire, 8);
    return bytes ? get_f64(bytes) : 0;
}


/* Seven bits a byte, the lowest first, the top bit set where more follow (LEB128). */
static inline uint64_t wire_varint(struct wire *wire)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t *byte = wire_bytes(wire, 1);
        if (!byte)
            return 0;
        value |= (uint64_t)(*byte & 0x7f) << shift;
        if (!(*byte & 0x80))
            return value;
    }
    wire->failed = true;
    return 0;
}

/* A double as wire_put_number wrote it. */
static inline double wire_number(struct wire *wire)
{
    if (!wire->failed && wire->at < wire->end && *wire->at == 1) {
        wire->at++;
        return wire_f64(wire);
    }
    uint64_t zigzag = wire_varint(wire) >> 1;
    return zigzag & 1 ? -(double)(zigzag >> 1) - 1 : (double)(zigzag >> 1);
}

static inline void wire_put_u32(struct buffer *out, uint32_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    buffer_append(out, bytes, sizeof(bytes));
}
static inline void wire_put_u64(struct buffer *out, uint64_t value)
{
    uint8_t bytes[8];
    put_u64(bytes, value);
    buffer_append(out, bytes, sizeof(bytes));
}
static inline void wire_put_f64(struct buffer *out, double value)
{
    uint8_t bytes[8];
    put_f64(bytes, value);
    buffer_append(out, bytes, sizeof(bytes));
}

static inline void wire_put_varint(struct buffer *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buffer_putc(out, (char)(value | 0x80));
    buffer_putc(out, (char)value);
}

/* A double: whole numbers of up to 34 bits as an even varint, zigzag, which most are; others as a
 * byte 1 and their eight bytes. */
static inline void wire_put_number(struct buffer *out, double value)
{
    bool whole = value >= -0x1p34 && value <= 0x1p34 && value == (double)(int64_t)value;
    if (whole && !(value == 0 && __builtin_signbit(value))) {
        int64_t number = (int64_t)value;
        uint64_t zigzag = number < 0 ? (uint64_t)(-(number + 1)) * 2 + 1 : (uint64_t)number * 2;
        wire_put_varint(out, zigzag << 1);
        return;
    }
    buffer_putc(out, 1);
    wire_put_f64(out, value);
}

#endif
