/* tests/unit/stats/test_sketches.c - KLL, HyperLogLog and Misra-Gries keep what they promise. */
#include "test.h"

#include "stats/frequent.h"
#include "stats/hash_many.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include <math.h>
#include <stdio.h>

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return *seed >> 11;
}

/* The value of rank i in 0 … n-1 of streams that are hard in different ways. */
static double adversarial(int order, uint64_t i, uint64_t n, uint64_t *seed)
{
    switch (order) {
    case 0:
        return (double)i; /* rising */
    case 1:
        return (double)(n - i); /* falling */
    case 2:
        return (double)(i % 2 ? i : n - i); /* from both ends */
    case 3:
        return (double)(i % 100); /* many equal values */
    case 4:
        return (double)(i % 1000 * (n / 1000) + i / 1000); /* sorted runs */
    case 5:
        return i % 10 ? 7 : (double)i; /* nearly all equal */
    default:
        return (double)(next(seed) % n);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Largest error of the estimated distribution function over all values seen. */
static double rank_error(const struct kll *sketch, double *values, size_t n)
{
    struct kll_view view;
    double worst = 0;
    kll_view_make(sketch, &view);
    qsort(values, n, sizeof(*values), compare);
    for (size_t i = 0; i < n; i += 97) {
        size_t last = i;
        while (last + 1 < n && values[last + 1] == values[i])
            last++;
        double exact = (double)(last + 1) / (double)n;
        worst = fmax(worst, fabs(kll_view_cdf(&view, values[i]) - exact));
    }
    kll_view_clear(&view);
    return worst;
}

static void ranks_stay_within_the_stated_error(void **state)
{
    (void)state;
    enum { N = 50000 };
    double *values = xcalloc(N, sizeof(*values));
    for (int trial = 0; trial < 70; trial++) {
        uint64_t seed = (uint64_t)trial;
        struct kll *sketch = kll_new();
        for (uint64_t i = 0; i < N; i++) {
            values[i] = adversarial(trial % 7, i + seed, N, &seed);
            kll_update(sketch, values[i]);
        }
        /* the stated error is for one rank; it was never exceeded by any of them all */
        assert_true(rank_error(sketch, values, N) < KLL_RANK_ERROR);
        kll_free(sketch);
    }
    free(values);
}

static void a_distribution_known_by_rank_keeps_its_ranks(void **state)
{
    (void)state;
    enum { N = 300007, STEP = 73 };
    struct kll *sketch = kll_new(), *other = kll_new();
    struct kll_view known = {.values = xcalloc(N, sizeof(double)),
                             .cumulative = xcalloc(N, sizeof(uint64_t))};
    double *values = xcalloc(2 * N, sizeof(*values));
    kll_add_ranked(sketch, &known); /* of nothing */
    assert_int_equal(0, kll_count(sketch));
    for (uint64_t i = 1; i <= N; i++) {
        values[i - 1] = sqrt((double)i);
        if (i % STEP == 0 || i == N) {
            known.values[known.size] = values[i - 1];
            known.cumulative[known.size++] = i;
        }
    }
    kll_add_ranked(sketch, &known);
    assert_int_equal(N, kll_count(sketch));
    assert_true(rank_error(sketch, values, N) < KLL_RANK_ERROR);
    for (uint64_t i = 0; i < N; i++) { /* and it merges with one of a stream */
        values[N + i] = (double)(i % 1000);
        kll_update(other, values[N + i]);
    }
    kll_merge(sketch, other);
    assert_true(rank_error(sketch, values, (size_t)2 * N) < KLL_RANK_ERROR);
    kll_view_clear(&known);
    kll_free(sketch);
    kll_free(other);
    free(values);
}

static void few_values_are_exact(void **state)
{
    (void)state;
    struct kll *sketch = kll_new();
    for (int i = 500; i > 0; i--)
        kll_update(sketch, i);
    struct kll_view view;
    kll_view_make(sketch, &view);
    assert_true(kll_view_quantile(&view, 0.5) == 250);
    assert_true(kll_view_quantile(&view, 0) == 1);
    assert_true(kll_view_quantile(&view, 1) == 500);
    assert_true(kll_view_cdf(&view, 125) == 0.25);
    assert_true(kll_view_cdf(&view, 0) == 0);
    assert_true(kll_view_cdf(&view, 501) == 1);
    kll_view_clear(&view);
    kll_free(sketch);
}

static void halves_merge_to_the_whole(void **state)
{
    (void)state;
    enum { N = 40000 };
    double *values = xcalloc(N, sizeof(*values));
    struct kll *a = kll_new(), *b = kll_new();
    uint64_t seed = 5;
    for (size_t i = 0; i < N; i++) {
        values[i] = (double)(next(&seed) % 1000000) * (i < N / 4 ? 1 : 0.5);
        kll_update(i < N / 4 ? a : b, values[i]);
    }
    kll_merge(a, b);
    assert_int_equal(N, kll_count(a));
    assert_true(rank_error(a, values, N) < KLL_RANK_ERROR);
    kll_free(a);
    kll_free(b);
    free(values);
}

static void the_same_stream_gives_the_same_bytes(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer first = {0}, second = {0};
    for (int times = 0; times < 2; times++) {
        struct kll *sketch = kll_new();
        uint64_t seed = 9;
        for (int i = 0; i < 30000; i++)
            kll_update(sketch, (double)(next(&seed) % 1000));
        kll_encode(sketch, false, times ? &second : &first);
        kll_free(sketch);
    }
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
}

static void many_parts_merge_to_the_whole_in_any_order(void **state)
{
    (void)state;
    enum { N = 64000, PARTS = 64 };
    double *values = xcalloc(N, sizeof(*values));
    for (int order = 0; order < 2; order++) {
        struct kll *parts[PARTS];
        uint64_t seed = 11;
        for (size_t part = 0; part < PARTS; part++) {
            parts[part] = kll_new();
            for (size_t i = part * (N / PARTS); i < (part + 1) * (N / PARTS); i++)
                kll_update(parts[part], values[i] = (double)(next(&seed) % 100000) + (double)part);
        }
        struct kll *whole = kll_new();
        for (size_t part = 0; part < PARTS; part++) {
            kll_merge(whole, parts[order ? PARTS - 1 - part : part]);
            kll_free(parts[order ? PARTS - 1 - part : part]);
        }
        assert_int_equal(N, kll_count(whole));
        assert_true(rank_error(whole, values, N) < KLL_RANK_ERROR);
        kll_free(whole);
    }
    free(values);
}

static void distinct_counts_are_close(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 10, 100, 1000, 10000, 100000, 1000000};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct hll *sketch = hll_new();
        for (int twice = 0; twice < 2; twice++)
            for (uint64_t value = 0; value < sizes[i]; value++)
                hll_update(sketch, &value, sizeof(value));
        double estimate = hll_estimate(sketch);
        assert_true(fabs(estimate - (double)sizes[i]) <= 0.05 * (double)sizes[i] + 0.01);
        hll_free(sketch);
    }
}

