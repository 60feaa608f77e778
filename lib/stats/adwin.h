/*
 * lib/stats/adwin.h - ADWIN: a window that grows while its mean stands and drops its old end when
 * not (Bifet, Gavaldà, "Learning from Time-Changing Data with Adaptive Windowing", SDM 2007), kept
 * as an exponential histogram with variances (Babcock, Datar, Motwani, O'Callaghan, PODS 2003).
 */
#ifndef STATS_ADWIN_H
#define STATS_ADWIN_H
#include "base/util.h"

#define ADWIN_BUCKETS 5 /* of one size, before two become one of the next */
#define ADWIN_ROWS 60   /* sizes 1, 2, 4 … */

/* Buckets of 2^row values each, the oldest first. */
struct adwin_row {
    uint32_t count;
    double total[ADWIN_BUCKETS + 1], variance[ADWIN_BUCKETS + 1];
};

/* Zeroed is empty. */
struct adwin {
    uint64_t ticks;
    double width, total, variance; /* variance: sum of squares about the mean */
    uint32_t rows;
    struct adwin_row row[ADWIN_ROWS];
};

/* Did the mean change? Looked at every 32 values. */
bool adwin_update(struct adwin *adwin, double value);

#endif
