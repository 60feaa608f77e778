/* lib/table/short_numbers.c - short decimal numbers, exactly. */
#include "table/short_numbers.h"
#include "base/number.h"
#include "table/simd.h"
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define BYTES 16 /* of a short number, its sign apart */

static bool read_plainly(struct text_view text, double *value)
{
    size_t at = text.length > 0 && text.data[0] == '-';
    if (text.length - at > BYTES)
        return false;
    for (; at < text.length; at++)
        if (text.data[at] != '.' && (text.data[at] < '0' || text.data[at] > '9'))
            return false;
    return number_parse(text.data, text.length, value);
}

static size_t read_plain(const struct cells *cells, const struct cell *cell, size_t rows,
                         double *numbers, uint8_t *missing)
{
    size_t left = 0;
    for (size_t row = 0; row < rows; row++, cell += cells->width) {
        bool is_number = cell->at < CELL_NULL && cell->length < CELL_UNDONE &&
                         read_plainly(cell_text(cells, cell), &numbers[row]);
        missing[row] = is_number ? MISSING_NOT : SHORT_NUMBERS_LEFT;
        left += !is_number;
    }
    return left;
}

#ifdef __x86_64__
/* Digits below 10^16 and one power of ten, each exact as a double: one division then is rounded
 * once (Clinger 1990, "How to read floating point numbers accurately"). Sixteen digits may be above
 * 2^53, but leave no room for a point: the one rounding is then the digits' own. The last is for
 * numbers without one. */
static const double powers[BYTES + 1] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                         1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1};

/* Sixteen bytes of these, from the n-th on: the last n are set. */
static const uint8_t lasts[2 * BYTES] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

__attribute__((target("avx2"))) static inline __m128i load(const void *bytes)
{
    return _mm_loadu_si128(bytes);
}

/* The number whose `length` bytes, 1 to 16, end at `end`, with sixteen bytes to be read before it.
 * Digits are added up by pairs: of one, of two, of four, of eight (Lemire 2021, "Number parsing at
 * a gigabyte per second", section 5, has it for eight). */
__attribute__((target("avx2"))) static inline bool read_one(const char *end, size_t length,
                                                            uint64_t sign, double *value)
{
    const __m128i nine = _mm_set1_epi8(9);
    const __m128i ones = _mm_set1_epi16(1 << 8 | 10), pairs = _mm_set1_epi32(1 << 16 | 100);
    const __m128i fours = _mm_set1_epi32(1 << 16 | 10000);
    __m128i own = load(lasts + length), bytes = load(end - BYTES);
    __m128i is_point = _mm_and_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.')), own);
    unsigned points = (unsigned)_mm_movemask_epi8(is_point);
    unsigned behind = (unsigned)__builtin_clz(points << BYTES | 1U << (BYTES - 1));
    __m128i digits = _mm_and_si128(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), own);
    /* those before the point move up to where it stood */
    digits = _mm_blendv_epi8(_mm_slli_si128(digits, 1), digits, load(lasts + behind));
    __m128i in_range = _mm_cmpeq_epi8(_mm_max_epu8(digits, nine), nine);
    __m128i sums = _mm_madd_epi16(_mm_maddubs_epi16(digits, ones), pairs);
    sums = _mm_madd_epi16(_mm_packus_epi32(sums, sums), fours);
    uint64_t halves = (uint64_t)_mm_cvtsi128_si64(sums);
    uint64_t whole = (halves & UINT32_MAX) * 100000000 + (halves >> 32);
    double number = (double)(int64_t)whole / powers[behind];
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    bits |= sign;
    memcpy(value, &bits, sizeof(bits));
    return _mm_movemask_epi8(in_range) == 0xffff && length > (points != 0);
}

__attribute__((target("avx2"))) static size_t read_avx2(const struct cells *cells,
                                                        const struct cell *cell, size_t rows,
                                                        double *numbers, uint8_t *missing)
{
    size_t left = 0;
    for (size_t row = 0; row < rows; row++, cell += cells->width) {
        bool is_number = false;
        /* a flag, or no text, makes the end too far away; sixteen bytes before it are the text's */
        size_t end = (size_t)cell->at + cell->length;
        if (end >= BYTES && end < CELL_UNDONE && cell->length > 0) {
            bool negative = cells->text[cell->at] == '-';
            size_t length = cell->length - negative;
            if (length - 1 < BYTES)
                is_number =
                    read_one(cells->text + end, length, (uint64_t)negative << 63, &numbers[row]);
        }
        missing[row] = is_number ? MISSING_NOT : SHORT_NUMBERS_LEFT;
        left += !is_number;
    }
    return left;
}

static const short_numbers_reader all[] = {read_avx2, read_plain, NULL};
#else
static const short_numbers_reader all[] = {read_plain, NULL};
#endif

const short_numbers_reader *short_numbers_readers(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") ? all : all + 1;
#else
    return all;
#endif
}

short_numbers_reader short_numbers_choose(void)
{
    return simd_is_off() ? read_plain : short_numbers_readers()[0];
}
