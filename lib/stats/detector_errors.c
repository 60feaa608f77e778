/* lib/stats/detector_errors.c - Page-Hinkley, DDM, EDDM, HDDM_A, HDDM_W. */
#include "stats/detector_errors.h"
#include <math.h>

#define WARM_START 30

static void mean_update(struct running_mean *mean, double value)
{
    mean->n += 1;
    mean->mean += 1 / mean->n * (value - mean->mean);
}

enum detector_state page_hinkley_update(struct page_hinkley *state, double value)
{
    const double delta = 0.005, threshold = 50, alpha = 1 - 0.0001;
    bool first = state->mean.n == 0;

    mean_update(&state->mean, value);
    double deviation = value - state->mean.mean;
    state->rise = alpha * state->rise + deviation - delta;
    state->fall = alpha * state->fall + deviation + delta;
    if (first || state->rise < state->lowest)
        state->lowest = state->rise;
    if (first)
        state->highest = -1;
    if (state->fall > state->highest)
        state->highest = state->fall;
    bool changed = state->mean.n >= WARM_START && (state->rise - state->lowest > threshold ||
                                                   state->highest - state->fall > threshold);
    return changed ? DETECTOR_DRIFT : DETECTOR_QUIET;
}

enum detector_state ddm_update(struct ddm *state, double value)
{
    mean_update(&state->rate, value);
    double p = state->rate.mean, s = sqrt(p * (1 - p) / state->rate.n);

    if (state->rate.n <= WARM_START)
        return DETECTOR_QUIET;
    if (state->found == 0 || p + s <= state->p_min + state->s_min) {
        state->p_min = p;
        state->s_min = s;
        state->found = 1;
    }
    if (p + s > state->p_min + 3 * state->s_min)
        return DETECTOR_DRIFT;
    return p + s > state->p_min + 2 * state->s_min ? DETECTOR_WARNING : DETECTOR_QUIET;
}

/* What an error says; a right answer leaves the last word standing. */
static enum detector_state eddm_error(struct eddm *state)
{
    double distance = state->n - state->last_error, before = state->distance.mean;

    state->errors += 1;
    state->last_error = state->n;
    mean_update(&state->distance, distance);
    state->squares += (distance - before) * (distance - state->distance.mean);
    if (state->n <= WARM_START)
        return DETECTOR_QUIET;
    double variance = state->distance.n > 1 ? state->squares / (state->distance.n - 1) : 0;
    double width = state->distance.mean + 2 * sqrt(variance);
    if (width > state->widest) {
        state->widest = width;
        return state->warning != 0 ? DETECTOR_WARNING : DETECTOR_QUIET;
    }
    if (state->errors <= WARM_START)
        return DETECTOR_QUIET;
    double level = width / state->widest;
    return level < 0.9 ? DETECTOR_DRIFT : level < 0.95 ? DETECTOR_WARNING : DETECTOR_QUIET;
}

enum detector_state eddm_update(struct eddm *state, double value)
{
    state->n += 1;
    if (value != 1)
        return state->warning != 0 ? DETECTOR_WARNING : DETECTOR_QUIET;
    enum detector_state found = eddm_error(state);
    state->warning = found == DETECTOR_WARNING;
    return found;
}

#define DRIFT_CONFIDENCE 0.001
#define WARNING_CONFIDENCE 0.005

static double hoeffding(double n)
{
    return sqrt(1 / (2 * n) * log(1 / DRIFT_CONFIDENCE));
}

static bool hddm_a_rose(const struct hddm_a *state, double confidence)
{
    double n = state->all.n, cut = state->cut.n;
    if (n == cut)
        return false;
    double m = (n - cut) / cut * (1 / n);
    return state->all.mean - state->cut.mean >= sqrt(m / 2 * log(2 / confidence));
}

enum detector_state hddm_a_update(struct hddm_a *state, double value)
{
    mean_update(&state->all, value);
    if (state->cut.n == 0)
        state->cut = state->all;
    if (state->cut.mean + hoeffding(state->cut.n) >= state->all.mean + hoeffding(state->all.n))
        state->cut = state->all;
    if (hddm_a_rose(state, DRIFT_CONFIDENCE))
        return DETECTOR_DRIFT;
    return hddm_a_rose(state, WARNING_CONFIDENCE) ? DETECTOR_WARNING : DETECTOR_QUIET;
}

#define LAMBDA 0.05

static void weighted_update(struct weighted *sample, double value)
{
    double bound = sample->n == 0 ? 1 : sample->bound;

    sample->mean = sample->n == 0 ? value : LAMBDA * value + (1 - LAMBDA) * sample->mean;
    sample->bound = LAMBDA * LAMBDA + (1 - LAMBDA) * (1 - LAMBDA) * bound;
    sample->n += 1;
}

static double mcdiarmid(double bound, double confidence)
{
    return sqrt(bound * log(1 / confidence) / 2);
}

static bool hddm_w_rose(const struct hddm_w *state, double confidence)
{
    const struct weighted *before = &state->before, *after = &state->after;
    return before->n > 0 && after->n > 0 &&
           after->mean - before->mean > mcdiarmid(before->bound + after->bound, confidence);
}

enum detector_state hddm_w_update(struct hddm_w *state, double value)
{
    weighted_update(&state->all, value);
    double cut = state->all.mean + mcdiarmid(state->all.bound, DRIFT_CONFIDENCE);
    if (state->found == 0 || cut < state->cut) {
        state->cut = cut;
        state->before = state->all;
        state->after = (struct weighted){0};
        state->found = 1;
    } else {
        weighted_update(&state->after, value);
    }
    if (hddm_w_rose(state, DRIFT_CONFIDENCE))
        return DETECTOR_DRIFT;
    return hddm_w_rose(state, WARNING_CONFIDENCE) ? DETECTOR_WARNING : DETECTOR_QUIET;
}
