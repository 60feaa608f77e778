/* lib/monitor/label.c - labels joined to the events that they are of, whenever they come. */
#include "base/clock.h"
#include "monitor/labels.h"
#include "monitor/roster_rows.h"
#include "monitor/window.h"
#include "registry/db.h"
#include "table/table.h"

/* An event that a label is of. */
struct match {
    int64_t minute;
    struct roster_record record;
};

struct match_list {
    struct match *items;
    size_t count, capacity;
};

static void match_list_clear(struct match_list *list)
{
    free(list->items);
}

/* What changes in one window. */
struct change {
    uint32_t group;
    enum window_level level;
    int64_t start_ns;
    struct performance delta;
};

struct labelling {
    struct mlops_registry *registry;
    const char *model;
    struct mlops_monitor_labelled *report;
    struct label_list labels; /* sorted */
    struct match_list matches;
    struct id_set joined;
    int64_t *groups; /* their ids, as rosters number them */
    size_t group_count;
    struct change *changes;
    size_t change_count, change_capacity;
    uint64_t batch; /* of what is written */
};

static void labelling_clear(struct labelling *labelling)
{
    for (size_t i = 0; i < labelling->change_count; i++)
        performance_clear(&labelling->changes[i].delta);
    free(labelling->changes);
    free(labelling->groups);
    label_list_clear(&labelling->labels);
    match_list_clear(&labelling->matches);
    id_set_clear(&labelling->joined);
}

/* ---- the file ------------------------------------------------------------------------------- */

static int read_row(struct labelling *labelling, const struct batch *batch, const size_t at[3],
                    size_t row, uint64_t line, const char *path, struct mlops_error *err)
{
    const struct column *ids = &batch->columns[at[0]], *labels = &batch->columns[at[1]];
    struct label_record record = {.time_ns = clock_now_ns()};
    labelling->report->received++;
    if (ids->missing[row] || labels->missing[row])
        return mlops_fail(err, MLOPS_INVALID, "%s:%llu: no %s", path, (unsigned long long)line,
                          ids->missing[row] ? "id" : "label");
    if (at[2] != SIZE_MAX && !batch->columns[at[2]].missing[row]) {
        const struct text_view *time = &batch->columns[at[2]].texts[row];
        if (!clock_parse(time->data, time->length, &record.time_ns))
            return mlops_fail(err, MLOPS_INVALID, "%s:%llu: '%.*s' is no time", path,
                              (unsigned long long)line, (int)time->length, time->data);
    }
    record.id = roster_id(ids->texts[row].data, ids->texts[row].length);
    record.label = outcome_class(labels->texts[row].data, labels->texts[row].length);
    label_list_add(&labelling->labels, &record);
    return MLOPS_OK;
}

static int read_labels(struct labelling *labelling, const char *path, struct mlops_error *err)
{
    struct column_schema texts[] = {{(char[]){"id"}, COLUMN_TEXT},
                                    {(char[]){"label"}, COLUMN_TEXT},
                                    {(char[]){"time"}, COLUMN_TEXT}};
    const struct table_schema expected = {texts, ARRAY_LENGTH(texts)};
    const struct table_options options = {.expected = &expected,
                                          .only_expected = true,
                                          .observer = registry_observer(labelling->registry)};
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    const struct batch *batch;
    bool more = true;
    TRY(table_open(path, &options, &reader, err));
    const struct table_schema *schema = table_schema(reader);
    const size_t at[3] = {table_schema_find(schema, "id"), table_schema_find(schema, "label"),
                          table_schema_find(schema, "time")};
    if (at[0] == SIZE_MAX || at[1] == SIZE_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s: labels have no '%s'", path,
                          at[0] == SIZE_MAX ? "id" : "label");
    for (;;) {
        TRY(table_next(reader, &batch, &more, err));
        if (!more)
            break;
        for (size_t row = 0; row < batch->rows; row++)
            TRY(read_row(labelling, batch, at, row, table_line(reader, row), path, err));
    }
    label_list_sort(&labelling->labels);
    return MLOPS_OK;
}

/* ---- joining -------------------------------------------------------------------------------- */

