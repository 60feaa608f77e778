/*
 * lib/stats/detector.h - change detectors: a stream of numbers in, "something changed" out.
 *
 * Each that river 0.26 has answers as river's does with its defaults, update by update, also in
 * that it begins anew with the value that follows a drift. DDM, EDDM, HDDM_A, HDDM_W and shift take
 * errors: 0 right, 1 wrong.
 */
#ifndef STATS_DETECTOR_H
#define STATS_DETECTOR_H
#include "base/util.h"

enum detector_kind {
    DETECTOR_PAGE_HINKLEY = 1, /* Page 1954; both directions, with forgetting */
    DETECTOR_DDM = 2,          /* Gama, Medas, Castillo, Rodrigues 2004 */
    DETECTOR_EDDM = 3,         /* Baena-García et al. 2006 */
    DETECTOR_HDDM_A = 4,       /* Frías-Blanco et al. 2015, averages; increases */
    DETECTOR_HDDM_W = 5,       /* the same, weighted averages */
    DETECTOR_ADWIN = 6,        /* Bifet and Gavaldà 2007 */
    DETECTOR_KSWIN = 7,        /* Raab, Heusinger, Schleif 2020 */
    DETECTOR_SHIFT = 8,        /* our own: stats/shift.h; increases */
};

enum detector_state { DETECTOR_QUIET = 0, DETECTOR_WARNING, DETECTOR_DRIFT };

struct detector;

/* `seed` is of KSWIN's sample, which Python's random.Random(seed) would draw. The caller frees. */
struct detector *detector_new(enum detector_kind kind, uint32_t seed);
void detector_free(struct detector *detector);
DEFINE_CLEANUP(struct detector, detector_free)
/* `value` is finite. */
enum detector_state detector_update(struct detector *detector, double value);

#endif
