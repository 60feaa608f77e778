/* tests/unit/stats/test_moments.c - moments against exact arithmetic, means far from 0, too. */
#include "test.h"

#include "stats/moments.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

__extension__ typedef __int128 exact;

#define COUNT 20000
#define BOUND 1e-12 /* 1e-9 is what docs/profile.md says */

/* Values are `base` + k `unit`, exactly, with whole k, skewed, of a deviation of some 1. */
static const struct series {
    double base, unit;
} series[] = {{0, 0x1p-10}, {-1e9, 0x1p-10}, {1e9, 0x1p-10}, {1e12, 0x1p-10}, {1e15, 0.125}};

static long whole[COUNT];
static double values[COUNT];

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void make(const struct series *from, bool sorted)
{
    uint64_t seed = 7;
    for (size_t i = 0; i < COUNT; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        double uniform = ((double)(seed >> 11) + 0.5) * 0x1p-53;
        whole[i] = lround(-log(uniform) / from->unit);
        values[i] = from->base + (double)whole[i] * from->unit;
        assert_true(values[i] - from->base == (double)whole[i] * from->unit);
    }
    if (sorted)
        qsort(values, COUNT, sizeof(*values), by_size);
}

static void near(double expected, double value, const char *what, double base, size_t cut)
{
    if (!(fabs(value / expected - 1) <= BOUND))
        fail_msg("%s about %g, cut at %zu: %.17g expected, %.17g found", what, base, cut, expected,
                 value);
}

/* The same sums for all orders of the values: n^(p-1) m_p out of whole numbers, by the binomial. */
static void check(const struct moments *found, const struct series *from, size_t cut)
{
    exact n = COUNT, s1 = 0, s2 = 0, s3 = 0, s4 = 0;
    for (size_t i = 0; i < COUNT; i++) {
        exact k = whole[i];
        s1 += k;
        s2 += k * k;
        s3 += k * k * k;
        s4 += k * k * k * k;
    }
    double count = COUNT, unit = from->unit;
    double m2 = (double)(n * s2 - s1 * s1) / count * unit * unit;
    double m3 = (double)(n * n * s3 - 3 * n * s1 * s2 + 2 * s1 * s1 * s1) / count / count * unit *
                unit * unit;
    double m4 = (double)(n * n * n * s4 - 4 * n * n * s1 * s3 + 6 * n * s1 * s1 * s2 -
                         3 * s1 * s1 * s1 * s1) /
                count / count / count * unit * unit * unit * unit;
    assert_true(found->n == count);
    assert_true(found->mean.high + found->mean.low == found->mean.high);
    near((double)s1 / count * unit, (found->mean.high - from->base) + found->mean.low, "mean",
         from->base, cut);
    near(m2, found->m2, "m2", from->base, cut);
    near(m3, found->m3, "m3", from->base, cut);
    near(m4, found->m4, "m4", from->base, cut);
}

static struct moments moments_of(const double *from, size_t count)
{
    struct moments moments = {0};
    struct moments_chunk chunk = {0};
    moments_add(&moments, &chunk, from, count);
    moments_finish(&moments, &chunk);
    return moments;
}

static void moments_are_exact_however_far_the_mean_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(series); i++)
        for (int sorted = 0; sorted < 2; sorted++) {
            make(&series[i], sorted);
            struct moments moments = moments_of(values, COUNT);
            check(&moments, &series[i], 0);
        }
}

static void parts_merge_to_the_moments_of_the_whole(void **state)
{
    (void)state;
    static const size_t cuts[] = {0, 1, 7, 511, 512, 9999, COUNT - 1, COUNT};
    for (size_t i = 0; i < ARRAY_LENGTH(series); i++)
        for (int sorted = 0; sorted < 2; sorted++) {
            make(&series[i], sorted);
            for (size_t j = 0; j < ARRAY_LENGTH(cuts); j++) {
                struct moments first = moments_of(values, cuts[j]);
                struct moments second = moments_of(values + cuts[j], COUNT - cuts[j]);
                moments_merge(&second, &first);
                check(&second, &series[i], cuts[j]);
            }
        }
}

/* One value each: nothing but joins. */
static void as_many_parts_as_values_merge_to_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(series); i++)
        for (int sorted = 0; sorted < 2; sorted++) {
            make(&series[i], sorted);
            struct moments all = {0};
            for (size_t j = 0; j < COUNT; j++) {
                struct moments one = moments_of(values + j, 1);
                moments_merge(&all, &one);
            }
            check(&all, &series[i], 1);
        }
}

static void equal_values_have_no_deviation(void **state)
{
    (void)state;
    static const double same[] = {0.1, -1e9 / 3, 1e15 + 0.125, 5e-324, 1e80};
    for (size_t i = 0; i < ARRAY_LENGTH(same); i++) {
        for (size_t j = 0; j < COUNT; j++)
            values[j] = same[i];
        struct moments moments = moments_of(values, COUNT - 77), others = moments_of(values, 77);
        moments_merge(&moments, &others);
        assert_true(moments.mean.high == same[i] && moments.mean.low == 0);
        assert_true(moments.m2 == 0 && moments.m3 == 0 && moments.m4 == 0);
    }
}

static void what_an_addition_rounds_away_is_kept(void **state)
{
    (void)state;
    static const double pairs[][2] = {{1, 0x1p-60},  {0x1p-60, -1},    {1e16, 1},
                                      {0.1, 0.2},    {1e300, -1e-300}, {DBL_MAX, DBL_MAX / 4},
                                      {-5e-324, 1e9}};
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        double a = pairs[i][0], b = pairs[i][1];
        struct double_double sum = two_sum(a, b);
        assert_true(sum.high == a + b);
        assert_true(!isfinite(sum.high) || sum.high + sum.low == sum.high);
        /* what is left when the larger is taken off is the smaller */
        double larger = fabs(a) > fabs(b) ? a : b, smaller = fabs(a) > fabs(b) ? b : a;
        if (isfinite(sum.high))
            assert_true((sum.high - larger) + sum.low == smaller);
    }
    struct double_double far = {1e15, 0x1p-10}, near_it = {1e15, -0x1p-12};
    assert_true(double_double_distance(far, near_it) == 0x1p-10 + 0x1p-12);
    assert_true(double_double_plus(far, -1e15).high == 0x1p-10);
    assert_true(two_sum(DBL_MAX, DBL_MAX).low == 0 && two_sum(INFINITY, 1).low == 0);
    assert_true(two_sum(INFINITY, -INFINITY).low == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_exact_however_far_the_mean_is),
        cmocka_unit_test(parts_merge_to_the_moments_of_the_whole),
        cmocka_unit_test(as_many_parts_as_values_merge_to_the_whole),
        cmocka_unit_test(equal_values_have_no_deviation),
        cmocka_unit_test(what_an_addition_rounds_away_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
