/* lib/stats/moments.c - moments by chunks. */
#include "stats/moments.h"
#include <math.h>

#define LANES                                                                                      \
    8 /* sums that run beside one another; their number and order are part of the result */
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

static struct moments chunk_moments(const double *values, size_t count)
{
    double first[LANES] = {0}, second[LANES] = {0}, third[LANES] = {0}, fourth[LANES] = {0};
    double mean = mean_of(values, count), n = (double)count;
    size_t whole = count - count % LANES;
    for (size_t lane = 0; lane < LANES; lane += TOGETHER)
        for (size_t i = lane; i < whole; i += LANES)
            for (size_t j = 0; j < TOGETHER; j++) {
                double d = values[i + j] - mean, square = d * d;
                first[lane + j] += d;
                second[lane + j] += square;
                third[lane + j] += square * d;
                fourth[lane + j] += square * square;
            }
    for (size_t j = 0; whole + j < count; j++) {
        double d = values[whole + j] - mean, square = d * d;
        first[j] += d;
        second[j] += square;
        third[j] += square * d;
        fourth[j] += square * square;
    }
    /* the mean was rounded: shift to the true one */
    double shift = total(first) / n, m2 = total(second), m3 = total(third);
    struct moments moments = {.n = n, .mean = mean + shift};
    moments.m2 = m2 - n * shift * shift;
    moments.m3 = m3 - 3 * shift * m2 + 2 * n * shift * shift * shift;
    moments.m4 = total(fourth) - 4 * shift * m3 + 6 * shift * shift * m2;
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
    double na = a->n, nb = b->n, n = na + nb, delta = b->mean - a->mean;
    double step = delta / n, square = step * delta;
    a->m4 += b->m4 + square * step * step * na * nb * (na * na - na * nb + nb * nb) +
             6 * step * step * (na * na * b->m2 + nb * nb * a->m2) +
             4 * step * (na * b->m3 - nb * a->m3);
    a->m3 += b->m3 + square * step * na * nb * (na - nb) + 3 * step * (na * b->m2 - nb * a->m2);
    a->m2 += b->m2 + square * na * nb;
    a->mean += step * nb;
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
