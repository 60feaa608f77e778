/* lib/stats/pattern.c - patterns of texts. */
#include "stats/pattern.h"
#ifdef __x86_64__
#include <immintrin.h>
#endif

/* What each byte is in a pattern. */
static const char classes[256 + 1] =
    "?\??\??\??\??     ?\??\??\??\??\??\??\??\??\?"
    " !\"#$%&'()*+,-./9999999999:;<=>?"
    "@AAAAAAAAAAAAAAAAAAAAAAAAAA[\\]^_"
    "`aaaaaaaaaaaaaaaaaaaaaaaaaa{|}~?"
    "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"
    "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu";

/* A byte is written whether it begins a run or not, and the next over it where it does not: no
 * branch has to be foreseen. */
static size_t pattern_narrow(const char *text, size_t length, char pattern[PATTERN_MAX])
{
    char runs[PATTERN_MAX + 1]; /* one more tells that there are too many */
    memset(pattern, 0, PATTERN_MAX);
    size_t used = 0;
    char last = '\0';
    for (size_t i = 0; i < length && used <= PATTERN_MAX; i++) {
        char class = classes[(unsigned char)text[i]];
        size_t place = used - (class == last);
        runs[place] = class;
        used = place + 1;
        last = class;
    }
    if (used > PATTERN_MAX) {
        used = PATTERN_MAX;
        runs[PATTERN_MAX - 1] = '~';
    }
    memcpy(pattern, runs, used);
    return used;
}

#ifdef __x86_64__
#define WIDE __attribute__((target("avx512bw,avx512vbmi,avx512vbmi2")))
#define WIDE_MAX 64 /* bytes of a text */

static bool has_wide(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512vbmi2");
}

WIDE static inline __mmask64 within(__m512i bytes, char first, char last)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(first)),
                                  _mm512_set1_epi8((char)(last - first)));
}

WIDE static inline __m512i call(__m512i bytes, __mmask64 which, char class)
{
    return _mm512_mask_mov_epi8(bytes, which, _mm512_set1_epi8(class));
}

/* All bytes of a text, of which there is one, at once. */
WIDE static size_t pattern_wide(const char *text, size_t length, char pattern[PATTERN_MAX])
{
    static const uint8_t before[WIDE_MAX] = {
        0,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
        21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
        43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62};
    __mmask64 there = ~0ULL >> (WIDE_MAX - length);
    __m512i bytes = _mm512_maskz_loadu_epi8(there, text), class = bytes;
    class = call(class, within(bytes, '0', '9'), '9');
    class = call(class, within(bytes, 'a', 'z'), 'a');
    class = call(class, within(bytes, 'A', 'Z'), 'A');
    class = call(class, _mm512_movepi8_mask(bytes), 'u');
    class = call(class, within(bytes, 0, 0x1f) | within(bytes, 0x7f, 0x7f), '?');
    class = call(class, within(bytes, '\t', '\r'), ' ');
    __m512i last = _mm512_permutexvar_epi8(_mm512_loadu_si512(before), class);
    __mmask64 begins = (_mm512_cmpneq_epi8_mask(class, last) | 1) & there;
    size_t used = (size_t)__builtin_popcountll(begins);
    char runs[WIDE_MAX];
    _mm512_storeu_si512(runs, _mm512_maskz_compress_epi8(begins, class));
    if (used > PATTERN_MAX) {
        used = PATTERN_MAX;
        runs[PATTERN_MAX - 1] = '~';
    }
    memcpy(pattern, runs, PATTERN_MAX); /* all: a length that is known needs no call */
    return used;
}
#else
#define WIDE_MAX 0
#define pattern_wide pattern_narrow

static bool has_wide(void)
{
    return false;
}
#endif

size_t pattern_of(const char *text, size_t length, char pattern[PATTERN_MAX])
{
    bool fits = length > 0 && length <= WIDE_MAX;
    return (fits && has_wide() ? pattern_wide : pattern_narrow)(text, length, pattern);
}
