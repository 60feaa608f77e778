/* lib/stats/range.c - ranges of several lanes, which do not wait for one another. */
#include "stats/range.h"
#include "stats/wide.h"
#include <math.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define LANES 8

static size_t range_narrow(const double *values, size_t count, double *low, double *high)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            double value = values[i + j];
            low[j] = value < low[j] ? value : low[j];
            high[j] = value > high[j] ? value : high[j];
        }
    return i;
}

#ifdef __x86_64__
WIDE_FOUR static size_t range_four(const double *values, size_t count, double *low, double *high)
{
    __m256d least = _mm256_loadu_pd(low), least_above = _mm256_loadu_pd(low + 4);
    __m256d largest = _mm256_loadu_pd(high), largest_above = _mm256_loadu_pd(high + 4);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        __m256d four = _mm256_loadu_pd(values + i), above = _mm256_loadu_pd(values + i + 4);
        least = _mm256_min_pd(least, four);
        least_above = _mm256_min_pd(least_above, above);
        largest = _mm256_max_pd(largest, four);
        largest_above = _mm256_max_pd(largest_above, above);
    }
    _mm256_storeu_pd(low, least);
    _mm256_storeu_pd(low + 4, least_above);
    _mm256_storeu_pd(high, largest);
    _mm256_storeu_pd(high + 4, largest_above);
    return i;
}

WIDE_EIGHT static size_t range_eight(const double *values, size_t count, double *low, double *high)
{
    __m512d least = _mm512_loadu_pd(low), largest = _mm512_loadu_pd(high);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        __m512d eight = _mm512_loadu_pd(values + i);
        least = _mm512_min_pd(least, eight);
        largest = _mm512_max_pd(largest, eight);
    }
    _mm512_storeu_pd(low, least);
    _mm512_storeu_pd(high, largest);
    return i;
}
#else
#define range_four range_narrow
#define range_eight range_narrow
#endif

void range_of(const double *values, size_t count, double *least, double *largest)
{
    double low[LANES], high[LANES];
    for (size_t j = 0; j < LANES; j++) {
        low[j] = INFINITY;
        high[j] = -INFINITY;
    }
    size_t i = WIDE_CHOOSE(range_eight, range_four, range_narrow)(values, count, low, high);
    *least = INFINITY;
    *largest = -INFINITY;
    for (size_t j = 0; j < LANES; j++) {
        *least = low[j] < *least ? low[j] : *least;
        *largest = high[j] > *largest ? high[j] : *largest;
    }
    for (; i < count; i++) {
        *least = values[i] < *least ? values[i] : *least;
        *largest = values[i] > *largest ? values[i] : *largest;
    }
}
