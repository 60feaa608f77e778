/*
 * lib/stats/shift.h - have errors become more frequent? The likelihood ratio of "the last w events
 * have a rate of their own" against "one rate throughout", for windows w of 8 to 16,384 events,
 * each against all that came before it (a scan by generalised likelihood ratio: Lai, "Sequential
 * changepoint detection in quality control and dynamical systems", JRSS B 57, 1995). Nothing need
 * be known of the rate before; increases alone count.
 *
 * The ratio's logarithm is held against one limit for all windows, so chosen that a stream whose
 * rate does not change gives about one false alarm in a million events, whatever its rate
 * (tests/bench/monitor/replay says how many there were).
 */
#ifndef STATS_SHIFT_H
#define STATS_SHIFT_H
#include "base/util.h"

#define SHIFT_SCALES 23
#define SHIFT_LONGEST 16384 /* events of the longest window */

/* Zeroed is the begin. */
struct shift {
    uint64_t events, errors; /* all since the begin */
    uint64_t
        recent[SHIFT_LONGEST / 64]; /* the last of them, a bit each: event n at n mod LONGEST */
    uint32_t counts[SHIFT_SCALES];  /* errors in each window */
};

/* `value`: 0 right, else wrong. True: they have. */
bool shift_update(struct shift *shift, double value);

#endif
