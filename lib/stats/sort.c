/* lib/stats/sort.c - few numbers in ascending order. */
#include "stats/sort.h"
#include "stats/wide.h"
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define NARROW 24 /* so many are sorted by rank */
#define WIDE 64   /* and so many eight at a time */
#define LANES 8
#define DEPTH 40

static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

/* ---- by rank -------------------------------------------------------------------------------- */

static void rank_narrow(double *items, size_t count)
{
    double sorted[NARROW];
    uint8_t ranks[NARROW] = {0};
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            uint8_t after = items[j] > items[i];
            ranks[j] = (uint8_t)(ranks[j] + after);
            ranks[i] = (uint8_t)(ranks[i] + !after);
        }
    for (size_t i = 0; i < count; i++)
        sorted[ranks[i]] = items[i];
    memcpy(items, sorted, count * sizeof(*items));
}

#ifdef __x86_64__
/* The rank of an item: how many are less, and how many before it are equal. */
__attribute__((target("avx512f"))) static void rank_wide(double *items, size_t count)
{
    double sorted[WIDE];
    uint64_t ranks[WIDE];
    const __m512i one = _mm512_set1_epi64(1);
    for (size_t at = 0; at < count; at += LANES) {
        size_t lanes = count - at < LANES ? count - at : LANES;
        __m512d eight = _mm512_maskz_loadu_pd((__mmask8)(0xff >> (LANES - lanes)), items + at);
        __m512i rank = _mm512_setzero_si512();
        for (size_t i = 0; i < at; i++) { /* all come before the eight */
            __mmask8 before = _mm512_cmp_pd_mask(_mm512_set1_pd(items[i]), eight, _CMP_LE_OQ);
            rank = _mm512_mask_add_epi64(rank, before, rank, one);
        }
        for (size_t i = at; i < at + lanes; i++) {
            __m512d item = _mm512_set1_pd(items[i]);
            unsigned behind = 0xfeU << (i - at) & 0xff; /* lanes that come after it */
            __mmask8 less = _mm512_cmp_pd_mask(item, eight, _CMP_LT_OQ);
            __mmask8 equal = _mm512_mask_cmp_pd_mask((__mmask8)behind, item, eight, _CMP_EQ_OQ);
            rank = _mm512_mask_add_epi64(rank, less | equal, rank, one);
        }
        for (size_t i = at + lanes; i < count; i++) {
            __mmask8 before = _mm512_cmp_pd_mask(_mm512_set1_pd(items[i]), eight, _CMP_LT_OQ);
            rank = _mm512_mask_add_epi64(rank, before, rank, one);
        }
        _mm512_storeu_si512(ranks + at, rank);
    }
    for (size_t i = 0; i < count; i++)
        sorted[ranks[i]] = items[i];
    memcpy(items, sorted, count * sizeof(*items));
}
#else
#define rank_wide rank_narrow
#endif

/* ---- more than few -------------------------------------------------------------------------- */

static void sift(double *items, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        child += child + 1 < count && items[child + 1] > items[child];
        if (items[at] >= items[child])
            return;
        swap(&items[at], &items[child]);
    }
}

static void sort_heap(double *items, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift(items, i, count);
    while (count-- > 1) {
        swap(&items[0], &items[count]);
        sift(items, 0, count);
    }
}

/* Items that are less than the last of them (`equal`: not above it) come first, in no order; it
 * follows them. How many there are. Every item is moved, so that no branch has to be foreseen. */
static size_t partition(double *items, size_t count, bool equal)
{
    double pivot = items[count - 1];
    size_t low = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        double item = items[i];
        items[i] = items[low];
        items[low] = item;
        low += equal ? item <= pivot : item < pivot;
    }
    swap(&items[low], &items[count - 1]);
    return low;
}

static void sort(double *items, size_t count, int depth)
{
    const size_t few = wide_numbers() ? WIDE : NARROW;
    while (count > few) {
        if (depth-- == 0) {
            sort_heap(items, count);
            return;
        }
        double *middle = &items[count / 2], *last = &items[count - 1];
        if (*middle < items[0])
            swap(middle, &items[0]);
        if (*last < items[0])
            swap(last, &items[0]);
        if (*middle < *last)
            swap(last, middle);
        size_t left = partition(items, count, false), skipped = left + 1;
        if (left == 0) { /* many equal ones, perhaps: all of the least are done with */
            swap(&items[0], &items[count - 1]);
            skipped = partition(items, count, true) + 1;
        } else if (left < count - skipped) {
            sort(items, left, depth);
        } else {
            sort(items + skipped, count - skipped, depth);
            count = left;
            skipped = 0;
        }
        items += skipped;
        count -= skipped;
    }
    (few == WIDE ? rank_wide : rank_narrow)(items, count);
}

void sort_numbers(double *items, size_t count)
{
    sort(items, count, DEPTH);
}
