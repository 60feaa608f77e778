/*
 * lib/stats/kll.h - a quantile sketch: the distribution of a stream in a few kilobytes.
 *
 * KLL (Karnin, Lang, Liberty, "Optimal Quantile Approximation in Streams", FOCS 2016) with k = 512.
 * The rank of a value is right within 0.6 % of the count with 99 % confidence (the error falls as
 * 1/k; 1.33 % at k = 200 by Apache DataSketches, "KLL sketch accuracy and size"), and of all values
 * at once within 1.25 %: tests/unit/stats/test_kll_trials.c, where the worst of 1,000 trials over
 * nine kinds of order and up to a million values is 0.50 %. Exact while no more than k values came.
 * Of very long streams only one value of 2, 4, 8 … is looked at, as in section 4 of the paper: from
 * 2^17 values on one of two, from 2^18 on one of four. The coin of the compactions is a generator
 * with a fixed seed, so that the same stream gives the same sketch everywhere.
 */
#ifndef STATS_KLL_H
#define STATS_KLL_H
#include "base/util.h"
#include "stats/wire.h"

#define KLL_K 512
#define KLL_RANK_ERROR 0.006  /* of one rank, with 99 % confidence */
#define KLL_RANK_BOUND 0.0125 /* of every rank */

struct kll;

struct kll *kll_new(void);
/* One that keeps every value: memory grows with them. It cannot be merged or written. */
struct kll *kll_new_exact(void);
/* Did it leave nothing out, so that every quantile is that of the values? */
bool kll_is_exact(const struct kll *sketch);
void kll_free(struct kll *sketch);
/* `value` must not be NaN. */
void kll_update(struct kll *sketch, double value);
void kll_update_many(struct kll *sketch, const double *values, size_t count);
/* Take in a distribution that is known by rank: sorted values, each with the count of all up to it
 * and down to the one before. What it says of a rank is out by 1/k at most, beyond what `view`
 * leaves open. */
struct kll_view;
void kll_add_ranked(struct kll *sketch, const struct kll_view *view);
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

/* `compact`: whole numbers take few bytes (wire_put_number), as in profiles from format 2 on. */
void kll_encode(const struct kll *sketch, bool compact, struct buffer *out);
/* NULL, with `wire->failed` set, where it is damaged. */
struct kll *kll_decode(struct wire *wire, bool compact);

#endif
