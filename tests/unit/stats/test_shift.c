/* tests/unit/stats/test_shift.c - the scan for more frequent errors against one that keeps all
 * events and looks at every window by its definition; the ratio itself against SciPy 1.10.1's
 * chi2_contingency(correction=False, lambda_="log-likelihood") / 2. */
#include "test.h"

#include "stats/detector.h"
#include <math.h>

#define COUNT 60000

static double term(double k, double n)
{
    return (k > 0 ? k * log(k / n) : 0) + (k < n ? (n - k) * log((n - k) / n) : 0);
}

static double ratio(double k, double n, double errors, double before)
{
    return term(k, n) + term(errors, before) - term(k + errors, n + before);
}

static void the_ratio_is_that_of_scipy(void **state)
{
    (void)state;
    assert_true(fabs(ratio(20, 64, 50, 1000) - 19.871051097793455) < 1e-9);
    assert_true(fabs(ratio(8, 8, 3, 40) - 15.181459224243564) < 1e-9);
    assert_true(fabs(ratio(300, 2048, 4000, 40000) - 20.637031931502406) < 1e-9);
}

static void make_stream(unsigned char *wrong, const unsigned *rates, size_t spans, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < COUNT; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        wrong[i] = (state >> 33) % 100 < rates[i * spans / COUNT];
    }
}

/* As SciPy's norm.isf(4.3e-8 * w / 8)**2 / 2 has them. */
static const double limits[] = {14.33, 14.02, 13.66, 13.31, 12.99, 12.66, 12.32, 11.99,
                                11.66, 11.32, 10.99, 10.66, 10.33, 10.0,  9.66,  9.33,
                                9.0,   8.67,  8.34,  8.02,  7.69,  7.36,  7.04};

/* What it must say of event `i`, where the stream began anew at `from`. */
static bool expected(const uint32_t *sums, size_t from, size_t i)
{
    size_t events = i + 1 - from;
    for (int j = 0; j < 23; j++) {
        size_t window = (size_t)(8 * pow(2, j / 2.0)), step = window / 16;
        if (events < window + 30 || (step > 1 && events % step))
            continue;
        double k = sums[i + 1] - sums[i + 1 - window];
        double errors = sums[i + 1 - window] - sums[from], before = (double)(events - window);
        if (k / (double)window > errors / before &&
            ratio(k, (double)window, errors, before) > limits[j])
            return true;
    }
    return false;
}

static void every_window_is_looked_at(void **state)
{
    static const unsigned rates[] = {10, 14, 10, 40, 10, 12};
    unsigned char *wrong = malloc(COUNT);
    uint32_t *sums = calloc(COUNT + 1, sizeof(*sums));
    struct detector *detector = detector_new(DETECTOR_SHIFT, 0);
    size_t from = 0, found = 0;
    (void)state;
    make_stream(wrong, rates, 6, 12345);
    for (size_t i = 0; i < COUNT; i++)
        sums[i + 1] = sums[i] + wrong[i];
    for (size_t i = 0; i < COUNT; i++) {
        bool drift = detector_update(detector, wrong[i]) == DETECTOR_DRIFT;
        if (drift != expected(sums, from, i))
            fail_msg("event %zu, begun at %zu", i, from);
        if (drift) {
            from = i + 1;
            found++;
        }
    }
    assert_true(found >= 2 && found <= 6);
    detector_free(detector);
    free(sums);
    free(wrong);
}

static size_t first_drift(const unsigned char *wrong, size_t from, size_t to)
{
    struct detector *detector = detector_new(DETECTOR_SHIFT, 0);
    size_t at = SIZE_MAX;
    for (size_t i = from; i < to && at == SIZE_MAX; i++)
        if (detector_update(detector, wrong[i]) == DETECTOR_DRIFT)
            at = i;
    detector_free(detector);
    return at;
}

static void an_increase_is_found_soon_and_calm_and_decrease_are_none(void **state)
{
    static const unsigned up[] = {10, 25}, down[] = {40, 10}, calm[] = {30, 30};
    unsigned char *wrong = malloc(COUNT);
    (void)state;
    make_stream(wrong, up, 2, 1);
    size_t at = first_drift(wrong, 0, COUNT);
    assert_true(at >= COUNT / 2 && at < COUNT / 2 + 400);
    make_stream(wrong, down, 2, 1);
    assert_true(first_drift(wrong, 0, COUNT) == SIZE_MAX);
    make_stream(wrong, calm, 2, 1);
    assert_true(first_drift(wrong, 0, COUNT) == SIZE_MAX);
    memset(wrong, 0, COUNT);
    assert_true(first_drift(wrong, 0, COUNT) == SIZE_MAX);
    memset(wrong, 1, COUNT);
    assert_true(first_drift(wrong, 0, COUNT) == SIZE_MAX);
    free(wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ratio_is_that_of_scipy),
        cmocka_unit_test(every_window_is_looked_at),
        cmocka_unit_test(an_increase_is_found_soon_and_calm_and_decrease_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
