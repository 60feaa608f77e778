/*
 * lib/stats/kswin.h - KSWIN: are the newest values of a window from another distribution than a
 * sample of the older ones? (Raab, Heusinger, Schleif, "Reactive Soft Prototype Computing for
 * Concept Drift Streams", Neurocomputing 2020.) The sample is the one that CPython's
 * random.Random(seed).sample draws: Matsumoto and Nishimura's MT19937 (1998).
 */
#ifndef STATS_KSWIN_H
#define STATS_KSWIN_H
#include "base/util.h"

#define KSWIN_WINDOW 100
#define KSWIN_NEWEST 30
#define TWISTER_WORDS 624

struct twister {
    uint32_t word[TWISTER_WORDS], next;
};

struct kswin {
    struct twister random;
    uint32_t held;
    double window[KSWIN_WINDOW]; /* the oldest first */
};

void kswin_init(struct kswin *kswin, uint32_t seed);
/* Did the distribution change? */
bool kswin_update(struct kswin *kswin, double value);

#endif
