/* tests/interop/detectors_dump.c - detectors_dump KIND SEED: numbers on standard input, the places
 * where the detector said something on standard output: "31 warning". For detectors.py. */
#include "stats/detector.h"
#include <stdio.h>

static const struct {
    const char *name;
    enum detector_kind kind;
} kinds[] = {
    {"page-hinkley", DETECTOR_PAGE_HINKLEY},
    {"ddm", DETECTOR_DDM},
    {"eddm", DETECTOR_EDDM},
    {"hddm-a", DETECTOR_HDDM_A},
    {"hddm-w", DETECTOR_HDDM_W},
    {"adwin", DETECTOR_ADWIN},
    {"kswin", DETECTOR_KSWIN},
};

int main(int argc, char **argv)
{
    struct detector *detector = NULL;
    double value;

    for (size_t i = 0; argc == 3 && i < ARRAY_LENGTH(kinds); i++)
        if (str_equal(kinds[i].name, argv[1]))
            detector = detector_new(kinds[i].kind, (uint32_t)strtoul(argv[2], NULL, 10));
    if (!detector)
        return 2;
    for (size_t i = 0; scanf("%lf", &value) == 1; i++) {
        enum detector_state state = detector_update(detector, value);
        if (state != DETECTOR_QUIET)
            printf("%zu %s\n", i, state == DETECTOR_DRIFT ? "drift" : "warning");
    }
    detector_free(detector);
    return 0;
}
