/* lib/stats/hll.c - HyperLogLog. */
#include "stats/hll.h"
#include "stats/wide.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <math.h>

#define PRECISION 12
#define REGISTERS (1U << PRECISION)
#define WORTH 4               /* at least so many zeros, or too many can */
#define LOOK_AGAIN (1U << 14) /* hashes after which the least register is looked up */
#define FEW 1024 /* registers in use that are written one by one */
#define RANK_MAX (64 - PRECISION) /* q of the paper */

struct hll {
    uint8_t registers[REGISTERS];
    uint8_t least; /* none is below it, since they were looked at last */
    size_t came;   /* hashes since then */
};

/* Up to seven bytes as a little-endian number, by loads that overlap. */
static uint64_t get_few(const uint8_t *bytes, size_t length)
{
    if (length >= 4)
        return get_u32(bytes) | (uint64_t)get_u32(bytes + length - 4) << 8 * (length - 4);
    if (length == 0)
        return 0;
    return bytes[0] | (uint64_t)bytes[length / 2] << 8 * (length / 2) |
           (uint64_t)bytes[length - 1] << 8 * (length - 1);
}

uint64_t stats_hash(const void *data, size_t length)
{
    const uint8_t *bytes = data;
    uint64_t hash = stats_mix(length + STATS_HASH_STEP);
    if (length < 8)
        return stats_mix(hash ^ get_few(bytes, length));
    for (size_t at = 0; at + 8 <= length; at += 8)
        hash = stats_mix(hash ^ get_u64(bytes + at)) + STATS_HASH_STEP;
    /* the last few are the upper ones of the last eight */
    unsigned bits = 8 * (unsigned)(length % 8);
    uint64_t last = bits ? get_u64(bytes + length - 8) >> (64 - bits) : 0;
    return stats_mix(hash ^ last);
}

struct hll *hll_new(void)
{
    return xcalloc(1, sizeof(struct hll));
}

void hll_free(struct hll *sketch)
{
    free(sketch);
}

static inline void raise_register(struct hll *sketch, uint64_t hash)
{
    uint64_t rest = hash << PRECISION;
    uint8_t rank = rest ? (uint8_t)(__builtin_clzll(rest) + 1) : RANK_MAX + 1;
    uint8_t *slot = &sketch->registers[hash >> (64 - PRECISION)];
    if (rank > *slot)
        *slot = rank;
}

static uint8_t least_register(const struct hll *sketch)
{
    uint8_t least = UINT8_MAX;
    for (size_t i = 0; i < REGISTERS; i++)
        least = sketch->registers[i] < least ? sketch->registers[i] : least;
    return least;
}

#if defined(__x86_64__)
/* Where all registers stand high already, few hashes raise any: those of which the bits behind the
 * register's number begin with more zeros than the least. How many hashes were seen. */
WIDE_FOUR static size_t raise_few(struct hll *sketch, const uint64_t *hashes, size_t count)
{
    const __m128i behind = _mm_cvtsi32_si128(64 - sketch->least);
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        __m256i rest = _mm256_loadu_si256((const __m256i *)(const void *)(hashes + i));
        rest = _mm256_srl_epi64(_mm256_slli_epi64(rest, PRECISION), behind);
        __m256i zero = _mm256_cmpeq_epi64(rest, _mm256_setzero_si256());
        unsigned may = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(zero));
        for (; may; may &= may - 1)
            raise_register(sketch, hashes[i + (unsigned)__builtin_ctz(may)]);
    }
    return i;
}
#else
#define raise_few(sketch, hashes, count) 0
#endif

void hll_update_hashes(struct hll *sketch, const uint64_t *hashes, size_t count)
{
    sketch->came += count;
    if (sketch->came >= LOOK_AGAIN) {
        sketch->least = least_register(sketch);
        sketch->came = 0;
    }
    bool few = sketch->least >= WORTH && wide_lanes() > 1;
    for (size_t i = few ? raise_few(sketch, hashes, count) : 0; i < count; i++)
        raise_register(sketch, hashes[i]);
}

