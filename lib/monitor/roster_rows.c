/* lib/monitor/roster_rows.c - rosters read for some of their groups. */
#include "monitor/roster_rows.h"
#include "registry/db.h"

/* Rosters name groups by their place in the order of their ids. */
struct wanted {
    bool *group;
    size_t count;
};
static void wanted_clear(struct wanted *wanted)
{
    free(wanted->group);
}

static bool is_or_any(const char *text, const char *wanted)
{
    return !wanted || str_equal(text, wanted);
}

static int find_groups(struct db *db, const struct roster_query *query, struct wanted *wanted,
                       struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;
    TRY(db_query(db, &rows, err,
                 "SELECT version, stage, segment, shadow FROM monitor_group WHERE model = $1 "
                 "ORDER BY id",
                 DB_TEXT(query->model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(wanted->group, wanted->count, &capacity);
        wanted->group[wanted->count++] =
            query->all || ((uint64_t)db_i64(rows, 0) == query->version &&
                           is_or_any(db_string(rows, 1), query->stage) &&
                           is_or_any(db_string(rows, 2), query->segment) &&
                           (db_i64(rows, 3) != 0) == query->shadow);
    }
}

int roster_visit(struct db *db, const struct roster_query *query,
                 int (*visit)(void *context, int64_t minute, const struct roster_record *record,
                              struct mlops_error *err),
                 void *context, struct mlops_error *err)
{
    _cleanup_(wanted_clear) struct wanted wanted = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    TRY(find_groups(db, query, &wanted, err));
    TRY(db_query(db, &rows, err,
                 "SELECT minute, records FROM monitor_roster WHERE model = $1 AND minute >= $2 "
                 "AND minute < $3 ORDER BY minute, batch",
                 DB_TEXT(query->model), DB_I64(query->from), DB_I64(query->to)));
    for (;;) {
        size_t length;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        const uint8_t *bytes = db_bytes(rows, 1, &length);
        for (size_t i = 0; i < length / ROSTER_RECORD_SIZE; i++) {
            struct roster_record record = roster_record_at(bytes, i);
            if (record.group >= wanted.count)
                return mlops_fail(err, MLOPS_INTEGRITY, "a roster of %s names no group",
                                  query->model);
            if (wanted.group[record.group])
                TRY(visit(context, db_i64(rows, 0), &record, err));
        }
    }
}
