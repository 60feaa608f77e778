/* lib/stats/detector.c - the kinds of detectors behind one face, and their states as bytes. */
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

/* doubles: in the state of those that are nothing else */
static const struct {
    enum detector_kind kind;
    const char *name;
    size_t doubles;
} kinds[] = {
    {DETECTOR_PAGE_HINKLEY, "page-hinkley", sizeof(struct page_hinkley) / sizeof(double)},
    {DETECTOR_DDM, "ddm", sizeof(struct ddm) / sizeof(double)},
    {DETECTOR_EDDM, "eddm", sizeof(struct eddm) / sizeof(double)},
    {DETECTOR_HDDM_A, "hddm-a", sizeof(struct hddm_a) / sizeof(double)},
    {DETECTOR_HDDM_W, "hddm-w", sizeof(struct hddm_w) / sizeof(double)},
    {DETECTOR_ADWIN, "adwin", 0},
    {DETECTOR_KSWIN, "kswin", 0},
    {DETECTOR_SHIFT, "shift", 0},
};

static size_t doubles_of(enum detector_kind kind)
{
    return kinds[kind - 1].doubles;
}

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

const char *detector_name(enum detector_kind kind)
{
    return kinds[kind - 1].name;
}

bool detector_kind_of(const char *name, enum detector_kind *kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (str_equal(kinds[i].name, name)) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
}

void detector_encode(const struct detector *detector, struct buffer *out)
{
    wire_put_varint(out, detector->kind);
    wire_put_u32(out, detector->seed);
    wire_put_varint(out, detector->drifted);
    if (detector->kind == DETECTOR_ADWIN)
        adwin_encode(&detector->of.adwin, out);
    else if (detector->kind == DETECTOR_KSWIN)
        kswin_encode(&detector->of.kswin, out);
    else if (detector->kind == DETECTOR_SHIFT)
        shift_encode(&detector->of.shift, out);
    for (size_t i = 0; i < doubles_of(detector->kind); i++) {
        double value;
        memcpy(&value, (const char *)&detector->of + i * sizeof(value), sizeof(value));
        wire_put_f64(out, value);
    }
}

struct detector *detector_decode(struct wire *wire)
{
    uint64_t kind = wire_varint(wire);
    uint32_t seed = wire_u32(wire);
    uint64_t drifted = wire_varint(wire);

    if (wire->failed || kind < DETECTOR_PAGE_HINKLEY || kind > DETECTOR_SHIFT || drifted > 1) {
        wire->failed = true;
        return NULL;
    }
    _cleanup_(detector_free_ptr) struct detector *detector =
        detector_new((enum detector_kind)kind, seed);
    detector->drifted = drifted == 1;
    if (kind == DETECTOR_ADWIN)
        adwin_decode(wire, &detector->of.adwin);
    else if (kind == DETECTOR_KSWIN)
        kswin_decode(wire, &detector->of.kswin);
    else if (kind == DETECTOR_SHIFT)
        shift_decode(wire, &detector->of.shift);
    for (size_t i = 0; i < doubles_of(detector->kind); i++) {
        double value = wire_f64(wire);
        memcpy((char *)&detector->of + i * sizeof(value), &value, sizeof(value));
    }
    return wire->failed ? NULL : TAKE_PTR(detector);
}
