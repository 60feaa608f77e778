/* tests/unit/drift/test_calibrate.c - max |F - G| of eight draws: right, and the same bits by
 * AVX-512, by AVX2 and without them. */
#include "test.h"

#include "../stats/wide_ways.h"

#include "drift/calibrate.c"

enum { ROWS = 301 };

static double drawn[2][ROWS * LANES];
static size_t rows[ROWS], groups[ROWS];

/* Rows in some order, every few of one value; of the last draw there is nothing in one table. */
static void fill(double n[LANES], double m[LANES])
{
    uint64_t seed = 1;
    memset(n, 0, LANES * sizeof(*n));
    memset(m, 0, LANES * sizeof(*m));
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = i * 7 % ROWS;
        groups[i] = i == 0 ? 0 : groups[i - 1] + (i % 3 > 0);
        for (size_t lane = 0; lane < LANES; lane++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            n[lane] += drawn[0][i * LANES + lane] = (double)(seed >> 62);
            m[lane] += drawn[1][i * LANES + lane] =
                lane + 1 < LANES ? (double)((seed >> 32) & 1) : 0;
        }
    }
}

static double expected(size_t lane, double n, double m)
{
    double f = 0, g = 0, largest = 0;
    for (size_t i = 0; i < ROWS; i++) {
        f += drawn[0][rows[i] * LANES + lane];
        g += drawn[1][rows[i] * LANES + lane];
        if (i + 1 == ROWS || groups[i + 1] != groups[i])
            largest = fmax(largest, fabs(f * (1 / n) - g * (1 / m)));
    }
    return largest;
}

static void gaps_are_the_largest_of_each_draw(void **state)
{
    struct column_plan plan = {.count = ROWS, .rows = rows, .groups = groups};
    struct counts counts = {.reference = drawn[0], .current = drawn[1]};
    double n[LANES], m[LANES], found[LANES];
    fill(n, m);
    go(*(const size_t *)*state);
    ks_lanes(&plan, &counts, n, m, found);
    for (size_t lane = 0; lane + 1 < LANES; lane++)
        assert_true(found[lane] > 0 && found[lane] == expected(lane, n[lane], m[lane]));
    assert_true(found[LANES - 1] == 0);
}

#define BY(lanes, test) cmocka_unit_test_prestate(test, &(lanes))

int main(void)
{
    static size_t one = 1, four = 4, eight = 8;
    const struct CMUnitTest tests[] = {
        BY(one, gaps_are_the_largest_of_each_draw),
        BY(four, gaps_are_the_largest_of_each_draw),
        BY(eight, gaps_are_the_largest_of_each_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
