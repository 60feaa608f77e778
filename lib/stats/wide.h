/*
 * lib/stats/wide.h - how many numbers of 64 bits may be worked on at once?
 *
 * A loop of which the vectors are to be seen is written once, as a macro that is given its vector,
 * and made a function for each width: the same operations in the same order for every lane, so that
 * the same bits come out.
 */
#ifndef STATS_WIDE_H
#define STATS_WIDE_H
#include "base/util.h"

/* Where there are neither, what any compiler makes something of. */
typedef double two_numbers __attribute__((vector_size(2 * sizeof(double))));
typedef int64_t two_ranks __attribute__((vector_size(2 * sizeof(int64_t))));

#if defined(__x86_64__)
#define WIDE_FOUR __attribute__((target("avx2")))
#define WIDE_EIGHT __attribute__((target("avx512f,avx512dq")))

typedef double four_numbers __attribute__((vector_size(4 * sizeof(double))));
typedef double eight_numbers __attribute__((vector_size(8 * sizeof(double))));
typedef uint64_t four_words __attribute__((vector_size(4 * sizeof(uint64_t))));
typedef uint64_t eight_words __attribute__((vector_size(8 * sizeof(uint64_t))));
typedef int64_t four_ranks __attribute__((vector_size(4 * sizeof(int64_t))));
typedef int64_t eight_ranks __attribute__((vector_size(8 * sizeof(int64_t))));
#endif

/* 8 with AVX-512F and DQ, 4 with AVX2, else 1. */
static inline size_t wide_lanes(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        return 8;
    if (__builtin_cpu_supports("avx2"))
        return 4;
#endif
    return 1;
}

/* The same, but 2 instead of 1: for loops over `two_numbers`. */
static inline size_t wide_lanes_or_two(void)
{
    size_t lanes = wide_lanes();
    return lanes == 1 ? 2 : lanes;
}

/* That of three functions which works on so many. */
#define WIDE_CHOOSE(eight, four, one)                                                              \
    (wide_lanes() == 8 ? (eight) : wide_lanes() == 4 ? (four) : (one))

#endif
