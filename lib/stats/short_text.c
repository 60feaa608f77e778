/* lib/stats/short_text.c - sixteen bytes of each text, and no byte beyond its end. */
#include "stats/short_text.h"
#ifdef __x86_64__
#include <immintrin.h>
#endif

static void take_narrow(const struct text_view *texts, size_t count, struct short_text *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = texts[i].length;
        out[i] = (struct short_text){.length = length <= SHORT_TEXT_MAX ? length : 0};
        if (out[i].length > 0)
            memcpy(out[i].words, texts[i].data, out[i].length);
    }
}

#ifdef __x86_64__
static bool has_wide(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

/* Bytes that the mask leaves out are not read. */
__attribute__((target("avx512bw,avx512vl"))) static void
take_wide(const struct text_view *texts, size_t count, struct short_text *out)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t length = texts[i].length <= SHORT_TEXT_MAX ? texts[i].length : 0;
        __mmask16 mask = (__mmask16)((1U << length) - 1);
        _mm_storeu_si128((__m128i *)(void *)out[i].words,
                         _mm_maskz_loadu_epi8(mask, texts[i].data));
        out[i].length = length;
    }
}
#else
static bool has_wide(void)
{
    return false;
}

#define take_wide take_narrow
#endif

void short_texts(const struct text_view *texts, size_t count, struct short_text *out)
{
    (has_wide() ? take_wide : take_narrow)(texts, count, out);
}
