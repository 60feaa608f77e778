/*
 * lib/monitor/latency.h - how long answers took: a histogram whose quantiles are within 1 % of the
 * exact ones, and which merges without loss.
 *
 * Log-linear: each power of two is cut into 64 cells of the same width, so that a cell is at most
 * 1/64 of its lower edge wide and its middle within 1/129 = 0.78 % of any value in it. The bits of a
 * double are its cell, so that no logarithm is computed (the idea of HdrHistogram; DDSketch, Masson,
 * Rim, Lee, VLDB 2019, has the guarantee with logarithms). From 2^-10 ms (about a microsecond) to
 * 2^30 ms (12 days); what lies outside is counted in the cells at the ends.
 */
#ifndef MONITOR_LATENCY_H
#define MONITOR_LATENCY_H
#include "stats/wire.h"

#define LATENCY_CELLS (40 * 64)

/* Zeroed is empty. */
struct latency {
    uint64_t count;
    double min, max; /* ms; only where there are any */
    uint32_t *cells; /* LATENCY_CELLS; NULL while empty */
};

void latency_add(struct latency *latency, double ms); /* finite, not negative */
void latency_merge(struct latency *latency, const struct latency *other);
/* The smallest value whose share of values up to it is at least `q`, within 1 %; NaN without any. */
double latency_quantile(const struct latency *latency, double q);
void latency_encode(const struct latency *latency, struct buffer *out);
void latency_decode(struct wire *wire, struct latency *latency);
void latency_clear(struct latency *latency);

#endif
