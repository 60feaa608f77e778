/*
 * lib/stats/random.h - random numbers that are the same on every machine: integers and the basic
 * operations of IEEE 754 only, no function of the mathematics library.
 *
 * The generator is xoshiro256** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number
 * Generators", 2021), its state filled by SplitMix64 (Steele, Lea and Flood 2014) from seed and
 * stream, so that each replicate of a bootstrap has a stream of its own and the result does not
 * depend on how many threads there are.
 */
#ifndef STATS_RANDOM_H
#define STATS_RANDOM_H
#include "base/util.h"

struct half_tables;

struct random {
    uint64_t state[4];
    const struct half_tables *tables;
};

/* Tables that speed counts of coins up: made once, read by all threads. The caller frees. */
struct half_tables *half_tables_new(void);
void half_tables_free(struct half_tables *tables);
DEFINE_CLEANUP(struct half_tables, half_tables_free)

/* `tables` is borrowed. The same seed and stream give the same numbers for ever. */
void random_init(struct random *random, uint64_t seed, uint64_t stream,
                 const struct half_tables *tables);

static inline uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state, product = s[1] * 5, shifted = s[1] << 17;
    uint64_t result = ((product << 7) | (product >> 57)) * 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* 0 … bound-1, each as likely as the other (Lemire 2019); `bound` > 0. */
uint64_t random_below(struct random *random, uint64_t bound);

/* How many of `n` trials succeed, each with probability `part`/`whole`: exactly the binomial
 * distribution. `part` ≤ `whole`, 0 < `whole` < 2^62. */
uint64_t random_binomial(struct random *random, uint64_t n, uint64_t part, uint64_t whole);

/* Share `n` draws with replacement out among `cells`, of which cell i holds
 * cumulative[i+1] - cumulative[i] of all: exactly the multinomial distribution, in time that grows
 * as `cells`, not as `n`. `counts` has room for `cells`. */
void random_multinomial(struct random *random, uint64_t n, const uint64_t *cumulative, size_t cells,
                        uint64_t *counts);

/*
 * What `drawn` rows weigh that are drawn with replacement from a cell of `rows` rows, which weigh
 * `weight` together and whose squared weights add up to `square`: the mean of as many, and about it
 * the spread of the weights in the cell, close to normal. Not below 0.
 */
double random_weight(struct random *random, uint64_t drawn, uint64_t rows, double weight,
                     double square);

#endif
