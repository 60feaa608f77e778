/*
 * lib/stats/hll.h - how many distinct values a stream has, in 4 KiB.
 *
 * HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with 2^12 registers over a 64-bit hash, and
 * Ertl's estimator without bias corrections or thresholds ("New cardinality estimation algorithms
 * for HyperLogLog sketches", 2017, algorithm 6). Standard error 1.04 / sqrt(4096) = 1.6 %.
 */
#ifndef STATS_HLL_H
#define STATS_HLL_H
#include "base/util.h"
#include "stats/wire.h"

struct hll;

struct hll *hll_new(void);
void hll_free(struct hll *sketch);
void hll_update(struct hll *sketch, const void *data, size_t length);
/* The same where the caller knows stats_hash of each. */
void hll_update_hashes(struct hll *sketch, const uint64_t *hashes, size_t count);
void hll_merge(struct hll *sketch, const struct hll *other);
double hll_estimate(const struct hll *sketch);

/* `compact`: only the registers in use where they are few, as in profiles from format 2 on. */
void hll_encode(const struct hll *sketch, bool compact, struct buffer *out);
/* NULL, with `wire->failed` set, where it is damaged. */
struct hll *hll_decode(struct wire *wire, bool compact);

/* The 64-bit hash that the sketches of this room use; the same on every machine. */
uint64_t stats_hash(const void *data, size_t length);

#define STATS_HASH_STEP 0x9e3779b97f4a7c15ULL

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014), which mixes every bit into every other. */
static inline uint64_t stats_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    return x ^ x >> 31;
}

/* stats_hash of the eight bytes at `data`; one to one. */
static inline uint64_t stats_hash_eight(const void *data)
{
    uint64_t hash = stats_mix(sizeof(uint64_t) + STATS_HASH_STEP);
    return stats_mix(stats_mix(hash ^ get_u64(data)) + STATS_HASH_STEP);
}

#endif
