/* tests/interop/detectors_dump.c - detectors_dump KIND SEED: numbers on standard input, the places
 * where the detector said something on standard output: "31 warning". For detectors.py. The detector
 * goes through its encoded state every 97 values. */
#include "stats/detector.h"
#include <stdio.h>

static struct detector *through_bytes(struct detector *detector)
{
    struct buffer bytes = {0};
    detector_encode(detector, &bytes);
    struct wire wire = {(const uint8_t *)bytes.data, (const uint8_t *)bytes.data + bytes.length,
                        false};
    struct detector *again = detector_decode(&wire);
    buffer_clear(&bytes);
    detector_free(detector);
    return again;
}

int main(int argc, char **argv)
{
    enum detector_kind kind;
    double value;

    if (argc != 3 || !detector_kind_of(argv[1], &kind))
        return 2;
    struct detector *detector = detector_new(kind, (uint32_t)strtoul(argv[2], NULL, 10));
    for (size_t i = 0; scanf("%lf", &value) == 1; i++) {
        enum detector_state state = detector_update(detector, value);
        if (state != DETECTOR_QUIET)
            printf("%zu %s\n", i, state == DETECTOR_DRIFT ? "drift" : "warning");
        if (i % 97 == 0)
            detector = through_bytes(detector);
        if (!detector)
            return 1;
    }
    detector_free(detector);
    return 0;
}
