/* lib/table/structure.c - four bytes looked for in 64. */
#include "table/structure.h"
#include "table/simd.h"
#ifdef __x86_64__
#include <immintrin.h>
#endif

uint64_t structure_find_plain(const char *block, const struct structure *structure)
{
    uint64_t found = 0;
    for (unsigned i = 0; i < 64; i++)
        found |= (uint64_t)(memchr(structure->bytes, block[i], sizeof(structure->bytes)) != NULL)
                 << i;
    return found;
}

#ifdef __x86_64__
static uint64_t find_sse2(const char *block, const struct structure *structure)
{
    uint64_t found = 0;
    const __m128i a = _mm_set1_epi8(structure->bytes[0]), b = _mm_set1_epi8(structure->bytes[1]);
    const __m128i c = _mm_set1_epi8(structure->bytes[2]), d = _mm_set1_epi8(structure->bytes[3]);
    for (unsigned i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i));
        __m128i ab = _mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b));
        __m128i cd = _mm_or_si128(_mm_cmpeq_epi8(bytes, c), _mm_cmpeq_epi8(bytes, d));
        found |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(ab, cd)) << (16 * i);
    }
    return found;
}

__attribute__((target("avx2"))) static uint64_t find_avx2(const char *block,
                                                          const struct structure *structure)
{
    uint64_t found = 0;
    const __m256i a = _mm256_set1_epi8(structure->bytes[0]);
    const __m256i b = _mm256_set1_epi8(structure->bytes[1]);
    const __m256i c = _mm256_set1_epi8(structure->bytes[2]);
    const __m256i d = _mm256_set1_epi8(structure->bytes[3]);
    for (unsigned i = 0; i < 2; i++) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(block + 32 * i));
        __m256i ab = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, a), _mm256_cmpeq_epi8(bytes, b));
        __m256i cd = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, c), _mm256_cmpeq_epi8(bytes, d));
        found |= (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_or_si256(ab, cd)) << (32 * i);
    }
    return found;
}

static const structure_finder all[] = {find_avx2, find_sse2, structure_find_plain, NULL};
#else
static const structure_finder all[] = {structure_find_plain, NULL};
#endif

const structure_finder *structure_finders(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") ? all : all + 1;
#else
    return all;
#endif
}

structure_finder structure_finder_choose(void)
{
    return simd_is_off() ? structure_find_plain : structure_finders()[0];
}
