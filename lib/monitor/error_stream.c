/* lib/monitor/error_stream.c - rosters and labels joined in order, fed to a detector. */
#include "monitor/error_stream.h"
#include "monitor/labels.h"
#include "monitor/roster.h"
#include "monitor/window.h"
#include "registry/db.h"

#define WARM_UP_NS (7 * 1440 * MINUTE_NS)
#define SEED 1 /* of KSWIN's samples: any, but always the same */

/* Rosters name groups by their place in the order of their ids. */
struct wanted {
    bool *group;
    size_t count;
};
static void wanted_clear(struct wanted *wanted)
{
    free(wanted->group);
}

static int find_groups(struct db *db, const struct error_stream_query *query, struct wanted *wanted,
                       struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;
    TRY(db_query(db, &rows, err,
                 "SELECT version, stage, shadow FROM monitor_group WHERE model = $1 ORDER BY id",
                 DB_TEXT(query->model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(wanted->group, wanted->count, &capacity);
        wanted->group[wanted->count++] = (uint64_t)db_i64(rows, 0) == query->version &&
                                         str_equal(db_string(rows, 1), query->stage) &&
                                         db_i64(rows, 2) == 0;
    }
}

static void take(struct detector *detector, bool wrong, int64_t minute, int64_t from,
                 struct error_stream *stream)
{
    bool drift = detector_update(detector, wrong) == DETECTOR_DRIFT;
    if (minute < from)
        return;
    stream->labelled++;
    if (drift) {
        stream->drifts++;
        stream->last_drift_ns = minute * MINUTE_NS;
    }
}

static int run(struct db *db, const struct error_stream_query *query, int64_t begin,
               const struct wanted *wanted, const struct label_list *labels,
               struct detector *detector, struct error_stream *stream, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    TRY(db_query(db, &rows, err,
                 "SELECT minute, records FROM monitor_roster WHERE model = $1 AND minute >= $2 "
                 "AND minute < $3 ORDER BY minute, batch",
                 DB_TEXT(query->model), DB_I64(begin), DB_I64(query->to_ns / MINUTE_NS)));
    for (;;) {
        size_t length;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        const uint8_t *bytes = db_bytes(rows, 1, &length);
        for (size_t i = 0; i < length / ROSTER_RECORD_SIZE; i++) {
            struct roster_record record = roster_record_at(bytes, i);
            const struct label_record *label;
            if (record.group >= wanted->count)
                return mlops_fail(err, MLOPS_INTEGRITY, "a roster of %s names no group",
                                  query->model);
            if (wanted->group[record.group] && (label = label_list_find(labels, record.id)))
                take(detector, record.prediction != label->label, db_i64(rows, 0),
                     query->from_ns / MINUTE_NS, stream);
        }
    }
}

int error_stream_run(struct mlops_registry *registry, const struct error_stream_query *query,
                     struct error_stream *stream, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(wanted_clear) struct wanted wanted = {0};
    _cleanup_(label_list_clear) struct label_list labels = {0};
    _cleanup_(detector_free_ptr) struct detector *detector = detector_new(query->kind, SEED);
    struct db *db = registry_db(registry);
    int64_t begin = window_start_ns(LEVEL_DAY, query->from_ns - WARM_UP_NS) / MINUTE_NS;
    *stream = (struct error_stream){0};
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(find_groups(db, query, &wanted, err));
    TRY(labels_read_between(db, query->model, begin, query->to_ns / MINUTE_NS, &labels, err));
    return run(db, query, begin, &wanted, &labels, detector, stream, err);
}
