/* tests/unit/stats/test_wide_order.c - few numbers sorted, and their range, by AVX-512, by AVX2
 * and without them: as qsort has them. */
#include "test.h"

#include "wide_ways.h"
#include <math.h>

#include "stats/range.c"
#include "stats/sort.c"

#define MOST 300
#define OFFSETS 8

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Kinds: 0 all different, 1 few values, 2 all alike, 3 ascending, 4 descending, 5 with infinite
 * ones, 6 two runs, 7 the tiniest. */
static double value_of(size_t kind, size_t i, size_t count, uint64_t random)
{
    const double few[] = {-1, 0, 2, 2.5};
    switch (kind) {
    case 0:
        return (double)(random >> 11) / 0x1p52 - 1;
    case 1:
        return few[random >> 62];
    case 2:
        return 7;
    case 3:
        return (double)i;
    case 4:
        return -(double)i;
    case 5:
        return random >> 62 == 0 ? INFINITY : random >> 62 == 1 ? -INFINITY : (double)i;
    case 6:
        return (double)(i % (count / 2 + 1));
    default:
        return (double)(random >> 61) * 5e-324;
    }
}
#define KINDS 8

static void fill(double *values, size_t count, size_t kind, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++) {
        *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
        values[i] = value_of(kind, i, count, *seed);
    }
}

static void check(size_t count, size_t kind, size_t offset, uint64_t *seed)
{
    double given[MOST + 1], expected[MOST], sorted[MOST + OFFSETS + 1];
    fill(given, count, kind, seed);
    memcpy(expected, given, count * sizeof(double));
    qsort(expected, count, sizeof(double), ascending);
    memcpy(sorted + offset, given, count * sizeof(double));
    sorted[offset + count] = 4711; /* nobody's */
    sort_numbers(sorted + offset, count);
    assert_memory_equal(sorted + offset, expected, count * sizeof(double));
    assert_true(sorted[offset + count] == 4711);
    double least, largest;
    range_of(given, count, &least, &largest);
    assert_true(least == (count ? expected[0] : INFINITY));
    assert_true(largest == (count ? expected[count - 1] : -INFINITY));
}

static void in_order(void **state)
{
    uint64_t seed = 5;
    go(*(const size_t *)*state);
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t count = 0; count <= MOST; count += count < 140 ? 1 : 53)
            check(count, kind, count % OFFSETS, &seed);
}

int main(void)
{
    static size_t ways[] = {1, 4, 8};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(in_order, &ways[0]),
                                       cmocka_unit_test_prestate(in_order, &ways[1]),
                                       cmocka_unit_test_prestate(in_order, &ways[2])};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
