/* tests/unit/stats/test_wide.c - moments, hashes and counts of different values, by AVX-512, by
 * AVX2 and without them: the same bits, whatever the processor. A profile's bytes, and so a
 * bundle's id, depend on it. */
#include "test.h"

#include "wide_ways.h"
#include <math.h>

#include "stats/hash_many.c"
#include "stats/hll.c"
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
    return same(a->n, b->n) && same(a->mean.high, b->mean.high) && same(a->mean.low, b->mean.low) &&
           same(a->m2, b->m2) && same(a->m3, b->m3) && same(a->m4, b->m4);
}

/* Each test runs once for each way that is not the plain one. */
static size_t way_of(void **state)
{
    size_t lanes = *(const size_t *)*state;
    go(lanes);
    return lanes;
}

static void power_sums_are_the_same_lane_by_lane(void **state)
{
    static double values[OFFSETS + LENGTHS] __attribute__((aligned(64)));
    uint64_t seed = 1;
    size_t lanes = way_of(state);
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++)
        for (size_t offset = 0; offset < OFFSETS; offset++)
            for (size_t length = 0; length < LENGTHS; length += LANES) {
                struct powers narrow_sums = {0}, wide_sums = {0};
                const double *from = values + offset;
                fill(values, ARRAY_LENGTH(values), kind, &seed);
                double mean = length ? mean_of(from, length) : 0;
                add_narrow(from, length, mean, &narrow_sums);
                (lanes == 8 ? add_eight : add_four)(from, length, mean, &wide_sums);
                for (size_t j = 0; j < LANES; j++)
                    if (!same(narrow_sums.first[j], wide_sums.first[j]) ||
                        !same(narrow_sums.second[j], wide_sums.second[j]) ||
                        !same(narrow_sums.third[j], wide_sums.third[j]) ||
                        !same(narrow_sums.fourth[j], wide_sums.fourth[j]))
                        fail_msg("kind %zu, %zu values from %zu, lane %zu", kind, length, offset,
                                 j);
            }
}

static struct moments moments_of(size_t lanes, const double *values, size_t count)
{
    struct moments moments = {0};
    static struct moments_chunk chunk;
    chunk.held = 0;
    way = lanes;
    moments_add(&moments, &chunk, values, count);
    moments_finish(&moments, &chunk);
    return moments;
}

static void moments_are_the_same_at_every_length_and_place(void **state)
{
    static double values[OFFSETS + LENGTHS] __attribute__((aligned(64)));
    uint64_t seed = 2;
    size_t lanes = way_of(state);
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++)
        for (size_t offset = 0; offset < OFFSETS; offset++)
            for (size_t length = 0; length < LENGTHS; length++) {
                fill(values, ARRAY_LENGTH(values), kind, &seed);
                struct moments a = moments_of(1, values + offset, length),
                               b = moments_of(lanes, values + offset, length);
                if (!same_moments(&a, &b))
                    fail_msg("kind %zu, %zu values from %zu", kind, length, offset);
            }
}

static void moments_of_several_chunks_are_the_same(void **state)
{
    enum { COUNT = 3 * MOMENTS_CHUNK + 77 };
    static double values[COUNT];
    uint64_t seed = 3;
    size_t lanes = way_of(state);
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++) {
        fill(values, COUNT, kind, &seed);
        struct moments a = moments_of(1, values, COUNT), b = moments_of(lanes, values, COUNT);
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
    size_t lanes = way_of(state);
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++)
        for (size_t offset = 0; offset < OFFSETS; offset++)
            for (size_t length = 0; length < LENGTHS; length++) {
                fill(values, LENGTHS, kind, &seed);
                memcpy(bytes + offset, values, sizeof(values));
                for (size_t i = 0; i < length; i++)
                    plain_sums[i] = fast_sums[i] = seed * i;
                way = 1;
                hash_many(bytes + offset, length, plain);
                hash_sum_many(plain, length, seed | 1, plain_sums);
                way = lanes;
                hash_many(bytes + offset, length, fast);
                hash_sum_many(fast, length, seed | 1, fast_sums);
                assert_memory_equal(plain, fast, length * sizeof(*plain));
                assert_memory_equal(plain_sums, fast_sums, length * sizeof(*plain_sums));
            }
}

/* From none to two million different ones, in calls of all lengths: registers that stand high leave
 * most hashes out. */
static void registers_are_the_same(void **state)
{
    enum { CALL = 1024, CALLS = 2000 };
    static uint64_t hashes[CALL];
    uint64_t seed = 5;
    size_t lanes = way_of(state);
    struct hll *plain = hll_new(), *fast = hll_new();
    for (size_t call = 0; call < CALLS; call++) {
        size_t count = call % 7 ? CALL : call % CALL;
        for (size_t i = 0; i < count; i++) {
            seed += STATS_HASH_STEP;
            hashes[i] = stats_mix(seed);
        }
        if (call == CALLS / 2)
            hashes[3] = hashes[3] >> (64 - PRECISION) << (64 - PRECISION); /* zeros to the end */
        way = 1;
        hll_update_hashes(plain, hashes, count);
        way = lanes;
        hll_update_hashes(fast, hashes, count);
    }
    assert_true(fast->least >= WORTH); /* some were left out */
    assert_memory_equal(plain->registers, fast->registers, REGISTERS);
    hll_free(plain);
    hll_free(fast);
}

#define BY(lanes, test) cmocka_unit_test_prestate(test, &(lanes))

int main(void)
{
    static size_t four = 4, eight = 8;
    const struct CMUnitTest tests[] = {
        BY(four, power_sums_are_the_same_lane_by_lane),
        BY(eight, power_sums_are_the_same_lane_by_lane),
        BY(four, moments_are_the_same_at_every_length_and_place),
        BY(eight, moments_are_the_same_at_every_length_and_place),
        BY(four, moments_of_several_chunks_are_the_same),
        BY(eight, moments_of_several_chunks_are_the_same),
        BY(four, hashes_are_the_same_at_every_length_and_place),
        BY(eight, hashes_are_the_same_at_every_length_and_place),
        BY(four, registers_are_the_same),
        BY(eight, registers_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
