/* lib/stats/hash_many.c - the same arithmetic on vectors of eight or four and on single values. */
#include "stats/hash_many.h"
#include "stats/wide.h"

/* stats_mix */
#define MIX(x)                                                                                     \
    do {                                                                                           \
        x ^= x >> 30;                                                                              \
        x *= 0xbf58476d1ce4e5b9ULL;                                                                \
        x ^= x >> 27;                                                                              \
        x *= 0x94d049bb133111ebULL;                                                                \
        x ^= x >> 31;                                                                              \
    } while (0)

/* Each says how many were done: all but fewer than a vector has. */
#define FUNCTIONS(target, lanes, hash_lanes, sum_lanes)                                            \
    target static size_t hash_lanes(const uint8_t *values, size_t count, uint64_t *hashes)         \
    {                                                                                              \
        const uint64_t begin = stats_mix(sizeof(uint64_t) + STATS_HASH_STEP);                      \
        const size_t width = sizeof(lanes) / sizeof(uint64_t);                                     \
        size_t done = 0;                                                                           \
        for (; done + width <= count; done += width) {                                             \
            lanes x;                                                                               \
            memcpy(&x, values + done * sizeof(uint64_t), sizeof(x));                               \
            x ^= begin;                                                                            \
            MIX(x);                                                                                \
            x += STATS_HASH_STEP;                                                                  \
            MIX(x);                                                                                \
            memcpy(hashes + done, &x, sizeof(x));                                                  \
        }                                                                                          \
        return done;                                                                               \
    }                                                                                              \
                                                                                                   \
    target static size_t sum_lanes(const uint64_t *hashes, size_t count, uint64_t factor,          \
                                   uint64_t *sums)                                                 \
    {                                                                                              \
        const size_t width = sizeof(lanes) / sizeof(uint64_t);                                     \
        size_t done = 0;                                                                           \
        for (; done + width <= count; done += width) {                                             \
            lanes hash, sum;                                                                       \
            memcpy(&hash, hashes + done, sizeof(hash));                                            \
            memcpy(&sum, sums + done, sizeof(sum));                                                \
            sum += hash * factor;                                                                  \
            memcpy(sums + done, &sum, sizeof(sum));                                                \
        }                                                                                          \
        return done;                                                                               \
    }

#if defined(__x86_64__)
FUNCTIONS(WIDE_FOUR, four_words, hash_four, sum_four)
FUNCTIONS(WIDE_EIGHT, eight_words, hash_eight, sum_eight)
#else
#define hash_four hash_none
#define hash_eight hash_none
#define sum_four sum_none
#define sum_eight sum_none
#endif

static size_t hash_none(const uint8_t *values, size_t count, uint64_t *hashes)
{
    (void)values, (void)count, (void)hashes;
    return 0;
}

static size_t sum_none(const uint64_t *hashes, size_t count, uint64_t factor, uint64_t *sums)
{
    (void)hashes, (void)count, (void)factor, (void)sums;
    return 0;
}

void hash_many(const void *values, size_t count, uint64_t *hashes)
{
    const uint8_t *bytes = values;
    size_t i = WIDE_CHOOSE(hash_eight, hash_four, hash_none)(bytes, count, hashes);
    for (; i < count; i++)
        hashes[i] = stats_hash_eight(bytes + i * sizeof(uint64_t));
}

void hash_sum_many(const uint64_t *hashes, size_t count, uint64_t factor, uint64_t *sums)
{
    size_t i = WIDE_CHOOSE(sum_eight, sum_four, sum_none)(hashes, count, factor, sums);
    for (; i < count; i++)
        sums[i] += hashes[i] * factor;
}
