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

#endif
