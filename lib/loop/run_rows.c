/* lib/loop/run_rows.c - triggers and runs as rows, each change with its entry in the log. */
#include "loop/run_rows.h"
#include "base/clock.h"
#include "registry/db.h"

static int known_model(struct mlops_registry *registry, const char *model, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    return mlops_version_list(registry, model, &list, err);
}

/* ---- triggers ------------------------------------------------------------------------------- */

int mlops_retrain_triggers_set(struct mlops_registry *registry, const char *model, const char *text,
                               struct mlops_error *err)
{
    _cleanup_(triggers_clear) struct triggers parsed = {.drift = false};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(triggers_parse(text, &parsed, err));
    TRY(known_model(registry, model, err));
    TRY(transaction_begin(registry, &tx, err));
    if (text)
        TRY(db_exec(transaction_db(tx), err,
                    "INSERT INTO retrain_trigger (model, triggers, set_by, set_ns) "
                    "VALUES ($1, $2, $3, $4) ON CONFLICT (model) DO UPDATE SET "
                    "triggers = excluded.triggers, set_by = excluded.set_by, "
                    "set_ns = excluded.set_ns",
                    DB_TEXT(model), DB_TEXT(text), DB_TEXT(registry_actor(registry)),
                    DB_I64(clock_now_ns())));
    else
        TRY(db_exec(transaction_db(tx), err, "DELETE FROM retrain_trigger WHERE model = $1",
                    DB_TEXT(model)));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "trigger",
                                           .model = model,
                                           .reason = text ? text : "none any more"},
                     err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_retrain_triggers_get(struct mlops_registry *registry, const char *model,
                               struct mlops_retrain_triggers *triggers, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    *triggers = (struct mlops_retrain_triggers){.text = NULL};
    TRY(known_model(registry, model, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT triggers, set_by, set_ns FROM retrain_trigger WHERE model = $1",
                 DB_TEXT(model)));
    TRY(db_step(rows, &any, err));
    if (any)
        *triggers = (struct mlops_retrain_triggers){.text = xstrdup(db_string(rows, 0)),
                                                    .set_by = xstrdup(db_string(rows, 1)),
                                                    .set_ns = db_i64(rows, 2)};
    return MLOPS_OK;
}

void mlops_retrain_triggers_clear(struct mlops_retrain_triggers *triggers)
{
    free(triggers->text);
    free(triggers->set_by);
    *triggers = (struct mlops_retrain_triggers){.text = NULL};
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* The one number that `sql` gives of the model's runs after a time. */
static int ask_number(struct db *db, const char *sql, const char *model, int64_t since_ns,
                      uint64_t *number, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query(db, &rows, err, sql, DB_TEXT(model), DB_I64(since_ns)));
    TRY(db_step(rows, &any, err));
    *number = (uint64_t)db_i64(rows, 0);
    return MLOPS_OK;
}

static const char running[] =
    "SELECT count(*) FROM retrain_run WHERE model = $1 AND status = 'running' AND lease_ns > $2";
static const char free_at[] =
    "SELECT min(lease_ns) FROM retrain_run WHERE model = $1 AND status = 'running' AND lease_ns > "
    "$2";
static const char started[] =
    "SELECT count(*) FROM retrain_run WHERE model = $1 AND started_ns > $2";

/* `*why` NULL: it may. */
static int check_limits(struct db *db, const struct run_begin *begin, int64_t now_ns, char **why,
                        struct mlops_error *err)
{
    const struct triggers *limits = begin->limits;
    const char *model = begin->from->model;
    uint64_t count;
    *why = NULL;
    TRY(ask_number(db, running, model, now_ns, &count, err));
    if (count >= limits->at_most) {
        uint64_t lease_ns;
        char until[32];
        TRY(ask_number(db, free_at, model, now_ns, &lease_ns, err));
        mlops_time_format((int64_t)lease_ns, until);
        *why = xprintf("%llu run already, at most %llu may; one that was killed counts until %s",
                       (unsigned long long)count, (unsigned long long)limits->at_most, until);
        return MLOPS_OK;
    }
    if (begin->by_hand)
        return MLOPS_OK;
    TRY(ask_number(db, started, model, now_ns - limits->cooldown_ns, &count, err));
    if (count > 0 && limits->cooldown_ns > 0) {
        *why = xstrdup("the last run was too short a while ago (cooldown)");
        return MLOPS_OK;
    }
    if (limits->budget) {
        TRY(ask_number(db, started, model, now_ns - limits->budget_ns, &count, err));
        if (count >= limits->budget)
            *why = xprintf("the budget is spent: %llu runs", (unsigned long long)count);
    }
    return MLOPS_OK;
}

