/*
 * lib/store/chunker.h - content-defined chunking: cut points that move with the content.
 *
 * FastCDC with normalised chunking, level 2 (Xia et al., "FastCDC: a Fast and Efficient
 * Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016). The parameters are
 * part of the store's format: other ones would cut the same file elsewhere and share nothing.
 */
#ifndef STORE_CHUNKER_H
#define STORE_CHUNKER_H
#include "base/util.h"

#define CHUNK_MIN (16U << 10)
#define CHUNK_AVERAGE (64U << 10)
#define CHUNK_MAX (256U << 10)

/* The gear table: entry i is the first eight bytes, little-endian, of SHA-256 of the byte i. */
struct chunker {
    uint64_t gear[256];
};

void chunker_init(struct chunker *chunker);

/* Does the version before have a cut with this fingerprint? */
typedef bool (*chunker_known)(const void *context, uint64_t fingerprint);

/*
 * Length of the first chunk of `data`: between CHUNK_MIN and CHUNK_MAX, less only where the data
 * ends. The caller gives at least CHUNK_MAX bytes, or all that is left. A cut that is `known`
 * (NULL: none is) counts before the average size, too. `*fingerprint` gets the gear hash at the
 * cut, by which a like chunk of another version can be found.
 */
size_t chunker_cut(const struct chunker *chunker, const uint8_t *data, size_t length,
                   chunker_known known, const void *context, uint64_t *fingerprint);

/* The gear hash of the 64 bytes before `end`: the fingerprint of a cut there. */
uint64_t chunker_fingerprint(const struct chunker *chunker, const uint8_t *end);

#endif
