/* tests/unit/stats/test_kll_trials.c - the error that lib/stats/kll.h states holds in 1,000 of
 * 1,000 trials, whatever the order in which values come: sorted, reversed, from both ends, from the
 * middle, in strides as long as a buffer, shuffled, with heavy ties, and merged from parts that are
 * shuffled, or sorted and do not overlap. */
#include "test.h"

#include "stats/kll.h"
#include <math.h>

#define TRIALS 1000
#define COUNT_MAX 40000
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

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* The largest error of any value's rank; sorts `values`. */
static double worst_error(const struct kll *sketch, double *values, size_t count)
{
    struct kll_view view;
    double worst = 0;
    kll_view_make(sketch, &view);
    qsort(values, count, sizeof(*values), by_value);
    for (size_t i = 0, step = count / 500 + 1; i < count; i += step) {
        size_t last = i; /* the rank of a value is that of the last of its equals */
        while (last + 1 < count && values[last + 1] == values[i])
            last++;
        double exact = (double)(last + 1) / (double)count;
        worst = fmax(worst, fabs(kll_view_cdf(&view, values[i]) - exact));
    }
    kll_view_clear(&view);
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
    double *values = xcalloc(COUNT_MAX, sizeof(*values)), worst = 0;
    uint64_t state = 0x9e3779b97f4a7c15ull;
    size_t beyond_one = 0, beyond_all = 0;
    for (size_t trial = 0; trial < TRIALS; trial++) {
        enum order order = (enum order)(trial % ORDERS);
        size_t count = 1000 + (size_t)(next(&state) % (COUNT_MAX - 1000));
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
