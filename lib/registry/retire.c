/* lib/registry/retire.c - versions go out of use for ever; whether one has is asked of the log. */
#include "registry/log_view.h"
#include "registry/reference.h"
#include <mlops/catalog.h>
#include <mlops/text.h>

static int check_stages(struct db *db, const struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    char time[32];
    bool any;

    TRY(db_query(db, &rows, err,
                 "SELECT stage, entered_by, entered_ns FROM stage_entry WHERE model = $1 "
                 "AND number = $2 AND position = (SELECT max(position) FROM stage_entry top "
                 "WHERE top.model = stage_entry.model AND top.stage = stage_entry.stage) "
                 "ORDER BY stage LIMIT 1",
                 DB_TEXT(version->model), DB_I64(version->number)));
    TRY(db_step(rows, &any, err));
    if (!any)
        return MLOPS_OK;
    mlops_time_format(db_i64(rows, 2), time);
    mlops_fail(err, MLOPS_CONFLICT, "%s@%llu is in %s: %s put it there on %s", version->model,
               (unsigned long long)version->number, db_string(rows, 0), db_string(rows, 1), time);
    return mlops_hint(err, "promote another version into %s first", db_string(rows, 0));
}

/* The entry by which it was retired; `*retired` false: none. */
static int find_entry(struct mlops_registry *registry, const char *model, uint64_t number,
                      cJSON **entry, bool *retired, struct mlops_error *err)
{
    struct log_view view;

    TRY(log_view_open(registry, &view, err));
    return log_view_newest(
        &view, &(struct log_query){.action = "retire", .model = model, .version = number}, entry,
        retired, err);
}

int version_check_in_use(struct mlops_registry *registry, const struct mlops_version *version,
                         struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(json_free) cJSON *entry = NULL;
    bool retired;

    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(find_entry(registry, version->model, version->number, &entry, &retired, err));
    if (!retired)
        return MLOPS_OK;
    const char *reason = json_string(entry, "reason", "");
    mlops_fail(err, MLOPS_REFUSED, "%s@%llu was retired by %s on %.10s%s%s", version->model,
               (unsigned long long)version->number, json_string(entry, "actor", "somebody"),
               json_string(entry, "time", ""), *reason ? ": " : "", reason);
    return mlops_hint(err, "a retired version is out of use for ever: register a new one");
}

int mlops_version_retire(struct mlops_registry *registry, const char *ref, const char *reason,
                         struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(json_free) cJSON *entry = NULL;
    bool retired;

    if (!reason || !*reason) {
        mlops_fail(err, MLOPS_INVALID, "to retire a version takes a reason");
        return mlops_hint(err, "say it with --reason: who finds it later will want to know");
    }
    TRY(transaction_begin(registry, &tx, err));
    TRY(version_resolve(tx, ref, version, err));
    TRY(version_check_registered(version, err));
    TRY(check_stages(transaction_db(tx), version, err));
    TRY(find_entry(registry, version->model, version->number, &entry, &retired, err));
    if (retired)
        return mlops_fail(err, MLOPS_CONFLICT, "%s@%llu is retired already, by %s on %.10s",
                          version->model, (unsigned long long)version->number,
                          json_string(entry, "actor", "somebody"), json_string(entry, "time", ""));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "retire",
                                           .model = version->model,
                                           .version = version->number,
                                           .bundle = version->bundle,
                                           .reason = reason},
                     err));
    TRY(db_exec(transaction_db(tx), err,
                "INSERT INTO retired (model, number, bundle, retired_ns, retired_by, reason, "
                "released_ns) VALUES ($1, $2, $3, $4, $5, $6, 0)",
                DB_TEXT(version->model), DB_I64(version->number), DB_TEXT(version->bundle),
                DB_I64(tx->now_ns), DB_TEXT(registry_actor(registry)), DB_TEXT(reason)));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_version_retirement(struct mlops_registry *registry, const struct mlops_version *version,
                             struct mlops_retirement *retirement, bool *retired,
                             struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    *retirement = (struct mlops_retirement){0};
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry->db, &rows, err,
                 "SELECT retired_ns, retired_by, reason, released_ns FROM retired "
                 "WHERE model = $1 AND number = $2",
                 DB_TEXT(version->model), DB_I64(version->number)));
    TRY(db_step(rows, retired, err));
    if (!*retired)
        return MLOPS_OK;
    retirement->retired_ns = db_i64(rows, 0);
    str_copy(retirement->retired_by, sizeof(retirement->retired_by), db_string(rows, 1));
    retirement->reason = xstrdup(db_string(rows, 2));
    retirement->released_ns = db_i64(rows, 3);
    return MLOPS_OK;
}

void mlops_retirement_clear(struct mlops_retirement *retirement)
{
    free(retirement->reason);
    *retirement = (struct mlops_retirement){0};
}
