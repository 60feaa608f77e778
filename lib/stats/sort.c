/* lib/stats/sort.c - few numbers in ascending order. */
#include "stats/sort.h"
#include "stats/wide.h"
#include <math.h>

#define NARROW 24 /* so many are sorted by rank */
#define WIDE 64   /* and so many several at a time */
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

/*
 * The rank of an item: how many are less, and how many before it are equal. A comparison is -1
 * where it is true. The lanes behind the last item are infinite; nobody asks for their ranks.
 */
#define RANK(target, name, doubles, integers)                                                      \
    target static void name(double *items, size_t count)                                           \
    {                                                                                              \
        enum { WIDTH = sizeof(doubles) / sizeof(double) };                                         \
        static const int64_t places[8] = {0, 1, 2, 3, 4, 5, 6, 7};                                 \
        double sorted[WIDE], padded[WIDE + WIDTH];                                                 \
        int64_t ranks[WIDE + WIDTH];                                                               \
        integers place;                                                                            \
        memcpy(&place, places, sizeof(place));                                                     \
        memcpy(padded, items, count * sizeof(*items));                                             \
        for (size_t i = 0; i < WIDTH; i++)                                                         \
            padded[count + i] = INFINITY;                                                          \
        for (size_t at = 0; at < count; at += WIDTH) {                                             \
            size_t end = count - at < WIDTH ? count : at + WIDTH;                                  \
            doubles lanes;                                                                         \
            integers rank = {0};                                                                   \
            memcpy(&lanes, padded + at, sizeof(lanes));                                            \
            for (size_t i = 0; i < at; i++) /* all come before the lanes */                        \
                rank -= padded[i] <= lanes;                                                        \
            for (size_t i = at; i < end; i++)                                                      \
                rank -=                                                                            \
                    (padded[i] < lanes) | ((padded[i] == lanes) & ((int64_t)(i - at) < place));    \
            for (size_t i = end; i < count; i++)                                                   \
                rank -= padded[i] < lanes;                                                         \
            memcpy(ranks + at, &rank, sizeof(rank));                                               \
        }                                                                                          \
        for (size_t i = 0; i < count; i++)                                                         \
            sorted[ranks[i]] = items[i];                                                           \
        memcpy(items, sorted, count * sizeof(*items));                                             \
    }

#ifdef __x86_64__
RANK(WIDE_FOUR, rank_four, four_numbers, four_ranks)
RANK(WIDE_EIGHT, rank_eight, eight_numbers, eight_ranks)
#else
#define rank_four rank_narrow
#define rank_eight rank_narrow
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
    const size_t few = wide_lanes() > 1 ? WIDE : NARROW;
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
    WIDE_CHOOSE(rank_eight, rank_four, rank_narrow)(items, count);
}

void sort_numbers(double *items, size_t count)
{
    sort(items, count, DEPTH);
}
