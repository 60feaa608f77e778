/* lib/stats/ranking.c - scores sorted by radix, and the walk over thresholds. */
#include "stats/ranking.h"
#include "stats/sum.h"

#define DIGIT_BITS 11
#define DIGIT_VALUES (1U << DIGIT_BITS)
#define DIGITS 6       /* of 11 bits in 64 */
#define SMALL_SIZE 512 /* below this a comparison sort is faster than clearing the histograms */

/* The bits of a double order as the numbers do once those of negative ones are turned round (Herf,
 * "Radix Tricks", 2001); turned round as a whole they order by falling score. */
static uint64_t key_of(double score)
{
    uint64_t bits;
    score += 0.0; /* -0 becomes 0, which it equals */
    memcpy(&bits, &score, sizeof(bits));
    return bits >> 63 ? bits : ~bits & ~(1ULL << 63);
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static unsigned digit(uint64_t key, unsigned place)
{
    return (unsigned)(key >> (place * DIGIT_BITS)) & (DIGIT_VALUES - 1);
}

/* Least significant digit first; `spare` has room for `count` too. Digits that all keys share are
 * passed over. */
static void sort_keys(uint64_t *keys, uint64_t *spare, size_t count)
{
    if (count < SMALL_SIZE) {
        qsort(keys, count, sizeof(*keys), compare_keys);
        return;
    }
    size_t(*starts)[DIGIT_VALUES] = xcalloc(DIGITS, sizeof(*starts));
    for (size_t i = 0; i < count; i++)
        for (unsigned place = 0; place < DIGITS; place++)
            starts[place][digit(keys[i], place)]++;
    uint64_t *from = keys, *to = spare;
    for (unsigned place = 0; place < DIGITS; place++) {
        size_t *start = starts[place], before = 0;
        if (start[digit(from[0], place)] == count)
            continue;
        for (unsigned value = 0; value < DIGIT_VALUES; value++) {
            size_t here = start[value];
            start[value] = before;
            before += here;
        }
        for (size_t i = 0; i < count; i++)
            to[start[digit(from[i], place)]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, count * sizeof(*keys));
    free(starts);
}

int ranking_make(const bool *labels, const double *scores, size_t count, struct ranking *ranking,
                 struct mlops_error *err)
{
    *ranking = (struct ranking){0};
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(scores[i]))
            return mlops_fail(err, MLOPS_INVALID, "the score in row %zu is not a finite number",
                              i + 1);
        ranking->positives += labels[i];
    }
    ranking->negatives = count - ranking->positives;
    size_t larger =
        ranking->positives > ranking->negatives ? ranking->positives : ranking->negatives;
    uint64_t *spare = reallocarray(NULL, larger + 1, sizeof(*spare));
    ranking->positive = reallocarray(NULL, ranking->positives + 1, sizeof(*spare));
    ranking->negative = reallocarray(NULL, ranking->negatives + 1, sizeof(*spare));
    if (!spare || !ranking->positive || !ranking->negative) {
        free(spare);
        return mlops_fail(err, MLOPS_IO, "not enough memory to sort %zu scores", count);
    }
    uint64_t *ends[] = {ranking->negative, ranking->positive};
    for (size_t i = 0; i < count; i++)
        *ends[labels[i]]++ = key_of(scores[i]);
    sort_keys(ranking->positive, spare, ranking->positives);
    sort_keys(ranking->negative, spare, ranking->negatives);
    free(spare);
    return MLOPS_OK;
}

void ranking_clear(struct ranking *ranking)
{
    free(ranking->positive);
    free(ranking->negative);
    *ranking = (struct ranking){0};
}

/* One threshold after the other, from the highest: how many of each class lie on it. */
struct walk {
    const struct ranking *ranking;
    size_t tp, fp;             /* above it */
    size_t group_tp, group_fp; /* on it */
};

static bool walk_next(struct walk *walk)
{
    const struct ranking *ranking = walk->ranking;
    size_t p = walk->tp += walk->group_tp, n = walk->fp += walk->group_fp;
    size_t positives = ranking->positives, negatives = ranking->negatives;
    if (p == positives && n == negatives)
        return false;
    uint64_t key = n == negatives || (p < positives && ranking->positive[p] < ranking->negative[n])
                       ? ranking->positive[p]
                       : ranking->negative[n];
    while (p < positives && ranking->positive[p] == key)
        p++;
    while (n < negatives && ranking->negative[n] == key)
        n++;
    walk->group_tp = p - walk->tp;
    walk->group_fp = n - walk->fp;
    return true;
}

double ranking_auc(const struct ranking *ranking)
{
    if (ranking->positives == 0 || ranking->negatives == 0)
        return NAN;
    uint64_t doubled = 0; /* a whole number, and so exact */
    for (struct walk walk = {.ranking = ranking}; walk_next(&walk);)
        doubled += (uint64_t)walk.group_fp * (2 * walk.tp + walk.group_tp);
    return (double)doubled / 2 / ((double)ranking->positives * (double)ranking->negatives);
}

double ranking_average_precision(const struct ranking *ranking)
{
    if (ranking->positives == 0)
        return NAN;
    struct sum sum = {0};
    for (struct walk walk = {.ranking = ranking}; walk_next(&walk);) {
        double tp = (double)(walk.tp + walk.group_tp), fp = (double)(walk.fp + walk.group_fp);
        if (walk.group_tp > 0)
            sum_add(&sum, (double)walk.group_tp * (tp / (tp + fp)));
    }
    return sum_of(&sum) / (double)ranking->positives;
}
