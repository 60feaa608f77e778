/* tests/unit/stats/test_product.c - products with eight columns: right, and the same bits by
 * AVX-512, by AVX2 and without them. */
#include "test.h"

#include "wide_ways.h"
#include <math.h>

#include "stats/product.c"

enum { ROWS = 19, TERMS = 21, STEP = 23 }; /* as many rows as fill no tile, two, and more */

static double numbers[ROWS * STEP * 2], columns[TERMS * LANES];

static void fill(void)
{
    uint64_t seed = 1;
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        numbers[i] = (double)(seed >> 11) / 0x1p53 - 0.5;
        columns[i % ARRAY_LENGTH(columns)] = numbers[i] * 3 + 0.1;
    }
}

static void check(const struct product_matrix *a, size_t lanes)
{
    double sums[(ROWS + 1) * LANES], expected[(ROWS + 1) * LANES];
    for (size_t i = 0; i < ARRAY_LENGTH(sums); i++)
        sums[i] = expected[i] = (double)i / 7;
    for (size_t row = 0; row < a->rows; row++)
        for (size_t term = 0; term < a->terms; term++)
            for (size_t lane = 0; lane < LANES; lane++)
                expected[row * LANES + lane] +=
                    a->numbers[row * a->row_step + term * a->term_step] *
                    columns[term * LANES + lane];
    go(lanes);
    product_add(a, columns, sums);
    assert_memory_equal(expected, sums, sizeof(sums)); /* nothing is written behind the last row */
}

static void every_sum_has_its_terms_in_their_order(void **state)
{
    fill();
    for (size_t rows = 0; rows <= ROWS; rows++)
        for (size_t terms = 0; terms <= TERMS; terms++) {
            size_t lanes = *(const size_t *)*state;
            check(&(struct product_matrix){numbers + 1, rows, terms, STEP, 1}, lanes);
            check(&(struct product_matrix){numbers + 1, rows, terms, 1, ROWS}, lanes);
        }
}

#define BY(lanes, test) cmocka_unit_test_prestate(test, &(lanes))

int main(void)
{
    static size_t one = 1, four = 4, eight = 8;
    const struct CMUnitTest tests[] = {
        BY(one, every_sum_has_its_terms_in_their_order),
        BY(four, every_sum_has_its_terms_in_their_order),
        BY(eight, every_sum_has_its_terms_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
