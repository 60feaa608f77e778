/* tests/unit/stats/test_detector.c - change detectors against what river 0.26.1 says of the same
 * stream (tests/interop/detectors.py --fixture wrote tests/data/detectors/expected.txt). */
#include "test.h"

#include "base/buffer.h"
#include "stats/detector.h"
#include <stdio.h>

#define COUNT 6000
#define SEED 42

static const struct {
    enum detector_kind kind;
    const char *name; /* in the file */
} kinds[] = {
    {DETECTOR_PAGE_HINKLEY, "page-hinkley"},
    {DETECTOR_DDM, "ddm"},
    {DETECTOR_EDDM, "eddm"},
    {DETECTOR_HDDM_A, "hddm-a"},
    {DETECTOR_HDDM_W, "hddm-w"},
    {DETECTOR_ADWIN, "adwin"},
    {DETECTOR_KSWIN, "kswin"},
};

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

static void say_all(struct buffer *text)
{
    double values[COUNT];
    make_stream(values);
    for (size_t k = 0; k < ARRAY_LENGTH(kinds); k++) {
        struct detector *detector = detector_new(kinds[k].kind, SEED);
        for (size_t i = 0; i < COUNT; i++) {
            enum detector_state state = detector_update(detector, values[i]);
            if (state != DETECTOR_QUIET)
                buffer_printf(text, "%s %zu %s\n", kinds[k].name, i,
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detectors_say_what_river_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
