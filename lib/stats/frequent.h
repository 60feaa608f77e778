/*
 * lib/stats/frequent.h - which values of a stream are frequent, and how many of each came.
 *
 * Misra and Gries 1982 in the form that drops many counters at once (Anderson et al., "A
 * High-Performance Algorithm for Identifying Frequent Items in Data Streams", IMC 2017), mergeable
 * (Agarwal et al., "Mergeable Summaries", PODS 2012). At most FREQUENT_MAX values are tracked:
 * exact while no more came; afterwards a count is too low by at most `frequent_error`, and every
 * value more frequent than that is there.
 */
#ifndef STATS_FREQUENT_H
#define STATS_FREQUENT_H
#include "base/util.h"
#include "stats/wire.h"

#define FREQUENT_MAX 1024
#define FREQUENT_KEY_MAX 128 /* longer values are told apart by these bytes and a hash */

struct frequent;

struct frequent *frequent_new(void);
void frequent_free(struct frequent *sketch);
void frequent_update(struct frequent *sketch, const char *value, size_t length);
void frequent_merge(struct frequent *sketch, const struct frequent *other);
uint64_t frequent_total(const struct frequent *sketch);
uint64_t frequent_error(const struct frequent *sketch); /* 0: every count is exact */

struct frequent_item {
    const char *value; /* owned by the sketch */
    uint64_t count;
};
/* All tracked values, most frequent first, equal ones by bytes. The caller frees the array. */
struct frequent_item *frequent_items(const struct frequent *sketch, size_t *count);
uint64_t frequent_count(const struct frequent *sketch, const char *value);

void frequent_encode(const struct frequent *sketch, struct buffer *out);
/* NULL, with `wire->failed` set, where it is damaged. */
struct frequent *frequent_decode(struct wire *wire);

#endif