int run_begin(struct mlops_registry *registry, const struct run_begin *begin, uint64_t *run,
              char **why, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    int64_t now_ns = clock_now_ns();
    TRY(transaction_begin(registry, &tx, err));
    TRY(check_limits(transaction_db(tx), begin, now_ns, why, err));
    if (*why)
        return MLOPS_OK;
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "retrain",
                                           .model = begin->from->model,
                                           .version = begin->from->number,
                                           .bundle = begin->from->bundle,
                                           .stage = begin->stage,
                                           .reason = begin->trigger},
                     err));
    *run = transaction_entry(tx);
    TRY(db_exec(transaction_db(tx), err,
                "INSERT INTO retrain_run (id, model, stage, reason, from_version, to_version, "
                "started_ns, ended_ns, lease_ns, status) "
                "VALUES ($1, $2, $3, $4, $5, 0, $6, 0, $7, 'running')",
                DB_I64(*run), DB_TEXT(begin->from->model), DB_TEXT(begin->stage),
                DB_TEXT(begin->trigger), DB_I64(begin->from->number), DB_I64(now_ns),
                DB_I64(now_ns + begin->lease_ns)));
    return transaction_commit(TAKE_PTR(tx), err);
}

int run_end(struct mlops_registry *registry, uint64_t run, const struct mlops_version *from,
            const struct mlops_version *to, const char *status, const char *message,
            const char *detail, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(free_string) char *reason = xprintf("%s%s%s", status, *message ? ": " : "", message);
    TRY(transaction_begin(registry, &tx, err));
    TRY(db_exec(transaction_db(tx), err,
                "UPDATE retrain_run SET to_version = $1, ended_ns = $2, status = $3 WHERE id = $4",
                DB_I64(to->number), DB_I64(clock_now_ns()), DB_TEXT(status), DB_I64(run)));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "retrained",
                                           .model = from->model,
                                           .version = to->number,
                                           .previous = from->number,
                                           .bundle = to->number ? to->bundle : NULL,
                                           .reason = reason,
                                           .detail = detail},
                     err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int run_last(struct mlops_registry *registry, const char *model, const char *stage,
             int64_t *last_ns, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT COALESCE(MAX(started_ns), 0) FROM retrain_run "
                 "WHERE model = $1 AND stage = $2",
                 DB_TEXT(model), DB_TEXT(stage)));
    TRY(db_step(rows, &any, err));
    *last_ns = db_i64(rows, 0);
    return MLOPS_OK;
}

static int read_runs(struct mlops_registry *registry, const char *model,
                     struct mlops_retrain_run_list *list, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT id, from_version, to_version, stage, reason, status, started_ns, ended_ns "
                 "FROM retrain_run WHERE model = $1 ORDER BY id DESC",
                 DB_TEXT(model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(list->items, list->count, &capacity);
        list->items[list->count++] =
            (struct mlops_retrain_run){.run = (uint64_t)db_i64(rows, 0),
                                       .from = (uint64_t)db_i64(rows, 1),
                                       .to = (uint64_t)db_i64(rows, 2),
                                       .stage = xstrdup(db_string(rows, 3)),
                                       .trigger = xstrdup(db_string(rows, 4)),
                                       .status = xstrdup(db_string(rows, 5)),
                                       .started_ns = db_i64(rows, 6),
                                       .ended_ns = db_i64(rows, 7)};
    }
}

int mlops_retrain_runs(struct mlops_registry *registry, const char *model,
                       struct mlops_retrain_run_list *list, struct mlops_error *err)
{
    *list = (struct mlops_retrain_run_list){0};
    TRY(known_model(registry, model, err));
    int code = read_runs(registry, model, list, err);
    if (code)
        mlops_retrain_run_list_clear(list);
    return code;
}

void mlops_retrain_run_list_clear(struct mlops_retrain_run_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].stage);
        free(list->items[i].trigger);
        free(list->items[i].status);
    }
    free(list->items);
    *list = (struct mlops_retrain_run_list){0};
}