static int load_groups(struct labelling *labelling, struct db *db, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;
    TRY(db_query(db, &rows, err, "SELECT id FROM monitor_group WHERE model = $1 ORDER BY id",
                 DB_TEXT(labelling->model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(labelling->groups, labelling->group_count, &capacity);
        labelling->groups[labelling->group_count++] = db_i64(rows, 0);
    }
}

struct search {
    struct id_set wanted;
    struct match_list *matches;
};

static void search_clear(struct search *search)
{
    id_set_clear(&search->wanted);
}

static int take_match(void *context, int64_t minute, const struct roster_record *record,
                      struct mlops_error *err)
{
    struct search *search = context;
    struct match_list *matches = search->matches;
    (void)err;
    if (!id_set_has(&search->wanted, record->id))
        return MLOPS_OK;
    GROW(matches->items, matches->count, &matches->capacity);
    matches->items[matches->count++] = (struct match){minute, *record};
    return MLOPS_OK;
}

/* All counted events of the ids that have a label now. */
static int find_matches(struct labelling *labelling, struct db *db, struct mlops_error *err)
{
    _cleanup_(search_clear) struct search search = {.matches = &labelling->matches};
    for (size_t i = 0; i < labelling->labels.count; i++)
        (void)id_set_add(&search.wanted, labelling->labels.records[i].id);
    return roster_visit(
        db,
        &(struct roster_query){
            .model = labelling->model, .all = true, .from = INT64_MIN, .to = INT64_MAX},
        take_match, &search, err);
}

static struct performance *find_change(struct labelling *labelling, uint32_t group,
                                       enum window_level level, int64_t start_ns)
{
    for (size_t i = labelling->change_count; i-- > 0;) {
        struct change *change = &labelling->changes[i];
        if (change->level == level && change->start_ns == start_ns && change->group == group)
            return &change->delta;
        if (change->level == LEVEL_DAY && change->start_ns < window_start_ns(LEVEL_DAY, start_ns))
            break; /* matches come in the order of time */
    }
    GROW(labelling->changes, labelling->change_count, &labelling->change_capacity);
    struct change *change = &labelling->changes[labelling->change_count++];
    *change = (struct change){.group = group, .level = level, .start_ns = start_ns};
    return &change->delta;
}

static void change_windows(struct labelling *labelling, const struct match *match, uint32_t label,
                           int sign)
{
    const struct outcome outcome = {match->record.score, match->record.prediction, label};
    for (int level = LEVEL_COUNT - 1; level >= 0; level--) {
        int64_t start_ns = window_start_ns((enum window_level)level, match->minute * MINUTE_NS);
        performance_count(
            find_change(labelling, match->record.group, (enum window_level)level, start_ns),
            &outcome, sign);
    }
}

/* The matches of one minute. */
static int join_minute(struct labelling *labelling, struct db *db, const struct match *matches,
                       size_t count, struct mlops_error *err)
{
    _cleanup_(label_list_clear) struct label_list known = {0}, changed = {0};
    struct mlops_monitor_labelled *report = labelling->report;
    TRY(labels_read(db, labelling->model, matches->minute, &known, err));
    for (size_t i = 0; i < count; i++) {
        uint64_t id = matches[i].record.id;
        const struct label_record *label = label_list_find(&labelling->labels, id);
        const struct label_record *before = label_list_find(&known, id);
        bool same = before && before->label == label->label;
        if (id_set_add(&labelling->joined, id)) {
            report->joined++;
            report->unchanged += same;
            report->replaced += before && !same;
        }
        if (same)
            continue;
        if (before)
            change_windows(labelling, &matches[i], before->label, -1);
        change_windows(labelling, &matches[i], label->label, 1);
        label_list_add(&changed, label);
    }
    label_list_sort(&changed);
    return labels_write(db, labelling->model, matches->minute, labelling->batch, &changed, err);
}

static int join(struct labelling *labelling, struct db *db, struct mlops_error *err)
{
    const struct match_list *matches = &labelling->matches;
    for (size_t i = 0, next; i < matches->count; i = next) {
        for (next = i;
             next < matches->count && matches->items[next].minute == matches->items[i].minute;)
            next++;
        TRY(join_minute(labelling, db, &matches->items[i], next - i, err));
    }
    for (size_t i = 0; i < labelling->change_count; i++) {
        const struct change *change = &labelling->changes[i];
        if (change->group >= labelling->group_count)
            return mlops_fail(err, MLOPS_INTEGRITY, "a roster of %s names no group",
                              labelling->model);
        TRY(window_write_performance(db, labelling->groups[change->group], change->level,
                                     change->start_ns, &change->delta, err));
    }
    return MLOPS_OK;
}

/* Labels whose event has not come wait for it. */
static int keep_pending(struct labelling *labelling, struct db *db, struct mlops_error *err)
{
    _cleanup_(label_list_clear) struct label_list pending = {0};
    size_t count = 0;
    TRY(pending_read(db, labelling->model, &pending, err));
    for (size_t i = 0; i < labelling->labels.count; i++)
        if (!id_set_has(&labelling->joined, labelling->labels.records[i].id)) {
            label_list_add(&pending, &labelling->labels.records[i]);
            count++;
        }
    labelling->report->pending = count;
    if (count == 0)
        return MLOPS_OK;
    label_list_sort(&pending);
    return pending_write(db, labelling->model, labelling->batch, &pending, err);
}

/* Ingests that run find the number moved, and what they take in next sees these labels. */
static int next_batch(struct labelling *labelling, struct db *db, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool there;
    TRY(db_exec(db, err,
                "INSERT INTO monitor_model (model, batch, newest_ns, received, counted, "
                "duplicates, malformed, unknown, future, late) "
                "VALUES ($1, 1, $2, 0, 0, 0, 0, 0, 0, 0) "
                "ON CONFLICT (model) DO UPDATE SET batch = monitor_model.batch + 1",
                DB_TEXT(labelling->model), DB_I64(INT64_MIN / 2)));
    TRY(db_query(db, &rows, err, "SELECT batch FROM monitor_model WHERE model = $1",
                 DB_TEXT(labelling->model)));
    TRY(db_step(rows, &there, err));
    labelling->batch = (uint64_t)db_i64(rows, 0);
    return MLOPS_OK;
}

static int join_all(struct labelling *labelling, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(transaction_begin(labelling->registry, &tx, err));
    struct db *db = transaction_db(tx);
    TRY(next_batch(labelling, db, err));
    TRY(load_groups(labelling, db, err));
    TRY(find_matches(labelling, db, err));
    TRY(join(labelling, db, err));
    TRY(keep_pending(labelling, db, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_monitor_label(struct mlops_registry *registry, const char *model, const char *path,
                        struct mlops_monitor_labelled *labelled, struct mlops_error *err)
{
    _cleanup_(labelling_clear) struct labelling labelling = {
        .registry = registry, .model = model, .report = labelled};
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    *labelled = (struct mlops_monitor_labelled){0};
    TRY(mlops_version_list(registry, model, &list, err));
    TRY(read_labels(&labelling, path, err));
    return join_all(&labelling, err);
}
