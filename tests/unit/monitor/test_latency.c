/* tests/unit/monitor/test_latency.c - quantiles within 1 % of the exact ones, whatever came. */
#include "test.h"

#include "monitor/latency.h"
#include <math.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 33;
}

static void quantiles_are_within_one_percent(void **state)
{
    static const double quantiles[] = {0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
    size_t count = 50000;
    double *values = xcalloc(count, sizeof(*values));
    (void)state;
    for (double spread = 0.1; spread < 13; spread *= 2) {
        struct latency latency = {0};
        uint64_t seed = 7;
        for (size_t i = 0; i < count; i++) {
            double uniform = ((double)next(&seed) + 1) / 0x1p31;
            values[i] = 0.05 * exp(spread * uniform);
            latency_add(&latency, values[i]);
        }
        qsort(values, count, sizeof(*values), compare);
        for (size_t i = 0; i < ARRAY_LENGTH(quantiles); i++) {
            double rank = ceil(quantiles[i] * (double)count);
            double exact = values[rank < 1 ? 0 : (size_t)rank - 1];
            assert_true(fabs(latency_quantile(&latency, quantiles[i]) - exact) <= 0.01 * exact);
        }
        latency_clear(&latency);
    }
    free(values);
}

static void parts_merge_to_the_whole_and_bytes_give_it_back(void **state)
{
    struct latency whole = {0}, a = {0}, b = {0}, back;
    struct buffer x = {0}, y = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        double ms = 0.001 * i * i;
        latency_add(&whole, ms);
        latency_add(i % 3 ? &a : &b, ms);
    }
    latency_merge(&a, &b);
    latency_encode(&whole, &x);
    latency_encode(&a, &y);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.data, y.data, x.length);
    struct wire wire = {.at = (uint8_t *)x.data, .end = (uint8_t *)x.data + x.length};
    latency_decode(&wire, &back);
    assert_false(wire.failed);
    assert_true(latency_quantile(&back, 0.9) == latency_quantile(&whole, 0.9));
    latency_clear(&back);
    for (size_t cut = 0; cut < x.length; cut++) {
        wire = (struct wire){.at = (uint8_t *)x.data, .end = (uint8_t *)x.data + cut};
        latency_decode(&wire, &back);
        assert_true(wire.failed);
        latency_clear(&back);
    }
    latency_clear(&whole);
    latency_clear(&a);
    latency_clear(&b);
    buffer_clear(&x);
    buffer_clear(&y);
}

static void values_out_of_range_are_counted_at_the_ends(void **state)
{
    struct latency latency = {0};
    (void)state;
    assert_true(isnan(latency_quantile(&latency, 0.5)));
    latency_add(&latency, 0);
    latency_add(&latency, 1e300);
    assert_true(latency_quantile(&latency, 0.5) < 0.01);
    assert_true(latency_quantile(&latency, 1) == 1e300);
    latency_clear(&latency);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_one_percent),
        cmocka_unit_test(parts_merge_to_the_whole_and_bytes_give_it_back),
        cmocka_unit_test(values_out_of_range_are_counted_at_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
