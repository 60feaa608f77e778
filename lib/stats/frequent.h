/*
 * lib/stats/frequent.h - which values of a stream are frequent, and how many of each came.
 *
 * Misra and Gries 1982 in the form that drops many counters at once (Anderson et al., "A
 * High-Performance Algorithm for Identifying Frequent Items in Data Streams", IMC 2017), mergeable
 * (Agarwal et al., "Mergeable Summaries", PODS 2012). At most a given number of values is tracked:
 * exact while no more came; afterwards a count is too low by at most `frequent_error`, and every
 * value more frequent than that is there.
 */
#ifndef STATS_FREQUENT_H
#define STATS_FREQUENT_H
#include "base/util.h"
#include "stats/wire.h"

#define FREQUENT_MAX 1024    /* values tracked, of texts */
#define FREQUENT_ALL 65000   /* values tracked where all are wanted */
#define FREQUENT_KEY_MAX 128 /* longer texts are told apart by these bytes and a hash */

struct frequent;

struct frequent *frequent_new(void); /* of texts, FREQUENT_MAX of them */
/* Of other things, `limit` of them: a multiple of 4, at most FREQUENT_MAX. */
struct frequent *frequent_new_limited(size_t limit);
/* Of texts, as many as come, up to FREQUENT_ALL. It cannot be merged or written. */
struct frequent *frequent_new_exact(void);
void frequent_free(struct frequent *sketch);
void frequent_update(struct frequent *sketch, const char *value, size_t length);
/* The same where the caller knows stats_hash(value, length). The number of its counter, valid until
 * counters are dropped; FREQUENT_NO_COUNTER where it is gone again, or the text too long. */
#define FREQUENT_NO_COUNTER UINT32_MAX
uint32_t frequent_update_hashed(struct frequent *sketch, const char *value, size_t length,
                                uint64_t hash);
/* May frequent_update_hashed of this drop counters? */
bool frequent_may_drop(const struct frequent *sketch, const char *value, size_t length,
                       uint64_t hash);
/* The text of a counter came so many times more. */
void frequent_count_more(struct frequent *sketch, uint32_t counter, uint64_t times);
/* A short text that came so many times, at once. */
void frequent_update_times(struct frequent *sketch, const char *value, uint64_t times);
/* A number: its key is the eight bytes of the double. Not to be mixed with texts. */
void frequent_update_number(struct frequent *sketch, double value, uint64_t hash);
void frequent_update_numbers(struct frequent *sketch, const double *values, const uint64_t *hashes,
                             size_t count);
/* A text, however long, or a number that came so many times. */
void frequent_put(struct frequent *sketch, const char *value, size_t length, uint64_t times);
void frequent_put_number(struct frequent *sketch, double value, uint64_t times);
/* `count` more came that are not named, none of the values among them more than `most` times. */
void frequent_leave_out(struct frequent *sketch, uint64_t count, uint64_t most);
void frequent_merge(struct frequent *sketch, const struct frequent *other);
uint64_t frequent_total(const struct frequent *sketch);
uint64_t frequent_error(const struct frequent *sketch); /* 0: every count is exact */

struct frequent_item {
    const char *value; /* owned by the sketch, terminated; the eight bytes of a number */
    uint64_t count;
    uint32_t length; /* of `value` */
};
/* All tracked values, most frequent first, equal ones by bytes. The caller frees the array. */
struct frequent_item *frequent_items(const struct frequent *sketch, size_t *count);
uint64_t frequent_count(const struct frequent *sketch, const char *value);
double frequent_number(const struct frequent_item *item);

void frequent_encode(const struct frequent *sketch, struct buffer *out);
/* NULL, with `wire->failed` set, where it is damaged. */
struct frequent *frequent_decode(struct wire *wire);
struct frequent *frequent_decode_limited(struct wire *wire, size_t limit);
struct frequent *frequent_decode_numbers(struct wire *wire, size_t limit);

#endif
