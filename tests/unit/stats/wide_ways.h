/*
 * tests/unit/stats/wide_ways.h - lets a test choose how many numbers are worked on at once.
 *
 * Include it, then the files under test (stats/….c): they are compiled in once more, and ask this
 * test instead of the processor.
 */
#ifndef TEST_WIDE_WAYS_H
#define TEST_WIDE_WAYS_H
#include "base/util.h"

static size_t way = 1; /* 8: AVX-512, 4: AVX2, 1: neither */

#if defined(__x86_64__)
/* Those for bytes and masks of sixteen, too. */
static inline bool processor_has_all_of_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
}

static inline bool processor_can(size_t lanes)
{
    if (lanes == 8)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    return lanes == 1 || __builtin_cpu_supports("avx2");
}
#define __builtin_cpu_supports(feature) (way == 8 || (way == 4 && str_equal(feature, "avx2")))
#else
static inline bool processor_has_all_of_avx512(void)
{
    return false;
}

static inline bool processor_can(size_t lanes)
{
    return lanes == 1;
}
#endif

/* Go that way, or skip the test. */
static inline void go(size_t lanes)
{
    if (!processor_can(lanes)) {
        print_message("this processor cannot work on %zu numbers at once\n", lanes);
        skip();
    }
    way = lanes;
}

#endif
