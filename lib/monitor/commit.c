/* lib/monitor/commit.c - a batch of events as one transaction: all of it, or nothing. */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "monitor/ingest.h"
#include "monitor/labels.h"
#include "monitor/segment.h"
#include "registry/db.h"
#include "stats/profile_column.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define ATTEMPTS 20
#define SWEEP_NS (60 * MINUTE_NS)
#define KEEP_HOURS_NS (90 * 1440 * MINUTE_NS)

/* ---- what the database says -------------------------------------------------------------- */

static int load_model(struct ingest *ingest, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool there;
    TRY(db_query(registry_db(ingest->registry), &rows, err,
                 "SELECT batch, newest_ns, received, counted, duplicates, malformed, unknown, "
                 "future, late FROM monitor_model WHERE model = $1",
                 DB_TEXT(ingest->options.model)));
    TRY(db_step(rows, &there, err));
    ingest->batch = there ? (uint64_t)db_i64(rows, 0) : 0;
    ingest->newest_ns = there ? db_i64(rows, 1) : INT64_MIN / 2;
    ingest->stored = (struct mlops_monitor_counts){0};
    uint64_t *counts[] = {&ingest->stored.received,   &ingest->stored.counted,
                          &ingest->stored.duplicates, &ingest->stored.malformed,
                          &ingest->stored.unknown,    &ingest->stored.future,
                          &ingest->stored.late};
    for (int i = 0; there && i < (int)ARRAY_LENGTH(counts); i++)
        *counts[i] = (uint64_t)db_i64(rows, i + 2);
    return MLOPS_OK;
}

