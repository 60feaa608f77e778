/* lib/loop/run_rows.c - triggers and runs as rows, each change with its entry in the log. */
#include "loop/run_rows.h"
#include "base/clock.h"
#include "base/process_identity.h"
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

static const char started[] =
    "SELECT count(*) FROM retrain_run WHERE model = $1 AND started_ns > $2";

/* Runs of a model that have not said that they ended. */
struct running {
    struct running_run {
        uint64_t run, from;
        int64_t lease_ns;
        bool gone; /* its process, from this machine */
    } * items;
    size_t count;
};

static void running_clear(struct running *running)
{
    free(running->items);
    *running = (struct running){.items = NULL};
}

static int running_read(struct db *db, const char *model, struct running *running,
                        struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;
    TRY(db_query(db, &rows, err,
                 "SELECT id, from_version, lease_ns, holder FROM retrain_run "
                 "WHERE model = $1 AND status = 'running' ORDER BY id",
                 DB_TEXT(model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(running->items, running->count, &capacity);
        running->items[running->count++] =
            (struct running_run){.run = (uint64_t)db_i64(rows, 0),
                                 .from = (uint64_t)db_i64(rows, 1),
                                 .lease_ns = db_i64(rows, 2),
                                 .gone = process_identity_gone(db_string(rows, 3))};
    }
}

static bool is_lost(const struct running_run *run, int64_t now_ns)
{
    return run->gone || run->lease_ns <= now_ns;
}

/* Its end in the log is written by who takes its place. */
static int lose(struct transaction *tx, const char *model, const struct running_run *run,
                struct mlops_error *err)
{
    _cleanup_(free_string) char *detail = xprintf("{\"run\":%llu}", (unsigned long long)run->run);
    TRY(db_exec(transaction_db(tx), err,
                "UPDATE retrain_run SET ended_ns = $1, status = 'lost' WHERE id = $2",
                DB_I64(clock_now_ns()), DB_I64(run->run)));
    return audit_append(
        tx,
        &(struct audit_entry){.action = "retrained",
                              .model = model,
                              .previous = run->from,
                              .reason = run->gone ? "lost: its process is gone"
                                                  : "lost: it did not renew its place in time",
                              .detail = detail},
        err);
}

/* `*held` places are held, of which the first is free again at `*free_ns` should that run be dead;
 * runs that are lost have ended. */
static int count_held(struct transaction *tx, const char *model, uint64_t *held, int64_t *free_ns,
                      struct mlops_error *err)
{
    _cleanup_(running_clear) struct running running = {.items = NULL};
    int64_t now_ns;
    *held = 0;
    *free_ns = INT64_MAX;
    TRY(running_read(transaction_db(tx), model, &running, err));
    TRY(db_now_ns(transaction_db(tx), &now_ns, err));
    for (size_t i = 0; i < running.count; i++) {
        const struct running_run *run = &running.items[i];
        if (is_lost(run, now_ns)) {
            TRY(lose(tx, model, run, err));
            continue;
        }
        ++*held;
        if (run->lease_ns < *free_ns)
            *free_ns = run->lease_ns;
    }
    return MLOPS_OK;
}

/* `*why` NULL: it may. */
static int check_limits(struct transaction *tx, const struct run_begin *begin, int64_t now_ns,
                        char **why, struct mlops_error *err)
{
    const struct triggers *limits = begin->limits;
    const char *model = begin->from->model;
    struct db *db = transaction_db(tx);
    uint64_t count;
    int64_t free_ns;
    *why = NULL;
    TRY(count_held(tx, model, &count, &free_ns, err));
    if (count >= limits->at_most) {
        char at[32];
        mlops_time_format(free_ns, at);
        *why = xprintf("%llu run already, at most %llu may; if one of them is dead, its place is "
                       "free at %s",
                       (unsigned long long)count, (unsigned long long)limits->at_most, at);
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
    _cleanup_(free_string) char *holder = process_identity();
    int64_t now_ns = clock_now_ns(), lease_from_ns;
    TRY(transaction_begin(registry, &tx, err));
    TRY(check_limits(tx, begin, now_ns, why, err));
    if (*why)
        return MLOPS_OK;
    TRY(db_now_ns(transaction_db(tx), &lease_from_ns, err));
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
                "started_ns, ended_ns, lease_ns, status, holder) "
                "VALUES ($1, $2, $3, $4, $5, 0, $6, 0, $7, 'running', $8)",
                DB_I64(*run), DB_TEXT(begin->from->model), DB_TEXT(begin->stage),
                DB_TEXT(begin->trigger), DB_I64(begin->from->number), DB_I64(now_ns),
                DB_I64(lease_from_ns + begin->lease_ns), DB_TEXT(holder)));
    return transaction_commit(TAKE_PTR(tx), err);
}

int run_renew(struct mlops_registry *registry, uint64_t run, int64_t lease_ns, bool *kept,
              struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    int64_t now_ns;
    TRY(transaction_begin(registry, &tx, err));
    TRY(db_now_ns(transaction_db(tx), &now_ns, err));
    TRY(db_exec(transaction_db(tx), err,
                "UPDATE retrain_run SET lease_ns = $1 WHERE id = $2 AND status = 'running'",
                DB_I64(now_ns + lease_ns), DB_I64(run)));
    *kept = db_changes(transaction_db(tx)) > 0;
    return transaction_commit(TAKE_PTR(tx), err);
}

void run_guard(struct mlops_registry *registry, uint64_t run, const char *model)
{
    _cleanup_(free_string) char *why =
        xprintf("run %llu of %s was taken for dead, and lost its place: it ends here",
                (unsigned long long)run, model);
    registry_guard(registry,
                   run ? "SELECT 1 FROM retrain_run WHERE id = $1 AND status = 'running'" : NULL,
                   run, why);
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
    int64_t now_ns;
    bool more;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_now_ns(registry_db(registry), &now_ns, err));
    TRY(db_query(registry_db(registry), &rows, err,
                 "SELECT id, from_version, to_version, stage, reason, status, started_ns, "
                 "ended_ns, lease_ns, holder FROM retrain_run WHERE model = $1 ORDER BY id DESC",
                 DB_TEXT(model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(list->items, list->count, &capacity);
        const char *status = db_string(rows, 5);
        if (str_equal(status, "running") &&
            is_lost(&(struct running_run){.lease_ns = db_i64(rows, 8),
                                          .gone = process_identity_gone(db_string(rows, 9))},
                    now_ns))
            status = "lost"; /* whoever begins next writes so */
        list->items[list->count++] =
            (struct mlops_retrain_run){.run = (uint64_t)db_i64(rows, 0),
                                       .from = (uint64_t)db_i64(rows, 1),
                                       .to = (uint64_t)db_i64(rows, 2),
                                       .stage = xstrdup(db_string(rows, 3)),
                                       .trigger = xstrdup(db_string(rows, 4)),
                                       .status = xstrdup(status),
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
