/* tests/unit/stats/test_wide.c - moments and hashes of many values, by AVX-512 and without it: the
 * same bits, whatever the processor. A profile's bytes, and so a bundle's id, depend on it. */
#include "test.h"

#include "base/util.h"
#include "stats/hll.h"
#include <math.h>
#include <stdio.h>

/* The two files are compiled in once more, so that this test chooses the way that they go. */
static bool wide;
#if defined(__x86_64__)
static bool processor_has_it(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}
#define __builtin_cpu_supports(feature) wide
#else
static bool processor_has_it(void)
{
    return false;
}
#endif
#include "stats/hash_many.c"
#include "stats/moments.c"

#define LENGTHS 71 /* 0 to 70: whole vectors, the last values behind them, and neither */
#define OFFSETS 8  /* places of eight bytes within the 64 of a vector */

/* Values of one kind, or of several in turn. */
static const double kinds[][8] = {
    {1, 2.5, -3, 1e3, 0.1, -0.7, 42, 1e-3},
    {1e15 + 1, 1e15 - 1, 1e15 + 3, 1e15, 1e15 + 7, 1e15 - 9, 1e15 + 2,
     1e15 + 5},                                                             /* mean ≫ spread */
    {1.7e308, -1.7e308, 1.7e308, 1.7e308, -1e308, 1e308, 1.7e308, 1.7e308}, /* sums overflow */
    {1e100, -1e100, 3e99, 1e98, -2e99, 7e100, 1e100, 1e100},                /* powers overflow */
    {2.2250738585072014e-308, 3e-308, -2.3e-308, 1e-307, 5e-308, 4e-308, -6e-308, 9e-308},
    {5e-324, 1e-320, -3e-310, 2e-308, 0, 5e-324, -5e-324, 1e-315}, /* subnormal */
    {0.0, -0.0, -0.0, 0.0, -0.0, 0.0, -0.0, -0.0},
    {1e300, 1e-300, -1e300, 5e-324, 0, 1, -1e-300, 1e308},
    {INFINITY, 1, 2, 3, 4, 5, 6, 7}, /* callers keep these and the next away */
    {-INFINITY, INFINITY, 2, 3, 4, 5, 6, 7},
    {NAN, 1, 2, INFINITY, 4, 5, 6, 7},
};

static void fill(double *values, size_t count, size_t kind, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++) {
        *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
        values[i] = kinds[kind][(*seed >> 33) % ARRAY_LENGTH(kinds[kind])];
    }
}

/* The same bits, or both no number: of which NaN it is the order of operands decides. */
static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

static bool same_moments(const struct moments *a, const struct moments *b)
{
    return same(a->n, b->n) && same(a->mean, b->mean) && same(a->m2, b->m2) && same(a->m3, b->m3) &&
           same(a->m4, b->m4);
}

static void power_sums_are_the_same_lane_by_lane(void **state)
{
    static double values[OFFSETS + LENGTHS] __attribute__((aligned(64)));
    uint64_t seed = 1;
    (void)state;
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++)
        for (size_t offset = 0; offset < OFFSETS; offset++)
            for (size_t length = 0; length < LENGTHS; length += LANES) {
                struct powers narrow_sums = {0}, wide_sums = {0};
                const double *from = values + offset;
                fill(values, ARRAY_LENGTH(values), kind, &seed);
                double mean = length ? mean_of(from, length) : 0;
                add_narrow(from, length, mean, &narrow_sums);
                add_wide(from, length, mean, &wide_sums);
                for (size_t j = 0; j < LANES; j++)
                    if (!same(narrow_sums.first[j], wide_sums.first[j]) ||
                        !same(narrow_sums.second[j], wide_sums.second[j]) ||
                        !same(narrow_sums.third[j], wide_sums.third[j]) ||
                        !same(narrow_sums.fourth[j], wide_sums.fourth[j]))
                        fail_msg("kind %zu, %zu values from %zu, lane %zu", kind, length, offset,
                                 j);
            }
}

static struct moments moments_of(bool by_wide, const double *values, size_t count)
{
    struct moments moments = {0};
    static struct moments_chunk chunk;
    chunk.held = 0;
    wide = by_wide;
    moments_add(&moments, &chunk, values, count);
    moments_finish(&moments, &chunk);
    return moments;
}

static void moments_are_the_same_at_every_length_and_place(void **state)
{
    static double values[OFFSETS + LENGTHS] __attribute__((aligned(64)));
    uint64_t seed = 2;
    (void)state;
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++)
        for (size_t offset = 0; offset < OFFSETS; offset++)
            for (size_t length = 0; length < LENGTHS; length++) {
                fill(values, ARRAY_LENGTH(values), kind, &seed);
                struct moments a = moments_of(false, values + offset, length),
                               b = moments_of(true, values + offset, length);
                if (!same_moments(&a, &b))
                    fail_msg("kind %zu, %zu values from %zu", kind, length, offset);
            }
}

static void moments_of_several_chunks_are_the_same(void **state)
{
    enum { COUNT = 3 * MOMENTS_CHUNK + 77 };
    static double values[COUNT];
    uint64_t seed = 3;
    (void)state;
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++) {
        fill(values, COUNT, kind, &seed);
        struct moments a = moments_of(false, values, COUNT), b = moments_of(true, values, COUNT);
        if (!same_moments(&a, &b))
            fail_msg("kind %zu", kind);
    }
}

/* Bytes that are nobody's doubles are hashed as well: at odd addresses, too. */
static void hashes_are_the_same_at_every_length_and_place(void **state)
{
    static double values[LENGTHS];
    uint8_t bytes[LENGTHS * sizeof(double) + OFFSETS];
    uint64_t seed = 4, plain[LENGTHS], fast[LENGTHS], plain_sums[LENGTHS], fast_sums[LENGTHS];
    (void)state;
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++)
        for (size_t offset = 0; offset < OFFSETS; offset++)
            for (size_t length = 0; length < LENGTHS; length++) {
                fill(values, LENGTHS, kind, &seed);
                memcpy(bytes + offset, values, sizeof(values));
                for (size_t i = 0; i < length; i++)
                    plain_sums[i] = fast_sums[i] = seed * i;
                wide = false;
                hash_many(bytes + offset, length, plain);
                hash_sum_many(plain, length, seed | 1, plain_sums);
                wide = true;
                hash_many(bytes + offset, length, fast);
                hash_sum_many(fast, length, seed | 1, fast_sums);
                assert_memory_equal(plain, fast, length * sizeof(*plain));
                assert_memory_equal(plain_sums, fast_sums, length * sizeof(*plain_sums));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_sums_are_the_same_lane_by_lane),
        cmocka_unit_test(moments_are_the_same_at_every_length_and_place),
        cmocka_unit_test(moments_of_several_chunks_are_the_same),
        cmocka_unit_test(hashes_are_the_same_at_every_length_and_place),
    };
    if (!processor_has_it()) {
        puts("skipped: this processor has no AVX-512, so there is one way alone");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
