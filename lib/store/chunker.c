/* lib/store/chunker.c - FastCDC cut points. */
#include "store/chunker.h"
#include "base/endian.h"
#include "base/hash.h"

/* 2^16 is the average. Before it a cut needs two more zero bits, after it two fewer (normalisation
 * level 2). The top bits of the gear hash depend on the most bytes, so they decide. */
#define MASK_BEFORE (~0ULL << (64 - 18))
#define MASK_AFTER (~0ULL << (64 - 14))

void chunker_init(struct chunker *chunker)
{
    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        struct digest digest;
        sha256_of(&byte, 1, &digest);
        chunker->gear[i] = get_u64(digest.bytes);
    }
}

uint64_t chunker_fingerprint(const struct chunker *chunker, const uint8_t *end)
{
    uint64_t hash = 0;
    for (size_t i = 64; i > 0; i--)
        hash = (hash << 1) + chunker->gear[*(end - i)];
    return hash;
}

size_t chunker_cut(const struct chunker *chunker, const uint8_t *data, size_t length,
                   chunker_known known, const void *context, uint64_t *fingerprint)
{
    const uint64_t *gear = chunker->gear;
    size_t end = length < CHUNK_MAX ? length : CHUNK_MAX;
    size_t normal = end < CHUNK_AVERAGE ? end : CHUNK_AVERAGE;
    uint64_t hash = 0;
    size_t at = CHUNK_MIN;
    *fingerprint = 0;
    if (end <= CHUNK_MIN)
        return end;
    /* The hash looks back 64 bytes: start there so that a cut does not depend on the chunk's own
     * beginning. */
    for (size_t i = at - 64; i < at; i++)
        hash = (hash << 1) + gear[data[i]];
    for (; at < normal; at++) {
        hash = (hash << 1) + gear[data[at]];
        /* any cut of another version passes the second mask, so that few hashes are asked about */
        if (!(hash & MASK_AFTER) && (!(hash & MASK_BEFORE) || (known && known(context, hash)))) {
            *fingerprint = hash;
            return at + 1;
        }
    }
    for (; at < end; at++) {
        hash = (hash << 1) + gear[data[at]];
        if (!(hash & MASK_AFTER)) {
            *fingerprint = hash;
            return at + 1;
        }
    }
    *fingerprint = hash;
    return end;
}
