/* lib/monitor/window_rows.c - windows in the database: by group, level and start. */
#include "base/clock.h"
#include "monitor/window.h"
#include "registry/db.h"

static int damaged(struct mlops_error *err, int code, int64_t start_ns)
{
    char when[32];
    if (code != MLOPS_INTEGRITY)
        return code;
    mlops_time_format(start_ns, when);
    return mlops_wrap(err, "the window of %s", when);
}

/* The columns `first` (measures) and `first + 1` (profiles) of the present row. */
static int decode_row(const struct db_rows *rows, int first, bool profiles, int64_t start_ns,
                      struct window *window, struct mlops_error *err)
{
    size_t measures_length, profiles_length = 0;
    const void *measures = db_bytes(rows, first, &measures_length);
    const void *bytes = profiles ? db_bytes(rows, first + 1, &profiles_length) : NULL;
    return damaged(err,
                   window_decode(measures, measures_length, bytes, profiles_length, window, err),
                   start_ns);
}

/* ---- reading -------------------------------------------------------------------------------- */

static const char with_profiles[] =
    "SELECT g.id, g.version, g.stage, g.segment, g.shadow, w.start_ns, w.measures, w.profiles "
    "FROM monitor_group g JOIN monitor_window w ON w.group_id = g.id "
    "WHERE g.model = $1 AND w.level = $2 AND w.start_ns >= $3 AND w.start_ns < $4 "
    "ORDER BY w.start_ns, g.version DESC, g.stage, g.segment, g.shadow";
static const char without_profiles[] =
    "SELECT g.id, g.version, g.stage, g.segment, g.shadow, w.start_ns, w.measures "
    "FROM monitor_group g JOIN monitor_window w ON w.group_id = g.id "
    "WHERE g.model = $1 AND w.level = $2 AND w.start_ns >= $3 AND w.start_ns < $4 "
    "ORDER BY w.start_ns, g.version DESC, g.stage, g.segment, g.shadow";

static bool matches(const struct window_query *query, const struct db_rows *rows)
{
    bool shadow = db_i64(rows, 4) != 0;
    return (query->version == 0 || (uint64_t)db_i64(rows, 1) == query->version) &&
           (!query->stage || str_equal(query->stage, db_string(rows, 2))) &&
           (!query->segment || str_equal(query->segment, db_string(rows, 3))) &&
           (query->shadow == SHADOW_ALL || shadow == (query->shadow == SHADOW_ONLY));
}

typedef int (*row_visit)(void *context, const struct db_rows *rows, struct window *window,
                         struct mlops_error *err);

/* `visit` takes over what is in the window. */
static int visit_rows(struct mlops_registry *registry, const struct window_query *query,
                      row_visit visit, void *context, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct db *db = registry_db(registry);
    bool more;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(db, &rows, err, query->profiles ? with_profiles : without_profiles,
                 DB_TEXT(query->model), DB_I64(query->level), DB_I64(query->from_ns),
                 DB_I64(query->to_ns)));
    for (;;) {
        struct window window = {0};
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        if (!matches(query, rows))
            continue;
        TRY(decode_row(rows, 6, query->profiles, db_i64(rows, 5), &window, err));
        TRY(visit(context, rows, &window, err));
    }
}

static void read_group(const struct db_rows *rows, struct group *group)
{
    *group = (struct group){.id = db_i64(rows, 0),
                            .version = (uint64_t)db_i64(rows, 1),
                            .stage = xstrdup(db_string(rows, 2)),
                            .segment = xstrdup(db_string(rows, 3)),
                            .shadow = db_i64(rows, 4) != 0};
}

struct gathering {
    struct window_list *list;
    enum window_level level;
    size_t capacity;
};

static int gather(void *context, const struct db_rows *rows, struct window *window,
                  struct mlops_error *err)
{
    struct gathering *gathering = context;
    struct window_list *list = gathering->list;
    (void)err;
    GROW(list->rows, list->count, &gathering->capacity);
    struct window_row *row = &list->rows[list->count++];
    *row = (struct window_row){.level = gathering->level, .start_ns = db_i64(rows, 5)};
    read_group(rows, &row->group);
    row->window = *window;
    return MLOPS_OK;
}

