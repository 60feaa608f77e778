/* lib/stats/moments.c - moments by chunks. */
#include "stats/moments.h"
#include "stats/wide.h"
#include <math.h>

/* Sums that run beside one another; their number and order are part of the result. */
#define LANES 8
#define TOGETHER 4 /* of them that the registers hold at a time; no part of it */

static double total(const double lanes[LANES])
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static double mean_of(const double *values, size_t count)
{
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lanes[j] += values[i + j];
    for (size_t j = 0; i + j < count; j++)
        lanes[j] += values[i + j];
    return total(lanes) / (double)count;
}

/* Sums of powers of differences from the mean. */
struct powers {
    double first[LANES], second[LANES], third[LANES], fourth[LANES];
};

static void add_power(struct powers *sums, size_t lane, double difference)
{
    double square = difference * difference;
    sums->first[lane] += difference;
    sums->second[lane] += square;
    sums->third[lane] += square * difference;
    sums->fourth[lane] += square * square;
}

/* All lanes but of the last values, which are fewer than lanes. */
static void add_narrow(const double *values, size_t whole, double mean, struct powers *sums)
{
    for (size_t lane = 0; lane < LANES; lane += TOGETHER)
        for (size_t i = lane; i < whole; i += LANES)
            for (size_t j = 0; j < TOGETHER; j++)
                add_power(sums, lane + j, values[i + j] - mean);
}

/* The same sums, as many lanes as the vector has in one register. */
#define ADD(target, name, vector)                                                                  \
    target static void name(const double *values, size_t whole, double mean, struct powers *sums)  \
    {                                                                                              \
        for (size_t lane = 0; lane < LANES; lane += sizeof(vector) / sizeof(double)) {             \
            vector first = {0}, second = {0}, third = {0}, fourth = {0};                           \
            for (size_t i = lane; i < whole; i += LANES) {                                         \
                vector d;                                                                          \
                memcpy(&d, values + i, sizeof(d));                                                 \
                d -= mean;                                                                         \
                vector square = d * d;                                                             \
                first += d;                                                                        \
                second += square;                                                                  \
                third += square * d;                                                               \
                fourth += square * square;                                                         \
            }                                                                                      \
            memcpy(sums->first + lane, &first, sizeof(first));                                     \
            memcpy(sums->second + lane, &second, sizeof(second));                                  \
            memcpy(sums->third + lane, &third, sizeof(third));                                     \
            memcpy(sums->fourth + lane, &fourth, sizeof(fourth));                                  \
        }                                                                                          \
    }

#if defined(__x86_64__)
ADD(WIDE_FOUR, add_four, four_numbers)
ADD(WIDE_EIGHT, add_eight, eight_numbers)
#else
#define add_four add_narrow
#define add_eight add_narrow
#endif

static struct moments chunk_moments(const double *values, size_t count)
{
    struct powers sums = {0};
    double mean = mean_of(values, count), n = (double)count;
    size_t whole = count - count % LANES;
    WIDE_CHOOSE(add_eight, add_four, add_narrow)(values, whole, mean, &sums);
    for (size_t j = 0; whole + j < count; j++)
        add_power(&sums, j, values[whole + j] - mean);
    /* the mean was rounded: shift to the true one */
    double shift = total(sums.first) / n, m2 = total(sums.second), m3 = total(sums.third);
    struct moments moments = {.n = n, .mean = two_sum(mean, shift)};
    moments.m2 = m2 - n * shift * shift;
    moments.m3 = m3 - 3 * shift * m2 + 2 * n * shift * shift * shift;
    moments.m4 = total(sums.fourth) - 4 * shift * m3 + 6 * shift * shift * m2 -
                 3 * n * shift * shift * shift * shift;
    return moments;
}

/* Pébay 2008, equations 2.1 and 3.1 for the moments of two parts. */
void moments_merge(struct moments *a, const struct moments *b)
{
    if (b->n == 0)
        return;
    if (a->n == 0) {
        *a = *b;
        return;
    }
    double na = a->n, nb = b->n, n = na + nb, delta = double_double_distance(b->mean, a->mean);
    double step = delta / n, square = step * delta;
    a->m4 += b->m4 + square * step * step * na * nb * (na * na - na * nb + nb * nb) +
             6 * step * step * (na * na * b->m2 + nb * nb * a->m2) +
             4 * step * (na * b->m3 - nb * a->m3);
    a->m3 += b->m3 + square * step * na * nb * (na - nb) + 3 * step * (na * b->m2 - nb * a->m2);
    a->m2 += b->m2 + square * na * nb;
    a->mean = double_double_plus(a->mean, step * nb);
    a->n = n;
}

static void take_chunk(struct moments *moments, const double *values, size_t count)
{
    struct moments chunk = chunk_moments(values, count);
    moments_merge(moments, &chunk);
}

void moments_add(struct moments *moments, struct moments_chunk *chunk, const double *values,
                 size_t count)
{
    while (count > 0) {
        if (chunk->held == 0 && count >= MOMENTS_CHUNK) {
            take_chunk(moments, values, MOMENTS_CHUNK);
            values += MOMENTS_CHUNK;
            count -= MOMENTS_CHUNK;
            continue;
        }
        size_t room = MOMENTS_CHUNK - chunk->held, taken = count < room ? count : room;
        memcpy(chunk->values + chunk->held, values, taken * sizeof(*values));
        chunk->held += taken;
        values += taken;
        count -= taken;
        if (chunk->held == MOMENTS_CHUNK) {
            take_chunk(moments, chunk->values, MOMENTS_CHUNK);
            chunk->held = 0;
        }
    }
}

void moments_finish(struct moments *moments, struct moments_chunk *chunk)
{
    if (chunk->held > 0)
        take_chunk(moments, chunk->values, chunk->held);
    chunk->held = 0;
}
