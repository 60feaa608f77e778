/*
 * lib/stats/hash_many.h - hashes of many values at once: eight at a time with AVX-512, four
 * with AVX2, one by one elsewhere. They are the same.
 */
#ifndef STATS_HASH_MANY_H
#define STATS_HASH_MANY_H
#include "stats/hll.h"

/* stats_hash_eight of each of `count` values of eight bytes. */
void hash_many(const void *values, size_t count, uint64_t *hashes);
/* sums[i] += hashes[i] * factor. */
void hash_sum_many(const uint64_t *hashes, size_t count, uint64_t factor, uint64_t *sums);

#endif
