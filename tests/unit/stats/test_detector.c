/* tests/unit/stats/test_detector.c - change detectors against what river 0.26.1 says of the same
 * stream (tests/interop/detectors.py --fixture wrote tests/data/detectors/expected.txt). */
#include "test.h"

#include "stats/detector.h"
#include <stdio.h>

#define COUNT 6000
#define SEED 42

static const enum detector_kind kinds[] = {DETECTOR_PAGE_HINKLEY, DETECTOR_DDM,   DETECTOR_EDDM,
                                           DETECTOR_HDDM_A,       DETECTOR_HDDM_W, DETECTOR_ADWIN,
                                           DETECTOR_KSWIN};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* Errors of 10 %, then 25, 10, 40 %: lcg_stream of detectors.py. */
static void make_stream(double *values)
{
    static const unsigned rates[] = {10, 25, 10, 40};
    uint64_t state = 12345;
    for (size_t i = 0; i < COUNT; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        values[i] = (state >> 33) % 100 < rates[i * 4 / COUNT];
    }
}

static struct detector *decoded(const struct buffer *bytes, size_t length)
{
    const uint8_t *data = (const uint8_t *)bytes->data;
    struct wire wire = {data, data + length, false};
    struct detector *detector = detector_decode(&wire);
    assert_true(wire.failed == !detector);
    return detector;
}

static void say_all(struct buffer *text)
{
    double values[COUNT];
    make_stream(values);
    for (size_t k = 0; k < KINDS; k++) {
        struct detector *detector = detector_new(kinds[k], SEED);
        for (size_t i = 0; i < COUNT; i++) {
            enum detector_state state = detector_update(detector, values[i]);
            if (state != DETECTOR_QUIET)
                buffer_printf(text, "%s %zu %s\n", detector_name(kinds[k]), i,
                              state == DETECTOR_DRIFT ? "drift" : "warning");
        }
        detector_free(detector);
    }
}

static void detectors_say_what_river_says(void **state)
{
    (void)state;
    struct buffer ours = {0}, theirs = {0};
    FILE *file = fopen(TEST_DATA "/detectors/expected.txt", "r");
    char line[128];

    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        buffer_puts(&theirs, line);
    fclose(file);
    say_all(&ours);
    buffer_putc(&ours, '\0');
    buffer_putc(&theirs, '\0');
    assert_string_equal(theirs.data, ours.data);
    buffer_clear(&ours);
    buffer_clear(&theirs);
}

static void a_state_goes_on_where_it_was_written(void **state)
{
    (void)state;
    double values[COUNT];
    make_stream(values);
    for (size_t k = 0; k < KINDS; k++) {
        struct detector *whole = detector_new(kinds[k], SEED), *parts = detector_new(kinds[k], SEED);
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(detector_update(whole, values[i]), detector_update(parts, values[i]));
            if (i % 31 != 0)
                continue;
            struct buffer bytes = {0};
            detector_encode(parts, &bytes);
            detector_free(parts);
            parts = decoded(&bytes, bytes.length);
            assert_non_null(parts);
            buffer_clear(&bytes);
        }
        detector_free(whole);
        detector_free(parts);
    }
}

static void damaged_states_are_refused_or_harmless(void **state)
{
    (void)state;
    double values[COUNT];
    make_stream(values);
    for (size_t k = 0; k < KINDS; k++) {
        struct detector *detector = detector_new(kinds[k], SEED);
        struct buffer bytes = {0};
        for (size_t i = 0; i < 300; i++)
            (void)detector_update(detector, values[i]);
        detector_encode(detector, &bytes);
        for (size_t length = 0; length < bytes.length; length++)
            assert_null(decoded(&bytes, length));
        for (size_t i = 0; i < bytes.length; i++) {
            bytes.data[i] = (char)(bytes.data[i] ^ 0x55);
            struct detector *strange = decoded(&bytes, bytes.length);
            for (size_t v = 0; strange && v < 200; v++)
                (void)detector_update(strange, values[v]);
            detector_free(strange);
            bytes.data[i] = (char)(bytes.data[i] ^ 0x55);
        }
        detector_free(detector);
        buffer_clear(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detectors_say_what_river_says),
        cmocka_unit_test(a_state_goes_on_where_it_was_written),
        cmocka_unit_test(damaged_states_are_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
