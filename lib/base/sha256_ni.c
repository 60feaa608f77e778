/* lib/base/sha256_ni.c - SHA-256 on the SHA extensions of x86. */
#include "base/sha256_ni.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

/* With AVX an instruction names where its result goes: no copies between rounds. gcc moves the
 * unit's instructions about as if each took a cycle, which costs two lanes a fifth of their speed:
 * they stay in the order that is written down below. */
#ifdef __clang__
#define WITH_SHA __attribute__((target("sha,avx")))
#else
#define WITH_SHA __attribute__((target("sha,avx"), optimize("no-schedule-insns2")))
#endif
#define LANES_MAX 2
#define XMM_AND_YMM 6 /* in XCR0: the system keeps these registers */

static bool ask_processor(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_AVX) || !(c & bit_OSXSAVE))
        return false;
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    if ((a & XMM_AND_YMM) != XMM_AND_YMM)
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* Asked once: where the machine is a virtual one, each CPUID is a call of its host and takes longer
 * than a hash. */
bool sha256_ni_available(void)
{
    enum { UNKNOWN, NO, YES };
    static _Atomic int answer = UNKNOWN;
    if (answer == UNKNOWN)
        answer = ask_processor() ? YES : NO;
    return answer == YES;
}

/* FIPS 180-4 §4.2.2 */
static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The unit keeps the eight words as ABEF and CDGH. */
struct lane {
    __m128i abef, cdgh;
    __m128i schedule[4]; /* the last sixteen words of the message schedule */
};

WITH_SHA static inline void lane_load(struct lane *lane, const uint32_t state[8])
{
    __m128i abcd = _mm_loadu_si128((const __m128i *)(const void *)&state[0]);
    __m128i efgh = _mm_loadu_si128((const __m128i *)(const void *)&state[4]);
    __m128i badc = _mm_shuffle_epi32(abcd, 0xB1), hgfe = _mm_shuffle_epi32(efgh, 0x1B);
    lane->abef = _mm_alignr_epi8(badc, hgfe, 8);
    lane->cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
}

WITH_SHA static inline void lane_store(const struct lane *lane, uint32_t state[8])
{
    __m128i feba = _mm_shuffle_epi32(lane->abef, 0x1B), dchg = _mm_shuffle_epi32(lane->cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)(void *)&state[0], _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(void *)&state[4], _mm_alignr_epi8(dchg, feba, 8));
}

/* One block of each of `count` lanes; `count` is a constant where this is inlined. */
WITH_SHA static inline __attribute__((always_inline)) void
block_of_each(struct lane lanes[LANES_MAX], const uint8_t *const data[LANES_MAX], size_t count)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i abef[LANES_MAX], cdgh[LANES_MAX];
#pragma GCC unroll 2
    for (size_t i = 0; i < count; i++) {
        abef[i] = lanes[i].abef;
        cdgh[i] = lanes[i].cdgh;
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++) {
            __m128i words = _mm_loadu_si128((const __m128i *)(const void *)(data[i] + 16 * j));
            lanes[i].schedule[j] = _mm_shuffle_epi8(words, big_endian);
        }
    }
#pragma GCC unroll 16
    for (size_t group = 0; group < 16; group++) { /* four rounds each */
        const __m128i k = _mm_load_si128((const __m128i *)(const void *)&constants[4 * group]);
#pragma GCC unroll 2
        for (size_t i = 0; i < count; i++) {
            __m128i *w = lanes[i].schedule;
            __m128i message = _mm_add_epi32(w[group % 4], k);
            lanes[i].cdgh = _mm_sha256rnds2_epu32(lanes[i].cdgh, lanes[i].abef, message);
            if (group < 12) { /* the four words that will be needed four groups on */
                __m128i last = w[(group + 3) % 4];
                __m128i sum = _mm_sha256msg1_epu32(w[group % 4], w[(group + 1) % 4]);
                sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, w[(group + 2) % 4], 4));
                w[group % 4] = _mm_sha256msg2_epu32(sum, last);
            }
            message = _mm_shuffle_epi32(message, 0x0E);
            lanes[i].abef = _mm_sha256rnds2_epu32(lanes[i].abef, lanes[i].cdgh, message);
        }
    }
#pragma GCC unroll 2
    for (size_t i = 0; i < count; i++) {
        lanes[i].abef = _mm_add_epi32(lanes[i].abef, abef[i]);
        lanes[i].cdgh = _mm_add_epi32(lanes[i].cdgh, cdgh[i]);
    }
}

WITH_SHA void sha256_ni_blocks(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    struct lane lanes[LANES_MAX];
    const uint8_t *at[LANES_MAX] = {data};
    lane_load(&lanes[0], state);
    for (; blocks > 0; blocks--, at[0] += 64)
        block_of_each(lanes, at, 1);
    lane_store(&lanes[0], state);
}

WITH_SHA void sha256_ni_blocks_two(uint32_t a_state[8], const uint8_t *a, uint32_t b_state[8],
                                   const uint8_t *b, size_t blocks)
{
    struct lane lanes[LANES_MAX];
    const uint8_t *at[LANES_MAX] = {a, b};
    lane_load(&lanes[0], a_state);
    lane_load(&lanes[1], b_state);
    for (; blocks > 0; blocks--, at[0] += 64, at[1] += 64)
        block_of_each(lanes, at, 2);
    lane_store(&lanes[0], a_state);
    lane_store(&lanes[1], b_state);
}

#else

bool sha256_ni_available(void)
{
    return false;
}

/* Nobody calls these two here: see above. */
void sha256_ni_blocks(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    (void)state, (void)data, (void)blocks;
}

void sha256_ni_blocks_two(uint32_t a_state[8], const uint8_t *a, uint32_t b_state[8],
                          const uint8_t *b, size_t blocks)
{
    (void)a_state, (void)a, (void)b_state, (void)b, (void)blocks;
}

#endif
