/* lib/base/endian.h - little-endian integers in byte arrays, as every format of ours has them. */
#ifndef BASE_ENDIAN_H
#define BASE_ENDIAN_H
#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void put_u32(uint8_t *to, uint32_t value)
{
    value = htole32(value);
    memcpy(to, &value, sizeof(value));
}
static inline void put_u64(uint8_t *to, uint64_t value)
{
    value = htole64(value);
    memcpy(to, &value, sizeof(value));
}
static inline void put_f64(uint8_t *to, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_u64(to, bits);
}
static inline uint16_t get_u16(const uint8_t *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof(value));
    return le16toh(value);
}
static inline uint32_t get_u32(const uint8_t *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof(value));
    return le32toh(value);
}
static inline uint64_t get_u64(const uint8_t *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof(value));
    return le64toh(value);
}
static inline double get_f64(const uint8_t *from)
{
    uint64_t bits = get_u64(from);
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

#endif
