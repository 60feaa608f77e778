/*
 * lib/base/sha256_ni.h - the SHA-256 compression function on the SHA extensions of x86, on one or
 * two streams at once.
 *
 * One stream leaves the unit idle between dependent rounds; two that are interleaved take hardly
 * longer than one. OpenSSL offers one stream only. FIPS 180-4 §6.2.2; Intel, "Intel SHA
 * Extensions", 2013. Where the processor has no such unit, hash.c asks OpenSSL.
 */
#ifndef BASE_SHA256_NI_H
#define BASE_SHA256_NI_H
#include "base/util.h"

/* Does this processor have what the functions below need? They must not be called otherwise. */
bool sha256_ni_available(void);

/* Take `blocks` blocks of 64 bytes into `state` (FIPS 180-4: H0 … H7). */
void sha256_ni_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

/* The same for two streams, `blocks` of each. */
void sha256_ni_blocks_two(uint32_t a_state[8], const uint8_t *a, uint32_t b_state[8],
                          const uint8_t *b, size_t blocks);

#endif
