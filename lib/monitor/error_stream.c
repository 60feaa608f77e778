/* lib/monitor/error_stream.c - rosters and labels joined in order, fed to a detector. */
#include "monitor/error_stream.h"
#include "monitor/labels.h"
#include "monitor/roster_rows.h"
#include "monitor/window.h"
#include "registry/db.h"

#define WARM_UP_NS (7 * 1440 * MINUTE_NS)
#define SEED 1 /* of KSWIN's samples: any, but always the same */

struct feeding {
    struct detector *detector;
    const struct label_list *labels;
    int64_t from; /* the minute in which the span begins */
    struct error_stream *stream;
};

static int feed(void *context, int64_t minute, const struct roster_record *record,
                struct mlops_error *err)
{
    struct feeding *feeding = context;
    const struct label_record *label = label_list_find(feeding->labels, record->id);
    (void)err;
    if (!label)
        return MLOPS_OK;
    bool wrong = record->prediction != label->label;
    bool drift = detector_update(feeding->detector, wrong) == DETECTOR_DRIFT;
    if (minute < feeding->from)
        return MLOPS_OK;
    feeding->stream->labelled++;
    if (drift) {
        feeding->stream->drifts++;
        feeding->stream->last_drift_ns = minute * MINUTE_NS;
    }
    return MLOPS_OK;
}

int error_stream_run(struct mlops_registry *registry, const struct error_stream_query *query,
                     struct error_stream *stream, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(label_list_clear) struct label_list labels = {0};
    _cleanup_(detector_free_ptr) struct detector *detector = detector_new(query->kind, SEED);
    struct db *db = registry_db(registry);
    int64_t begin = window_start_ns(LEVEL_DAY, query->from_ns - WARM_UP_NS) / MINUTE_NS,
            end = query->to_ns / MINUTE_NS;
    struct feeding feeding = {detector, &labels, query->from_ns / MINUTE_NS, stream};
    *stream = (struct error_stream){0};
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(labels_read_between(db, query->model, begin, end, &labels, err));
    return roster_visit(db,
                        &(struct roster_query){.model = query->model,
                                               .version = query->version,
                                               .stage = query->stage,
                                               .from = begin,
                                               .to = end},
                        feed, &feeding, err);
}
