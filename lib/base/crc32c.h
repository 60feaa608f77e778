/*
 * lib/base/crc32c.h - CRC-32C (Castagnoli), which finds every flipped bit. No defence against those
 * who want to be wrong: that is SHA-256's.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H
#include "base/util.h"

/* Polynomial 0x1EDC6F41, reflected, begun with and complemented by ones: RFC 3720 §12.1, where
 * B.4 has the examples. */
uint32_t crc32c(const void *data, size_t length);
/* Of bytes whose begin had the answer `crc`, and which go on with these; 0: they begin. */
uint32_t crc32c_more(uint32_t crc, const void *data, size_t length);
/* As crc32c, where the processor has no instruction for it. */
uint32_t crc32c_portable(const void *data, size_t length);

#endif
