/* lib/stats/detector.c - the kinds of detectors behind one face. */
#include "stats/detector.h"
#include "stats/adwin.h"
#include "stats/detector_errors.h"
#include "stats/kswin.h"
#include "stats/shift.h"

struct detector {
    enum detector_kind kind;
    uint32_t seed;
    bool drifted; /* by the last value: the next one begins anew */
    union {
        struct page_hinkley page_hinkley;
        struct ddm ddm;
        struct eddm eddm;
        struct hddm_a hddm_a;
        struct hddm_w hddm_w;
        struct adwin adwin;
        struct kswin kswin;
        struct shift shift;
    } of;
};

static void begin(struct detector *detector)
{
    memset(&detector->of, 0, sizeof(detector->of));
    if (detector->kind == DETECTOR_KSWIN)
        kswin_init(&detector->of.kswin, detector->seed);
}

struct detector *detector_new(enum detector_kind kind, uint32_t seed)
{
    struct detector *detector = xcalloc(1, sizeof(*detector));
    detector->kind = kind;
    detector->seed = seed;
    begin(detector);
    return detector;
}

void detector_free(struct detector *detector)
{
    free(detector);
}

static enum detector_state update(struct detector *detector, double value)
{
    switch (detector->kind) {
    case DETECTOR_PAGE_HINKLEY:
        return page_hinkley_update(&detector->of.page_hinkley, value);
    case DETECTOR_DDM:
        return ddm_update(&detector->of.ddm, value);
    case DETECTOR_EDDM:
        return eddm_update(&detector->of.eddm, value);
    case DETECTOR_HDDM_A:
        return hddm_a_update(&detector->of.hddm_a, value);
    case DETECTOR_HDDM_W:
        return hddm_w_update(&detector->of.hddm_w, value);
    case DETECTOR_ADWIN:
        return adwin_update(&detector->of.adwin, value) ? DETECTOR_DRIFT : DETECTOR_QUIET;
    case DETECTOR_KSWIN:
        return kswin_update(&detector->of.kswin, value) ? DETECTOR_DRIFT : DETECTOR_QUIET;
    case DETECTOR_SHIFT:
        return shift_update(&detector->of.shift, value) ? DETECTOR_DRIFT : DETECTOR_QUIET;
    }
    return DETECTOR_QUIET;
}

enum detector_state detector_update(struct detector *detector, double value)
{
    if (detector->drifted)
        begin(detector);
    enum detector_state state = update(detector, value);
    detector->drifted = state == DETECTOR_DRIFT;
    return state;
}
