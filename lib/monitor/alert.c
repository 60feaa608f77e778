/* lib/monitor/alert.c - alerts open, stay one while they last, and resolve. */
#include "monitor/alert.h"
#include "base/clock.h"
#include "monitor/silence.h"
#include "registry/db.h"
#include "registry/registry.h"

/* cleared_ns: since when the rule holds again while the alert is still open. */
struct stored {
    struct mlops_alert alert;
    int64_t cleared_ns;
};

static void alert_clear(struct mlops_alert *alert)
{
    free(alert->what);
    free(alert->cause);
    *alert = (struct mlops_alert){.what = NULL};
}

static void read_row(const struct db_rows *rows, struct stored *stored)
{
    struct mlops_alert *alert = &stored->alert;
    *stored = (struct stored){.cleared_ns = db_i64(rows, 10)};
    str_copy(alert->model, sizeof(alert->model), db_string(rows, 0));
    str_copy(alert->stage, sizeof(alert->stage), db_string(rows, 1));
    str_copy(alert->rule, sizeof(alert->rule), db_string(rows, 2));
    alert->since_ns = db_i64(rows, 3);
    alert->version = (uint64_t)db_i64(rows, 4);
    str_copy(alert->severity, sizeof(alert->severity), db_string(rows, 5));
    alert->opened_ns = db_i64(rows, 6);
    alert->resolved_ns = db_i64(rows, 7);
    alert->what = xstrdup(db_string(rows, 8));
    alert->cause = xstrdup(db_string(rows, 9));
    alert->state = alert->resolved_ns ? MLOPS_ALERT_RESOLVED
                   : alert->opened_ns ? MLOPS_ALERT_OPEN
                                      : MLOPS_ALERT_PENDING;
}

static int write_row(struct db *db, const struct stored *stored, struct mlops_error *err)
{
    const struct mlops_alert *alert = &stored->alert;
    return db_exec(db, err,
                   "INSERT INTO monitor_alert (model, stage, rule, since_ns, version, severity, "
                   "opened_ns, resolved_ns, what, cause, cleared_ns) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
                   "ON CONFLICT (model, stage, rule, since_ns) DO UPDATE SET "
                   "version = excluded.version, severity = excluded.severity, "
                   "opened_ns = excluded.opened_ns, resolved_ns = excluded.resolved_ns, "
                   "what = excluded.what, cause = excluded.cause, cleared_ns = excluded.cleared_ns",
                   DB_TEXT(alert->model), DB_TEXT(alert->stage), DB_TEXT(alert->rule),
                   DB_I64(alert->since_ns), DB_I64(alert->version), DB_TEXT(alert->severity),
                   DB_I64(alert->opened_ns), DB_I64(alert->resolved_ns), DB_TEXT(alert->what),
                   DB_TEXT(alert->cause), DB_I64(stored->cleared_ns));
}

static int drop_row(struct db *db, const struct mlops_alert *alert, struct mlops_error *err)
{
    return db_exec(db, err,
                   "DELETE FROM monitor_alert WHERE model = $1 AND stage = $2 AND rule = $3 "
                   "AND since_ns = $4",
                   DB_TEXT(alert->model), DB_TEXT(alert->stage), DB_TEXT(alert->rule),
                   DB_I64(alert->since_ns));
}

/* The one that is not resolved; `*there` false: none. */
static int read_live(struct db *db, const struct finding *finding, struct stored *stored,
                     bool *there, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(db_query(db, &rows, err,
                 "SELECT model, stage, rule, since_ns, version, severity, opened_ns, resolved_ns, "
                 "what, cause, cleared_ns FROM monitor_alert WHERE model = $1 AND stage = $2 "
                 "AND rule = $3 AND resolved_ns = 0",
                 DB_TEXT(finding->version->model), DB_TEXT(finding->stage),
                 DB_TEXT(finding->rule)));
    TRY(db_step(rows, there, err));
    if (*there)
        read_row(rows, stored);
    return MLOPS_OK;
}