static void merged_distinct_sketches_count_the_union(void **state)
{
    (void)state;
    struct hll *a = hll_new(), *b = hll_new();
    for (uint64_t value = 0; value < 60000; value++)
        hll_update(value < 40000 ? a : b, &value, sizeof(value));
    for (uint64_t value = 20000; value < 40000; value++)
        hll_update(b, &value, sizeof(value));
    hll_merge(a, b);
    assert_true(fabs(hll_estimate(a) - 60000) < 3000);
    hll_free(a);
    hll_free(b);
}

static void few_values_are_counted_exactly(void **state)
{
    (void)state;
    struct frequent *sketch = frequent_new();
    for (int i = 0; i < 1000; i++)
        for (int times = 0; times <= i % 5; times++) {
            char text[16];
            int length = snprintf(text, sizeof(text), "v%d", i);
            frequent_update(sketch, text, (size_t)length);
        }
    assert_int_equal(0, frequent_error(sketch));
    assert_int_equal(5, frequent_count(sketch, "v4"));
    assert_int_equal(1, frequent_count(sketch, "v0"));
    assert_int_equal(0, frequent_count(sketch, "v"));
    size_t count;
    struct frequent_item *items = frequent_items(sketch, &count);
    assert_int_equal(1000, count);
    assert_int_equal(5, items[0].count);
    assert_string_equal("v104", items[0].value); /* of equal counts the first by bytes */
    free(items);
    frequent_free(sketch);
}

static void heavy_hitters_survive_a_flood(void **state)
{
    (void)state;
    struct frequent *a = frequent_new(), *b = frequent_new();
    uint64_t seed = 1, heavy = 0;
    for (int i = 0; i < 200000; i++) {
        char text[32];
        struct frequent *sketch = i % 2 ? a : b;
        int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)next(&seed));
        frequent_update(sketch, text, (size_t)length);
        if (i % 20 == 0) {
            frequent_update(sketch, "heavy", 5);
            heavy++;
        }
    }
    frequent_merge(a, b);
    assert_int_equal(210000, frequent_total(a));
    uint64_t counted = frequent_count(a, "heavy");
    assert_true(counted <= heavy && counted + frequent_error(a) >= heavy && counted > 0);
    frequent_free(a);
    frequent_free(b);
}

