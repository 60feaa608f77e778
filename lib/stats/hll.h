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

#endif
