/* tests/unit/stats/test_kll_trials.c - the error that lib/stats/kll.h states holds in 1,000 of
 * 1,000 trials, whatever the order in which values come: sorted, reversed, from both ends, from the
 * middle, in strides as long as a buffer, shuffled, with heavy ties, and merged from parts that are
 * shuffled, or sorted and do not overlap. */
#include "test.h"

#include "stats/kll.h"
#include <math.h>

#define TRIALS 1000
#define COUNT_MAX 40000
#define SAMPLED_MIN (1 << 17) /* from here on only one of a group is looked at */
#define SAMPLED_MAX (1 << 20)
#define SAMPLED_EACH 5 /* trials: one of them is of so many values */
#define PARTS 7

enum order {
    SORTED,
    REVERSED,
    ENDS,
    MIDDLE,
    STRIDES,
    SHUFFLED,
    TIES,
    MERGED,
    MERGED_SORTED,
    ORDERS
};

static uint64_t next(uint64_t *state)
{
    /* xorshift64* (Vigna 2016) */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

/* What fills a buffer is spread over all ranks, or the same ranks come again and again. */
static void fill_strides(double *values, size_t count)
{
    for (size_t at = 0, first = 0; first < KLL_K; first++)
        for (size_t value = first; value < count; value += KLL_K)
            values[at++] = (double)value;
}

/* Values 0 to count - 1 in the order, so that a value's rank is known; ties: many of few. */
static void fill(double *values, size_t count, enum order order, uint64_t *state)
{
    for (size_t i = 0; i < count; i++) {
        size_t turn = order == MIDDLE ? count - 1 - i : i;
        size_t from_ends = turn % 2 ? count - 1 - turn / 2 : turn / 2;
        values[i] = (double)(order == REVERSED                  ? count - 1 - i
                             : order == ENDS || order == MIDDLE ? from_ends
                                                                : i);
        if (order == TIES) /* half of them are one value, a quarter the next, and so on */
            values[i] = (double)(__builtin_clzll(next(state) | 1));
    }
    if (order == STRIDES)
        fill_strides(values, count);
    for (size_t i = count - 1; (order == SHUFFLED || order == MERGED) && i > 0; i--) {
        size_t j = (size_t)(next(state) % (i + 1));
        double held = values[i];
        values[i] = values[j];
        values[j] = held;
    }
}

/* The largest error of the rank of any of some 500 values, which are whole numbers below `count`. */
static double worst_error(const struct kll *sketch, const double *values, size_t count)
{
    struct kll_view view;
    size_t *times = xcalloc(count, sizeof(*times)), rank = 0, asked = 0;
    double worst = 0;
    kll_view_make(sketch, &view);
    for (size_t i = 0; i < count; i++)
        times[(size_t)values[i]]++;
    for (size_t value = 0; value < count; value++) {
        rank += times[value];
        if (times[value] == 0 || (rank < asked && rank < count))
            continue;
        asked = rank + count / 500 + 1;
        double exact = (double)rank / (double)count;
        worst = fmax(worst, fabs(kll_view_cdf(&view, (double)value) - exact));
    }
    kll_view_clear(&view);
    free(times);
    return worst;
}

static struct kll *sketch_of(const double *values, size_t count, enum order order, uint64_t *state)
{
    struct kll *sketch = kll_new();
    if (order != MERGED && order != MERGED_SORTED) {
        kll_update_many(sketch, values, count);
        return sketch;
    }
    for (size_t begin = 0, part = 0; part < PARTS; part++) {
        size_t end =
            part + 1 == PARTS ? count : begin + (size_t)(next(state) % (count - begin + 1));
        struct kll *other = kll_new();
        kll_update_many(other, values + begin, end - begin);
        kll_merge(sketch, other);
        kll_free(other);
        begin = end;
    }
    return sketch;
}

static void no_rank_is_wrong_by_more_than_stated(void **state_)
{
    (void)state_;
    double *values = xcalloc(SAMPLED_MAX, sizeof(*values)), worst = 0;
    uint64_t state = 0x9e3779b97f4a7c15ull;
    size_t beyond_one = 0, beyond_all = 0;
    for (size_t trial = 0; trial < TRIALS; trial++) {
        enum order order = (enum order)(trial % ORDERS);
        bool sampled = trial % SAMPLED_EACH == 0;
        size_t least = sampled ? SAMPLED_MIN : 1000, most = sampled ? SAMPLED_MAX : COUNT_MAX;
        size_t count = least + (size_t)(next(&state) % (most - least));
        fill(values, count, order, &state);
        struct kll *sketch = sketch_of(values, count, order, &state);
        assert_int_equal(count, kll_count(sketch));
        double error = worst_error(sketch, values, count);
        worst = fmax(worst, error);
        beyond_one += error > KLL_RANK_ERROR;
        beyond_all += error > KLL_RANK_BOUND;
        kll_free(sketch);
    }
    free(values);
    print_message("worst %.5f, %zu of %d trials with a rank beyond %.4f\n", worst, beyond_one,
                  TRIALS, KLL_RANK_ERROR);
    assert_int_equal(0, beyond_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_rank_is_wrong_by_more_than_stated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
