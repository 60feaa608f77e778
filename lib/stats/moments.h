/*
 * lib/stats/moments.h - mean and central moments of a stream, mergeable.
 *
 * Values are taken in by chunks of a fixed number: mean and Σ(x-mean)^p of a chunk in two passes,
 * the second corrected for what the first rounded away (Chan, Golub, LeVeque 1983), then joined to
 * the whole by the formulas of Pébay, "Formulas for Robust, One-Pass Parallel Computation of
 * Covariances and Arbitrary-Order Statistical Moments", SAND2008-6212. Chunks are counted in
 * values, never in batches, so that the same values give the same bits however they arrive.
 *
 * The mean is two doubles. Joining takes the distance of two means, and what one double rounds off
 * a mean of 1e9 is 1e-7 of a deviation of 1: far more than the sums of powers have lost. The same
 * holds for parts that are merged later, so that a profile keeps both doubles on disk. Every join
 * rounds by some 2^-53 of Σ|x-mean|^p: of 10^9 values that is at most 1e-9 of it, and about 1e-13
 * where roundings do not all go the same way.
 */
#ifndef STATS_MOMENTS_H
#define STATS_MOMENTS_H
#include "base/util.h"
#include "stats/double_double.h"

/* Zeroed is the moments of nothing. */
struct moments {
    double n;
    struct double_double mean;
    double m2, m3, m4; /* m_p = Σ(x-mean)^p */
};

void moments_merge(struct moments *moments, const struct moments *other);

#define MOMENTS_CHUNK 512

/* Values that wait for their chunk to be full. Zeroed is empty. */
struct moments_chunk {
    size_t held;
    double values[MOMENTS_CHUNK];
};

/* `values` must be finite. */
void moments_add(struct moments *moments, struct moments_chunk *chunk, const double *values,
                 size_t count);
/* Take in what waits, too: to be called once, at the end. */
void moments_finish(struct moments *moments, struct moments_chunk *chunk);

#endif