static int load_groups(struct ingest *ingest, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    TRY(db_query(registry_db(ingest->registry), &rows, err,
                 "SELECT id, version, stage, segment, shadow FROM monitor_group "
                 "WHERE model = $1 ORDER BY id",
                 DB_TEXT(ingest->options.model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(ingest->groups, ingest->group_count, &ingest->group_capacity);
        ingest->groups[ingest->group_count++] =
            (struct group){.id = db_i64(rows, 0),
                           .version = (uint64_t)db_i64(rows, 1),
                           .stage = xstrdup(db_string(rows, 2)),
                           .segment = xstrdup(db_string(rows, 3)),
                           .shadow = db_i64(rows, 4) != 0};
    }
}

int ingest_load(struct ingest *ingest, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    TRY(snapshot_begin(ingest->registry, &snapshot, err));
    TRY(load_model(ingest, err));
    return load_groups(ingest, err);
}

/* ---- the dead-letter file ---------------------------------------------------------------- */

/* Before the transaction: a line may stand there twice after a crash, but is never missing. */
static int write_dead_letters(struct ingest *ingest, struct mlops_error *err)
{
    const char *path = ingest->options.dead_letter;
    if (ingest->dead.length == 0)
        return MLOPS_OK;
    _cleanup_(free_string) char *folder = path_parent(path);
    TRY(directory_make(folder, 0755, err));
    _cleanup_(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "open the dead-letter file %s", path);
    if (fd_write_full(fd, ingest->dead.data, ingest->dead.length, err))
        return mlops_wrap(err, "write %s", path);
    if (fdatasync(fd) != 0 && errno != EINVAL && errno != EROFS) /* a pipe has no disk */
        return mlops_fail_errno(err, MLOPS_IO, errno, "write %s", path);
    return MLOPS_OK;
}

/* ---- the transaction --------------------------------------------------------------------- */

static int write_groups(struct ingest *ingest, struct db *db, struct mlops_error *err)
{
    for (size_t i = 0; i < ingest->group_count; i++) {
        struct group *group = &ingest->groups[i];
        _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
        bool any;
        if (group->id)
            continue;
        TRY(db_query(db, &rows, err, "SELECT COALESCE(MAX(id), 0) + 1 FROM monitor_group"));
        TRY(db_step(rows, &any, err));
        int64_t id = db_i64(rows, 0);
        TRY(db_exec(db, err,
                    "INSERT INTO monitor_group (id, model, version, stage, segment, shadow) "
                    "VALUES ($1, $2, $3, $4, $5, $6)",
                    DB_I64(id), DB_TEXT(ingest->options.model), DB_I64(group->version),
                    DB_TEXT(group->stage), DB_TEXT(group->segment), DB_I64(group->shadow)));
        group->id = id;
    }
    return MLOPS_OK;
}

static int compare_windows(const void *a, const void *b)
{
    const struct open_window *x = a, *y = b;
    if (x->minute_ns != y->minute_ns)
        return x->minute_ns < y->minute_ns ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

static void finish(struct profile *profile)
{
    if (profile)
        profile_finish(profile);
}

/* The part of a longer window that the minutes of this batch make. */
struct coarse {
    size_t group;
    enum window_level level;
    int64_t start_ns;
    struct window window;
};

struct coarse_list {
    struct coarse *items;
    size_t count, capacity;
};

static void coarse_clear(struct coarse_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        window_clear(&list->items[i].window);
    free(list->items);
}

static void add_coarse(struct coarse_list *list, size_t group, enum window_level level,
                       const struct open_window *open)
{
    int64_t start_ns = window_start_ns(level, open->minute_ns);
    for (size_t i = 0; i < list->count; i++) {
        struct coarse *item = &list->items[i];
        if (item->group == group && item->level == level && item->start_ns == start_ns) {
            window_merge(&item->window, &open->window);
            return;
        }
    }
    GROW(list->items, list->count, &list->capacity);
    list->items[list->count] = (struct coarse){group, level, start_ns, {0}};
    window_merge(&list->items[list->count++].window, &open->window);
}

static int write_windows(struct ingest *ingest, struct db *db, struct mlops_error *err)
{
    _cleanup_(coarse_clear) struct coarse_list coarse = {0};
    for (size_t i = 0; i < ingest->window_count; i++) {
        struct open_window *open = &ingest->windows[i];
        TRY(window_write(db, ingest->groups[open->group].id, LEVEL_MINUTE, open->minute_ns,
                         &open->window, err));
        add_coarse(&coarse, open->group, LEVEL_HOUR, open);
        add_coarse(&coarse, open->group, LEVEL_DAY, open);
    }
    for (size_t i = 0; i < coarse.count; i++)
        TRY(window_write(db, ingest->groups[coarse.items[i].group].id, coarse.items[i].level,
                         coarse.items[i].start_ns, &coarse.items[i].window, err));
    return MLOPS_OK;
}

/* A row for each minute, whatever the groups. */
static int write_rosters(struct ingest *ingest, struct db *db, struct mlops_error *err)
{
    for (size_t i = 0; i < ingest->window_count;) {
        _cleanup_(buffer_clear) struct buffer bytes = {0};
        int64_t minute_ns = ingest->windows[i].minute_ns;
        for (; i < ingest->window_count && ingest->windows[i].minute_ns == minute_ns; i++)
            roster_encode(&ingest->windows[i].roster, &bytes);
        TRY(db_exec(db, err,
                    "INSERT INTO monitor_roster (model, minute, batch, records) "
                    "VALUES ($1, $2, $3, $4)",
                    DB_TEXT(ingest->options.model), DB_I64(minute_ns / MINUTE_NS),
                    DB_I64(ingest->batch + 1), DB_BLOB(bytes.data, bytes.length)));
    }
    return MLOPS_OK;
}

static void count_label(struct open_window *open, const struct roster_record *record,
                        uint32_t label)
{
    const struct outcome outcome = {record->score, record->prediction, label};
    performance_count(&open->window.performance, &outcome, 1);
}

/* Labels that were there before the events that they are of. */
struct earlier {
    struct label_list pending;   /* no event of theirs had come */
    struct label_list taken;     /* of these: it has */
    struct label_list elsewhere; /* another event of theirs was counted */
};

static void earlier_clear(struct earlier *earlier)
{
    label_list_clear(&earlier->pending);
    label_list_clear(&earlier->taken);
    label_list_clear(&earlier->elsewhere);
}

/* Labels that were there before the events of one minute: pending, of the minute, or elsewhere. */
static int join_minute(struct ingest *ingest, struct db *db, struct open_window *windows,
                       size_t count, struct earlier *earlier, struct mlops_error *err)
{
    _cleanup_(label_list_clear) struct label_list known = {0}, joined = {0};
    int64_t minute = windows->minute_ns / MINUTE_NS;
    TRY(labels_read(db, ingest->options.model, minute, &known, err));
    if (known.count == 0 && earlier->pending.count == 0 && earlier->elsewhere.count == 0)
        return MLOPS_OK;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < windows[i].roster.count; j++) {
            const struct roster_record *record = &windows[i].roster.records[j];
            const struct label_record *late = label_list_find(&earlier->pending, record->id);
            const struct label_record *label = late ? late : label_list_find(&known, record->id);
            const struct label_record *other =
                label ? NULL : label_list_find(&earlier->elsewhere, record->id);
            if (late)
                label_list_add(&earlier->taken, late);
            if (late || other)
                label_list_add(&joined, late ? late : other);
            if (label || other)
                count_label(&windows[i], record, label ? label->label : other->label);
        }
    label_list_sort(&joined);
    for (size_t i = 0; i < joined.count; i++)
        (void)id_set_add(&ingest->labelled.ids, joined.records[i].id);
    return labels_write(db, ingest->options.model, minute, ingest->batch + 1, &joined, err);
}

/* Most ids are new; only where one of them has a label are labels of other minutes read. */
static int find_elsewhere(struct ingest *ingest, struct db *db, struct label_list *elsewhere,
                          struct mlops_error *err)
{
    _cleanup_(id_set_clear) struct id_set wanted = {0};
    TRY(labelled_load(&ingest->labelled, db, ingest->options.model, ingest->batch, err));
    if (ingest->labelled.ids.count == 0)
        return MLOPS_OK;
    for (size_t i = 0; i < ingest->window_count; i++)
        for (size_t j = 0; j < ingest->windows[i].roster.count; j++) {
            uint64_t id = ingest->windows[i].roster.records[j].id;
            if (id_set_has(&ingest->labelled.ids, id))
                (void)id_set_add(&wanted, id);
        }
    return wanted.count ? labelled_find(db, ingest->options.model, &wanted, elsewhere, err)
                        : MLOPS_OK;
}

static int join_labels(struct ingest *ingest, struct db *db, struct mlops_error *err)
{
    _cleanup_(earlier_clear) struct earlier earlier = {0};
    _cleanup_(label_list_clear) struct label_list left = {0};
    const struct label_list *pending = &earlier.pending;
    TRY(pending_read(db, ingest->options.model, &earlier.pending, err));
    TRY(find_elsewhere(ingest, db, &earlier.elsewhere, err));
    for (size_t i = 0, next; i < ingest->window_count; i = next) {
        for (next = i; next < ingest->window_count &&
                       ingest->windows[next].minute_ns == ingest->windows[i].minute_ns;)
            next++;
        TRY(join_minute(ingest, db, &ingest->windows[i], next - i, &earlier, err));
    }
    if (earlier.taken.count == 0)
        return MLOPS_OK;
    label_list_sort(&earlier.taken);
    for (size_t i = 0; i < pending->count; i++)
        if (!label_list_find(&earlier.taken, pending->records[i].id))
            label_list_add(&left, &pending->records[i]);
    return pending_write(db, ingest->options.model, ingest->batch + 1, &left, err);
}

static int write_raw(struct ingest *ingest, struct db *db, struct mlops_error *err)
{
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    if (ingest->window_count == 0)
        return MLOPS_OK; /* nothing of it was counted: the dead-letter file has the rest */
    for (size_t i = 0; i < ingest->window_count; i++) {
        const struct window *window = &ingest->windows[i].window;
        first_ns = window->first_ns < first_ns ? window->first_ns : first_ns;
        last_ns = window->last_ns > last_ns ? window->last_ns : last_ns;
    }
    return db_exec(db, err,
                   "INSERT INTO monitor_segment "
                   "(model, batch, first_ns, last_ns, events, bytes, content) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   DB_TEXT(ingest->options.model), DB_I64(ingest->batch + 1), DB_I64(first_ns),
                   DB_I64(last_ns), DB_I64(ingest->pending.counted), DB_I64(ingest->raw.length),
                   DB_BLOB(ingest->raw.data, ingest->raw.length));
}

static int write_model(struct ingest *ingest, struct db *db, struct mlops_error *err)
{
    const struct mlops_monitor_counts *stored = &ingest->stored, *more = &ingest->pending;
    return db_exec(
        db, err,
        "INSERT INTO monitor_model (model, batch, newest_ns, received, counted, "
        "duplicates, malformed, unknown, future, late) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (model) "
        "DO UPDATE SET batch = excluded.batch, newest_ns = excluded.newest_ns, "
        "received = excluded.received, counted = excluded.counted, "
        "duplicates = excluded.duplicates, malformed = excluded.malformed, "
        "unknown = excluded.unknown, future = excluded.future, late = excluded.late",
        DB_TEXT(ingest->options.model), DB_I64(ingest->batch + 1), DB_I64(ingest->newest_ns),
        DB_I64(stored->received + more->received), DB_I64(stored->counted + more->counted),
        DB_I64(stored->duplicates + more->duplicates), DB_I64(stored->malformed + more->malformed),
        DB_I64(stored->unknown + more->unknown), DB_I64(stored->future + more->future),
        DB_I64(stored->late + more->late));
}

/* Retention counts back from the newest event, not from the clock: a replay keeps as much. */
static int sweep(struct ingest *ingest, struct db *db, struct mlops_error *err)
{
    const struct mlops_monitor_ingest_options *options = &ingest->options;
    int64_t newest_ns = ingest->newest_ns;
    if (ingest->swept_ns && newest_ns - ingest->swept_ns < SWEEP_NS)
        return MLOPS_OK;
    struct db_value model = DB_TEXT(options->model);
    TRY(db_exec(db, err,
                "DELETE FROM monitor_window WHERE group_id IN "
                "(SELECT id FROM monitor_group WHERE model = $1) AND "
                "((level = 0 AND start_ns < $2) OR (level = 1 AND start_ns < $3))",
                model, DB_I64(newest_ns - options->keep_minutes_ns),
                DB_I64(newest_ns - KEEP_HOURS_NS)));
    int64_t minute = (newest_ns - options->keep_ids_ns) / MINUTE_NS;
    TRY(db_exec(db, err, "DELETE FROM monitor_roster WHERE model = $1 AND minute < $2", model,
                DB_I64(minute)));
    TRY(db_exec(db, err, "DELETE FROM monitor_label WHERE model = $1 AND minute < $2", model,
                DB_I64(minute)));
    TRY(db_exec(db, err, "DELETE FROM monitor_segment WHERE model = $1 AND last_ns < $2", model,
                DB_I64(newest_ns - options->keep_raw_ns)));
    ingest->swept_ns = newest_ns;
    labelled_sweep(&ingest->labelled);
    return MLOPS_OK;
}

static int read_batch(struct ingest *ingest, struct db *db, uint64_t *batch,
                      struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool there;
    TRY(db_query(db, &rows, err, "SELECT batch FROM monitor_model WHERE model = $1",
                 DB_TEXT(ingest->options.model)));
    TRY(db_step(rows, &there, err));
    *batch = there ? (uint64_t)db_i64(rows, 0) : 0;
    return MLOPS_OK;
}

/* `*moved`: somebody else committed since we looked, and nothing was done. */
static int write_all(struct ingest *ingest, bool *moved, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    uint64_t batch;
    TRY(transaction_begin(ingest->registry, &tx, err));
    struct db *db = transaction_db(tx);
    TRY(read_batch(ingest, db, &batch, err));
    *moved = batch != ingest->batch;
    if (*moved)
        return MLOPS_OK;
    TRY(write_groups(ingest, db, err));
    TRY(join_labels(ingest, db, err));
    TRY(write_windows(ingest, db, err));
    TRY(write_rosters(ingest, db, err));
    TRY(write_raw(ingest, db, err));
    TRY(write_model(ingest, db, err));
    TRY(sweep(ingest, db, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* ---- a batch ----------------------------------------------------------------------------- */

/* Take the batch in anew, from its raw text, on what the database says now. */
static int start_over(struct ingest *ingest, struct mlops_error *err)
{
    ingest_forget(ingest);
    ingest->line = ingest->batch_line;
    TRY(ingest_load(ingest, err));
    _cleanup_(buffer_clear) struct buffer text = {0};
    for (size_t at = 0, used; at < ingest->raw.length; at += used) {
        TRY(segment_unpack(ingest->raw.data + at, ingest->raw.length - at, &used, &text, err));
        TRY(ingest_retake(ingest, text.data, text.length, err));
    }
    return MLOPS_OK;
}

static void add_counts(struct mlops_monitor_counts *to, const struct mlops_monitor_counts *from)
{
    to->received += from->received;
    to->counted += from->counted;
    to->duplicates += from->duplicates;
    to->malformed += from->malformed;
    to->unknown += from->unknown;
    to->future += from->future;
    to->late += from->late;
}

static void begin_anew(struct ingest *ingest)
{
    add_counts(ingest->counts, &ingest->pending);
    add_counts(&ingest->stored, &ingest->pending);
    ingest->pending = (struct mlops_monitor_counts){0};
    for (size_t i = 0; i < ingest->window_count; i++) {
        window_clear(&ingest->windows[i].window);
        roster_clear(&ingest->windows[i].roster);
        free(ingest->windows[i].rows);
    }
    ingest->window_count = 0;
    ingest->batch++;
    if (ingest->labelled.batch > 0)             /* 0: all are to be read */
        ingest->labelled.batch = ingest->batch; /* those of this one are our own */
    ingest->since_ns = 0;
    buffer_reset(&ingest->raw);
    buffer_reset(&ingest->dead);
}

int ingest_commit(struct ingest *ingest, struct mlops_error *err)
{
    if (ingest->since_ns == 0)
        return MLOPS_OK;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        bool moved = false;
        if (ingest->window_count > 0)
            qsort(ingest->windows, ingest->window_count, sizeof(*ingest->windows), compare_windows);
        for (size_t i = 0; i < ingest->window_count; i++) {
            finish(ingest->windows[i].window.outputs);
            finish(ingest->windows[i].window.features);
        }
        TRY(write_dead_letters(ingest, err));
        TRY(write_all(ingest, &moved, err));
        if (!moved) {
            begin_anew(ingest);
            return MLOPS_OK;
        }
        TRY(start_over(ingest, err));
    }
    return mlops_fail(err, MLOPS_CONFLICT, "other ingests of %s leave this one no turn",
                      ingest->options.model);
}
