/*
 * lib/stats/kll.h - a quantile sketch: the distribution of a stream in a few kilobytes.
 *
 * KLL (Karnin, Lang, Liberty, "Optimal Quantile Approximation in Streams", FOCS 2016) with k = 512.
 * The rank of a value is right within 0.6 % of the count with 99 % confidence (the error falls as
 * 1/k; 1.33 % at k = 200 by Apache DataSketches, "KLL sketch accuracy and size"). Exact while no
 * more than k values came. The coin of the compactions is a generator with a fixed seed, so that
 * the same stream gives the same sketch everywhere.
 */
#ifndef STATS_KLL_H
#define STATS_KLL_H
#include "base/util.h"
#include "stats/wire.h"

#define KLL_K 512
#define KLL_RANK_ERROR 0.006

struct kll;

struct kll *kll_new(void);
void kll_free(struct kll *sketch);
/* `value` must not be NaN. */
void kll_update(struct kll *sketch, double value);
void kll_merge(struct kll *sketch, const struct kll *other);
uint64_t kll_count(const struct kll *sketch);

/* The sketch as sorted values with the count of all values up to and including each. The caller
 * clears it. */
struct kll_view {
    double *values;
    uint64_t *cumulative;
    size_t size;
};
void kll_view_make(const struct kll *sketch, struct kll_view *view);
void kll_view_clear(struct kll_view *view);
/* The smallest value whose share of values up to it is at least `q` (0…1); NaN without values. */
double kll_view_quantile(const struct kll_view *view, double q);
/* Share of values <= `value`. */
double kll_view_cdf(const struct kll_view *view, double value);

void kll_encode(const struct kll *sketch, struct buffer *out);
/* NULL, with `wire->failed` set, where it is damaged. */
struct kll *kll_decode(struct wire *wire);

#endif
