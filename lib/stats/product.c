/* lib/stats/product.c - sums in registers, of eight rows at a time. */
#include "stats/product.h"
#include "stats/wide.h"

#define LANES PRODUCT_LANES
#define HEIGHT 8 /* rows whose sums the registers hold */

/* Behind the last row it is summed again, and not kept. */
#define ADD(target, name, vector)                                                                  \
    target static void name(const struct product_matrix *a, const double *restrict b,              \
                            double *restrict sums, size_t first, size_t lane)                      \
    {                                                                                              \
        const double *rows[HEIGHT];                                                                \
        size_t left = a->rows - first, height = left < HEIGHT ? left : HEIGHT;                     \
        vector sum[HEIGHT];                                                                        \
        for (size_t i = 0; i < HEIGHT; i++) {                                                      \
            size_t row = first + (i < height ? i : height - 1);                                    \
            rows[i] = a->numbers + row * a->row_step;                                              \
            memcpy(&sum[i], sums + row * LANES + lane, sizeof(vector));                            \
        }                                                                                          \
        for (size_t term = 0; term < a->terms; term++) {                                           \
            vector factor;                                                                         \
            memcpy(&factor, b + term * LANES + lane, sizeof(factor));                              \
            for (size_t i = 0; i < HEIGHT; i++)                                                    \
                sum[i] += rows[i][term * a->term_step] * factor;                                   \
        }                                                                                          \
        for (size_t i = 0; i < height; i++)                                                        \
            memcpy(sums + (first + i) * LANES + lane, &sum[i], sizeof(vector));                    \
    }

#if defined(__x86_64__)
ADD(WIDE_FOUR, add_four, four_numbers)
ADD(WIDE_EIGHT, add_eight, eight_numbers)
#else
#define add_four add_two
#define add_eight add_two
#endif
ADD(, add_two, two_numbers)

void product_add(const struct product_matrix *a, const double *restrict b, double *restrict sums)
{
    size_t lanes = wide_lanes_or_two();
    for (size_t first = 0; first < a->rows; first += HEIGHT)
        for (size_t lane = 0; lane < LANES; lane += lanes)
            WIDE_CHOOSE(add_eight, add_four, add_two)(a, b, sums, first, lane);
}
