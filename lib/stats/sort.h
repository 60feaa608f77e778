/*
 * lib/stats/sort.h - numbers in ascending order, in memory and at once: the few of a level of a
 * sketch. (Whole columns: stats/radix.h.)
 *
 * Up to 24 by their ranks, every pair compared once and no branch to be foreseen; up to 64 where
 * the processor compares eight at a time (AVX-512) or four (AVX2). More are parted by the median of
 * three until they are so few (quicksort), by heap after 40 times (introsort: Musser 1997). qsort
 * with its calls takes three times as long.
 */
#ifndef STATS_SORT_H
#define STATS_SORT_H
#include "base/util.h"

/* None of `items` is NaN. Which of 0 and -0 comes first is not said. */
void sort_numbers(double *items, size_t count);

#endif