void hll_update(struct hll *sketch, const void *data, size_t length)
{
    uint64_t hash = stats_hash(data, length);
    hll_update_hashes(sketch, &hash, 1);
}

void hll_merge(struct hll *sketch, const struct hll *other)
{
    for (size_t i = 0; i < REGISTERS; i++)
        if (other->registers[i] > sketch->registers[i])
            sketch->registers[i] = other->registers[i];
}

/* σ(x) = x + Σ x^(2^k) 2^(k-1), equation 13 */
static double sigma(double x)
{
    if (x == 1)
        return INFINITY;
    double y = 1, z = x, before;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

/* τ(x) = (1 - x - Σ (1 - x^(2^-k))² 2^-k) / 3, equation 24 */
static double tau(double x)
{
    if (x == 0 || x == 1)
        return 0;
    double y = 1, z = 1 - x, before;
    do {
        x = sqrt(x);
        before = z;
        y /= 2;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

double hll_estimate(const struct hll *sketch)
{
    double counts[RANK_MAX + 2] = {0}, m = REGISTERS;
    for (size_t i = 0; i < REGISTERS; i++)
        counts[sketch->registers[i]]++;
    double z = m * tau(1 - counts[RANK_MAX + 1] / m);
    for (size_t k = RANK_MAX; k >= 1; k--)
        z = (z + counts[k]) / 2;
    z += m * sigma(counts[0] / m);
    return m * m / (2 * M_LN2) / z;
}

/* u32 how many are in use; those, each a u16 place and a u8 rank, or all where they are many. */
static void encode_few(const struct hll *sketch, struct buffer *out)
{
    uint32_t used = 0;
    for (size_t i = 0; i < REGISTERS; i++)
        used += sketch->registers[i] != 0;
    wire_put_u32(out, used);
    if (used > FEW) {
        buffer_append(out, sketch->registers, REGISTERS);
        return;
    }
    for (size_t i = 0; i < REGISTERS; i++)
        if (sketch->registers[i]) {
            buffer_putc(out, (char)(i & 0xff));
            buffer_putc(out, (char)(i >> 8));
            buffer_putc(out, (char)sketch->registers[i]);
        }
}

void hll_encode(const struct hll *sketch, bool compact, struct buffer *out)
{
    if (compact)
        encode_few(sketch, out);
    else
        buffer_append(out, sketch->registers, REGISTERS);
}

static void decode_few(struct wire *wire, uint32_t used, struct hll *sketch)
{
    const uint8_t *bytes = wire_bytes(wire, used * 3U);
    size_t next = 0;
    for (uint32_t i = 0; bytes && i < used; i++, bytes += 3) {
        size_t at = bytes[0] + ((size_t)bytes[1] << 8);
        wire->failed |= at >= REGISTERS || at < next || bytes[2] == 0 || bytes[2] > RANK_MAX + 1;
        if (wire->failed)
            return;
        sketch->registers[at] = bytes[2];
        next = at + 1;
    }
}

struct hll *hll_decode(struct wire *wire, bool compact)
{
    struct hll *sketch = hll_new();
    uint32_t used = compact ? wire_u32(wire) : REGISTERS;
    wire->failed |= used > REGISTERS;
    if (used <= FEW && !wire->failed) {
        decode_few(wire, used, sketch);
    } else {
        const uint8_t *bytes = wire_bytes(wire, REGISTERS);
        for (size_t i = 0; bytes && i < REGISTERS; i++)
            wire->failed |= bytes[i] > RANK_MAX + 1;
        if (bytes)
            memcpy(sketch->registers, bytes, REGISTERS);
    }
    if (wire->failed) {
        hll_free(sketch);
        return NULL;
    }
    return sketch;
}
