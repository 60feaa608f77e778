/* lib/stats/wide.h - may eight doubles be worked on at once? */
#ifndef STATS_WIDE_H
#define STATS_WIDE_H
#include "base/util.h"

/* Has the processor AVX-512F? */
static inline bool wide_numbers(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f");
#else
    return false;
#endif
}

#endif