int windows_read(struct mlops_registry *registry, const struct window_query *query,
                 struct window_list *list, struct mlops_error *err)
{
    struct gathering gathering = {list, query->level, 0};
    *list = (struct window_list){0};
    int code = visit_rows(registry, query, gather, &gathering, err);
    if (code)
        window_list_clear(list);
    return code;
}

void window_list_clear(struct window_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        group_clear(&list->rows[i].group);
        window_clear(&list->rows[i].window);
    }
    free(list->rows);
    *list = (struct window_list){0};
}

static int merge_in(void *context, const struct db_rows *rows, struct window *window,
                    struct mlops_error *err)
{
    (void)rows;
    (void)err;
    window_merge(context, window);
    window_clear(window);
    return MLOPS_OK;
}

int windows_merged(struct mlops_registry *registry, const struct window_query *query,
                   struct window *merged, struct mlops_error *err)
{
    *merged = (struct window){0};
    int code = visit_rows(registry, query, merge_in, merged, err);
    if (code)
        window_clear(merged);
    return code;
}

int groups_read(struct mlops_registry *registry, const char *model, struct group **groups,
                size_t *count, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;
    *groups = NULL;
    *count = 0;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT id, version, stage, segment, shadow FROM monitor_group "
                 "WHERE model = $1 ORDER BY version DESC, stage, segment, shadow",
                 DB_TEXT(model)));
    for (;;) {
        int code = db_step(rows, &more, err);
        if (code) {
            groups_free(*groups, *count);
            *groups = NULL;
            *count = 0;
            return code;
        }
        if (!more)
            return MLOPS_OK;
        GROW(*groups, *count, &capacity);
        read_group(rows, &(*groups)[(*count)++]);
    }
}

void groups_free(struct group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++)
        group_clear(&groups[i]);
    free(groups);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int read_one(struct db *db, int64_t group, enum window_level level, int64_t start_ns,
                    bool profiles, struct window *window, bool *there, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(db_query(db, &rows, err,
                 "SELECT measures, profiles FROM monitor_window "
                 "WHERE group_id = $1 AND level = $2 AND start_ns = $3",
                 DB_I64(group), DB_I64(level), DB_I64(start_ns)));
    TRY(db_step(rows, there, err));
    if (*there)
        TRY(decode_row(rows, 0, profiles, start_ns, window, err));
    return MLOPS_OK;
}

int window_write(struct db *db, int64_t group, enum window_level level, int64_t start_ns,
                 const struct window *delta, struct mlops_error *err)
{
    _cleanup_(window_clear) struct window window = {0};
    _cleanup_(buffer_clear) struct buffer measures = {0}, profiles = {0};
    bool there;
    TRY(read_one(db, group, level, start_ns, true, &window, &there, err));
    if (there)
        window_merge(&window, delta);
    window_encode(there ? &window : delta, &measures, &profiles);
    return db_exec(db, err,
                   "INSERT INTO monitor_window (group_id, level, start_ns, measures, profiles) "
                   "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (group_id, level, start_ns) "
                   "DO UPDATE SET measures = excluded.measures, profiles = excluded.profiles",
                   DB_I64(group), DB_I64(level), DB_I64(start_ns),
                   DB_BLOB(measures.data, measures.length), DB_BLOB(profiles.data, profiles.length));
}

int window_write_performance(struct db *db, int64_t group, enum window_level level,
                             int64_t start_ns, const struct performance *delta,
                             struct mlops_error *err)
{
    _cleanup_(window_clear) struct window window = {0};
    _cleanup_(buffer_clear) struct buffer measures = {0}, unused = {0};
    bool there;
    TRY(read_one(db, group, level, start_ns, false, &window, &there, err));
    if (!there)
        return MLOPS_OK;
    performance_merge(&window.performance, delta);
    window_encode(&window, &measures, &unused);
    return db_exec(db, err,
                   "UPDATE monitor_window SET measures = $4 "
                   "WHERE group_id = $1 AND level = $2 AND start_ns = $3",
                   DB_I64(group), DB_I64(level), DB_I64(start_ns),
                   DB_BLOB(measures.data, measures.length));
}