/* What two halves lost adds up, and no count is ever too high. */
static void merged_counts_keep_their_bounds(void **state)
{
    (void)state;
    enum { VALUES = 4000 };
    struct frequent *parts[4] = {frequent_new(), frequent_new(), frequent_new(), frequent_new()};
    uint64_t *exact = xcalloc(VALUES, sizeof(*exact)), seed = 3, total = 0;
    for (int i = 0; i < 120000; i++) {
        uint64_t value = next(&seed) % VALUES;
        value = value * (next(&seed) % VALUES) / VALUES; /* the low ones more often */
        char text[16];
        int length = snprintf(text, sizeof(text), "v%llu", (unsigned long long)value);
        frequent_update(parts[i % 4], text, (size_t)length);
        exact[value]++;
    }
    for (int i = 1; i < 4; i++) {
        frequent_merge(parts[0], parts[i]);
        frequent_free(parts[i]);
    }
    assert_int_equal(120000, frequent_total(parts[0]));
    assert_true(frequent_error(parts[0]) > 0 &&
                frequent_error(parts[0]) < 120000 * 2 / FREQUENT_MAX);
    for (uint64_t value = 0; value < VALUES; value++) {
        char text[16];
        snprintf(text, sizeof(text), "v%llu", (unsigned long long)value);
        uint64_t counted = frequent_count(parts[0], text);
        assert_true(counted <= exact[value]);
        assert_true(counted + frequent_error(parts[0]) >= exact[value]);
        total += counted;
    }
    assert_true(total <= 120000);
    frequent_free(parts[0]);
    free(exact);
}

static void long_values_stay_apart(void **state)
{
    (void)state;
    char text[400];
    memset(text, 'x', sizeof(text));
    struct frequent *sketch = frequent_new();
    frequent_update(sketch, text, 400);
    frequent_update(sketch, text, 399);
    frequent_update(sketch, "a\0b", 3);
    frequent_update(sketch, "a\0c", 3);
    size_t count;
    free(frequent_items(sketch, &count));
    assert_int_equal(4, count);
    frequent_free(sketch);
}

static void counts_come_by_name_with_a_rest(void **state)
{
    (void)state;
    char text[400];
    size_t count;
    struct frequent *streamed = frequent_new(), *named = frequent_new();
    struct frequent *numbers = frequent_new_limited(128);
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < 3; i++)
        frequent_update(streamed, text, sizeof(text));
    frequent_put(named, text, sizeof(text), 3);
    struct frequent_item *a = frequent_items(streamed, &count), *b = frequent_items(named, &count);
    assert_int_equal(1, count);
    assert_string_equal(a->value, b->value);
    assert_int_equal(a->count, b->count);
    free(a);
    free(b);
    frequent_leave_out(named, 0, 9); /* nothing is left out */
    assert_int_equal(0, frequent_error(named));
    frequent_leave_out(named, 10, 2);
    assert_int_equal(13, frequent_total(named));
    assert_int_equal(2, frequent_error(named));
    double value = 2.5;
    frequent_put_number(numbers, value, 7);
    frequent_update_number(numbers, value, stats_hash_eight(&value));
    a = frequent_items(numbers, &count);
    assert_int_equal(1, count);
    assert_int_equal(8, a->count);
    assert_true(frequent_number(a) == value);
    free(a);
    frequent_free(streamed);
    frequent_free(named);
    frequent_free(numbers);
}

static void hashes_of_many_are_those_of_each(void **state)
{
    double values[19] = {0};
    uint64_t hashes[19], sums[19] = {0}, seed = 5;
    (void)state;
    for (size_t count = 0; count <= 19; count++) {
        for (size_t i = 0; i < count; i++) {
            values[i] = (double)next(&seed);
            sums[i] = i;
        }
        hash_many(values, count, hashes);
        hash_sum_many(hashes, count, 0x9e3779b97f4a7c15ULL, sums);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(stats_hash(&values[i], sizeof(values[i])), hashes[i]);
            assert_int_equal(hashes[i] * 0x9e3779b97f4a7c15ULL + i, sums[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_stay_within_the_stated_error),
        cmocka_unit_test(a_distribution_known_by_rank_keeps_its_ranks),
        cmocka_unit_test(few_values_are_exact),
        cmocka_unit_test(halves_merge_to_the_whole),
        cmocka_unit_test(the_same_stream_gives_the_same_bytes),
        cmocka_unit_test(many_parts_merge_to_the_whole_in_any_order),
        cmocka_unit_test(hashes_of_many_are_those_of_each),
        cmocka_unit_test(distinct_counts_are_close),
        cmocka_unit_test(merged_distinct_sketches_count_the_union),
        cmocka_unit_test(few_values_are_counted_exactly),
        cmocka_unit_test(heavy_hitters_survive_a_flood),
        cmocka_unit_test(merged_counts_keep_their_bounds),
        cmocka_unit_test(long_values_stay_apart),
        cmocka_unit_test(counts_come_by_name_with_a_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
