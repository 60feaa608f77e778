/*
 * lib/stats/detector_errors.h - the detectors whose state is a few numbers; of detector.c alone.
 * Zeroed is the begin.
 */
#ifndef STATS_DETECTOR_ERRORS_H
#define STATS_DETECTOR_ERRORS_H
#include "stats/detector.h"

struct running_mean {
    double n, mean;
};

struct page_hinkley {
    struct running_mean mean;
    double rise, fall, lowest, highest;
};

struct ddm {
    struct running_mean rate;
    double p_min, s_min; /* where their sum was least */
    double found, warning;
};

struct eddm {
    struct running_mean distance; /* between errors */
    double squares, n, errors, last_error, widest, warning;
};

struct hddm_a {
    struct running_mean all, cut;
};

/* An exponentially weighted mean, and what of McDiarmid's bound depends on its weights. */
struct weighted {
    double n, mean, bound;
};
struct hddm_w {
    struct weighted all, before, after;
    double cut, found;
};

enum detector_state page_hinkley_update(struct page_hinkley *state, double value);
enum detector_state ddm_update(struct ddm *state, double value);
enum detector_state eddm_update(struct eddm *state, double value);
enum detector_state hddm_a_update(struct hddm_a *state, double value);
enum detector_state hddm_w_update(struct hddm_w *state, double value);

#endif
