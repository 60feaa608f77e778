/* lib/stats/hash_many.c - the same arithmetic on vectors of eight and on single values. */
#include "stats/hash_many.h"

#if defined(__x86_64__)
#define LANES 8
#define WIDE __attribute__((target("avx512f,avx512dq")))

typedef uint64_t eight __attribute__((vector_size(LANES * sizeof(uint64_t))));

static bool can_multiply(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}

/* stats_mix */
WIDE static inline void mix(eight *x)
{
    *x ^= *x >> 30;
    *x *= 0xbf58476d1ce4e5b9ULL;
    *x ^= *x >> 27;
    *x *= 0x94d049bb133111ebULL;
    *x ^= *x >> 31;
}

/* How many were done: all but fewer than eight. */
WIDE static size_t hash_wide(const uint8_t *values, size_t count, uint64_t *hashes)
{
    const uint64_t begin = stats_mix(sizeof(uint64_t) + STATS_HASH_STEP);
    size_t done = 0;
    for (; done + LANES <= count; done += LANES) {
        eight x;
        memcpy(&x, values + done * sizeof(uint64_t), sizeof(x));
        x ^= begin;
        mix(&x);
        x += STATS_HASH_STEP;
        mix(&x);
        memcpy(hashes + done, &x, sizeof(x));
    }
    return done;
}

WIDE static size_t sum_wide(const uint64_t *hashes, size_t count, uint64_t factor, uint64_t *sums)
{
    size_t done = 0;
    for (; done + LANES <= count; done += LANES) {
        eight hash, sum;
        memcpy(&hash, hashes + done, sizeof(hash));
        memcpy(&sum, sums + done, sizeof(sum));
        sum += hash * factor;
        memcpy(sums + done, &sum, sizeof(sum));
    }
    return done;
}
#else
static bool can_multiply(void)
{
    return false;
}

static size_t hash_wide(const uint8_t *values, size_t count, uint64_t *hashes)
{
    (void)values;
    (void)count;
    (void)hashes;
    return 0;
}

static size_t sum_wide(const uint64_t *hashes, size_t count, uint64_t factor, uint64_t *sums)
{
    (void)hashes;
    (void)count;
    (void)factor;
    (void)sums;
    return 0;
}
#endif

void hash_many(const void *values, size_t count, uint64_t *hashes)
{
    const uint8_t *bytes = values;
    size_t done = can_multiply() ? hash_wide(bytes, count, hashes) : 0;
    for (; done < count; done++)
        hashes[done] = stats_hash_eight(bytes + done * sizeof(uint64_t));
}

void hash_sum_many(const uint64_t *hashes, size_t count, uint64_t factor, uint64_t *sums)
{
    size_t done = can_multiply() ? sum_wide(hashes, count, factor, sums) : 0;
    for (; done < count; done++)
        sums[done] += hashes[done] * factor;
}
