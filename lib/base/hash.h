/*
 * lib/base/hash.h - SHA-256 and its names. FIPS 180-4; OpenSSL does the work, but where the whole
 * and its parts are wanted at once and the processor can do both in one pass.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H
#include "base/util.h"

#define SHA256_HEX_SIZE 65 /* with the terminating NUL */

struct digest {
    uint8_t bytes[32];
};

struct sha256; /* a running hash */

struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *hash);
DEFINE_CLEANUP(struct sha256, sha256_free)
void sha256_update(struct sha256 *hash, const void *data, size_t length);
/* Give the digest and start anew. */
void sha256_final(struct sha256 *hash, struct digest *digest);

void sha256_of(const void *data, size_t length, struct digest *digest);
/* Of two texts, one behind the other: for many short ones, without what OpenSSL does for each. */
void sha256_of_two(const void *first, size_t first_length, const void *second,
                   size_t second_length, struct digest *digest);

/* Take in `count` parts that lie one after another at `data`, and give the digest of each part by
 * itself as well: the same as sha256_of of each and sha256_update with all, in about half the time
 * (lib/base/sha256_ni.h). */
void sha256_update_parts(struct sha256 *whole, const uint8_t *data, const uint32_t *lengths,
                         size_t count, struct digest *parts);

/* The digest of each of `count` parts that lie one after another at `data`: as sha256_of of each,
 * two at a time where the processor can do that. */
void sha256_of_parts(const uint8_t *data, const uint32_t *lengths, size_t count,
                     struct digest *parts);

void digest_to_hex(const struct digest *digest, char hex[SHA256_HEX_SIZE]);
/* Exactly 64 lower-case hexadecimal digits; false otherwise. */
bool digest_from_hex(const char *hex, size_t length, struct digest *digest);
static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The id of a bundle from the digest of its manifest, "sha256:…"; and back (false: not an id). */
void bundle_id_format(const struct digest *digest, char id[MLOPS_BUNDLE_ID_SIZE]);
bool bundle_id_parse(const char *id, struct digest *digest);

#endif