/* Takes over what the alert owns. */
static void append(struct mlops_alert_list *list, struct mlops_alert *alert)
{
    list->items = xrealloc(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = *alert;
    *alert = (struct mlops_alert){.what = NULL};
}

static void begin(const struct finding *finding, struct stored *stored)
{
    struct mlops_alert *alert = &stored->alert;
    *stored =
        (struct stored){.alert = {.version = finding->version->number, .since_ns = finding->at_ns}};
    str_copy(alert->model, sizeof(alert->model), finding->version->model);
    str_copy(alert->stage, sizeof(alert->stage), finding->stage);
    str_copy(alert->rule, sizeof(alert->rule), finding->rule);
}

static int fails(struct db *db, const struct finding *finding, struct stored *stored,
                 struct mlops_error *err)
{
    struct mlops_alert *alert = &stored->alert;
    free(alert->what);
    free(alert->cause);
    alert->what = xstrdup(finding->what);
    alert->cause = xstrdup(finding->cause);
    str_copy(alert->severity, sizeof(alert->severity), finding->severity);
    stored->cleared_ns = 0;
    if (!alert->opened_ns && finding->at_ns - alert->since_ns >= finding->for_ns) {
        alert->opened_ns = finding->at_ns;
        alert->changed = true;
    }
    alert->state = alert->opened_ns ? MLOPS_ALERT_OPEN : MLOPS_ALERT_PENDING;
    return write_row(db, stored, err);
}

static int holds(struct db *db, const struct finding *finding, struct stored *stored,
                 struct mlops_error *err)
{
    struct mlops_alert *alert = &stored->alert;
    if (!alert->opened_ns)
        return drop_row(db, alert, err);
    if (!stored->cleared_ns)
        stored->cleared_ns = finding->at_ns;
    if (finding->at_ns - stored->cleared_ns >= finding->recover_ns) {
        alert->resolved_ns = finding->at_ns;
        alert->state = MLOPS_ALERT_RESOLVED;
        alert->changed = true;
    }
    return write_row(db, stored, err);
}

int alert_advance(struct db *db, const struct finding *finding, struct mlops_alert_list *list,
                  struct mlops_error *err)
{
    struct stored stored = {.cleared_ns = 0};
    bool there, fresh;
    int code = MLOPS_OK;

    TRY(read_live(db, finding, &stored, &there, err));
    fresh = !there && finding->known && !finding->holds;
    if (fresh)
        begin(finding, &stored);
    if (finding->known && !finding->holds)
        code = fails(db, finding, &stored, err);
    else if (finding->known && there)
        code = holds(db, finding, &stored, err);
    if (code == MLOPS_OK && (fresh || (there && (stored.alert.opened_ns || !finding->holds))))
        append(list, &stored.alert);
    alert_clear(&stored.alert);
    return code;
}

static bool named(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (str_equal(name, *names))
            return true;
    return false;
}

static int read_all(struct db *db, const char *model, const char *stage, bool resolved,
                    struct mlops_alert_list *list, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct stored stored;
    bool more;
    TRY(db_query(db, &rows, err,
                 "SELECT model, stage, rule, since_ns, version, severity, opened_ns, resolved_ns, "
                 "what, cause, cleared_ns FROM monitor_alert WHERE model = $1 "
                 "ORDER BY since_ns DESC, stage, rule",
                 DB_TEXT(model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        read_row(rows, &stored);
        if ((!stage || str_equal(stage, stored.alert.stage)) &&
            (resolved || !stored.alert.resolved_ns))
            append(list, &stored.alert);
        alert_clear(&stored.alert);
    }
}

int alert_resolve_others(struct db *db, const struct mlops_version *version, const char *stage,
                         const char *const *names, int64_t at_ns, struct mlops_alert_list *list,
                         struct mlops_error *err)
{
    _cleanup_(mlops_alert_list_clear) struct mlops_alert_list live = {0};
    TRY(read_all(db, version->model, stage, false, &live, err));
    for (size_t i = 0; i < live.count; i++) {
        struct mlops_alert *alert = &live.items[i];
        if (alert->version == version->number && named(alert->rule, names))
            continue;
        if (!alert->opened_ns) {
            TRY(drop_row(db, alert, err));
            continue;
        }
        alert->resolved_ns = at_ns;
        alert->state = MLOPS_ALERT_RESOLVED;
        alert->changed = true;
        TRY(write_row(db, &(struct stored){.alert = *alert, .cleared_ns = at_ns}, err));
        append(list, alert);
    }
    return MLOPS_OK;
}

int mlops_alert_list(struct mlops_registry *registry, const char *model, bool all,
                     struct mlops_alert_list *list, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list versions = {0};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    *list = (struct mlops_alert_list){0};
    TRY(mlops_version_list(registry, model, &versions, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    int code = read_all(registry_db(registry), model, NULL, all, list, err);
    if (code == MLOPS_OK)
        code = silences_apply(registry_db(registry), model, clock_now_ns(), list, err);
    if (code)
        mlops_alert_list_clear(list);
    return code;
}

void mlops_alert_list_clear(struct mlops_alert_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        alert_clear(&list->items[i]);
    free(list->items);
    *list = (struct mlops_alert_list){0};
}

const char *mlops_alert_state_name(enum mlops_alert_state state)
{
    static const char *const names[] = {"pending", "open", "resolved"};
    return names[state];
}
