/* lib/registry/trash.c - versions are deleted, come back, and are purged. */
#include "registry/fact.h"
#include "registry/lifecycle.h"
#include "registry/reference.h"
#include <mlops/catalog.h>
#include <mlops/text.h>
#include <stdio.h>

/* ---- who needs it --------------------------------------------------------------------------- */

static int fail_needed(const struct mlops_version *version, struct mlops_error *err)
{
    return mlops_hint(err,
                      "'mlops retire %s@%llu --reason …' takes it out of use and keeps its history",
                      version->model, (unsigned long long)version->number);
}

/* In a stage, or below what is there: rolling back could lead to it. */
static int check_stages(struct db *db, const struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    char time[32];
    bool any;

    TRY(db_query(db, &rows, err,
                 "SELECT stage, entered_by, entered_ns, position, (SELECT max(position) FROM "
                 "stage_entry top WHERE top.model = stage_entry.model AND top.stage = "
                 "stage_entry.stage) FROM stage_entry WHERE model = $1 AND number = $2 "
                 "ORDER BY position DESC LIMIT 1",
                 DB_TEXT(version->model), DB_I64(version->number)));
    TRY(db_step(rows, &any, err));
    if (!any)
        return MLOPS_OK;
    mlops_time_format(db_i64(rows, 2), time);
    mlops_fail(err, MLOPS_CONFLICT, "%s@%llu is needed: %s put it into %s on %s%s", version->model,
               (unsigned long long)version->number, db_string(rows, 1), db_string(rows, 0), time,
               db_i64(rows, 3) == db_i64(rows, 4) ? "" : ", and a rollback may lead back to it");
    return fail_needed(version, err);
}

static int check_approvals(struct db *db, const struct mlops_version *version,
                           struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    char time[32];
    bool any;

    TRY(db_query(db, &rows, err,
                 "SELECT actor, time_ns, stage FROM audit WHERE action = 'approve' AND model = $1 "
                 "AND version = $2 AND NOT EXISTS (SELECT 1 FROM audit later "
                 "WHERE later.action = 'withdraw' AND later.model = audit.model "
                 "AND later.version = audit.version AND later.stage = audit.stage "
                 "AND later.actor = audit.actor AND later.position > audit.position) "
                 "ORDER BY position DESC LIMIT 1",
                 DB_TEXT(version->model), DB_I64(version->number)));
    TRY(db_step(rows, &any, err));
    if (!any)
        return MLOPS_OK;
    mlops_time_format(db_i64(rows, 1), time);
    mlops_fail(err, MLOPS_CONFLICT, "%s@%llu is needed: %s approved it for %s on %s",
               version->model, (unsigned long long)version->number, db_string(rows, 0),
               db_string(rows, 2), time);
    return fail_needed(version, err);
}

/* A version that was made from it. */
static int check_lineage(struct db *db, const struct mlops_version *version,
                         struct mlops_error *err)
{
    for (size_t i = 0; i < LINEAGE_PARENTS_MAX; i++) {
        _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
        _cleanup_(free_string) char *name = xprintf("lineage.parents.%zu", i);
        bool any;

        TRY(db_query(db, &rows, err,
                     "SELECT model, number FROM fact WHERE name = $1 AND content = $2 "
                     "ORDER BY model, number LIMIT 1",
                     DB_TEXT(name), DB_TEXT(version->bundle)));
        TRY(db_step(rows, &any, err));
        if (!any)
            continue;
        mlops_fail(err, MLOPS_CONFLICT, "%s@%llu is needed: %s@%llu was made from it",
                   version->model, (unsigned long long)version->number, db_string(rows, 0),
                   (unsigned long long)db_i64(rows, 1));
        return fail_needed(version, err);
    }
    return MLOPS_OK;
}

/* ---- into the trash and back ---------------------------------------------------------------- */

static int resolve_registered(struct transaction *tx, const char *ref,
                              struct mlops_version *version, struct mlops_error *err)
{
    TRY(version_resolve(tx, ref, version, err));
    return version_check_registered(version, err)
               ? mlops_hint(err, "gc forgets bundles that nobody registers")
               : MLOPS_OK;
}

int mlops_version_delete(struct mlops_registry *registry, const char *ref, const char *reason,
                         struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    TRY(transaction_begin(registry, &tx, err));
    struct db *db = transaction_db(tx);
    TRY(resolve_registered(tx, ref, version, err));
    TRY(check_stages(db, version, err));
    TRY(check_approvals(db, version, err));
    TRY(check_lineage(db, version, err));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "delete",
                                           .model = version->model,
                                           .version = version->number,
                                           .bundle = version->bundle,
                                           .reason = reason},
                     err));
    TRY(facts_forget(tx, version->model, version->number, err));
    TRY(db_exec(db, err,
                "INSERT INTO trash (model, number, bundle, created_ns, created_by, deleted_ns, "
                "deleted_by, audit_index, purged_ns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
                DB_TEXT(version->model), DB_I64(version->number), DB_TEXT(version->bundle),
                DB_I64(version->created_ns), DB_TEXT(version->created_by), DB_I64(tx->now_ns),
                DB_TEXT(registry_actor(registry)), DB_I64(tx->audit_index)));
    TRY(db_exec(db, err, "DELETE FROM version WHERE model = $1 AND number = $2",
                DB_TEXT(version->model), DB_I64(version->number)));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int fail_purged(const char *model, uint64_t number, int64_t purged_ns,
                       struct mlops_error *err)
{
    char time[32];

    mlops_time_format(purged_ns, time);
    mlops_fail(err, MLOPS_NOT_FOUND, "%s@%llu was deleted, and purged from the trash on %s", model,
               (unsigned long long)number, time);
    return mlops_hint(err, "packaging the same folder again brings it back into the trash");
}

/* The row of the trash that `ref` names. */
static int find_trashed(struct db *db, const struct reference *reference,
                        struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    _cleanup_(free_string) char *end = xprintf("%sg", reference->bundle);
    bool any;

    if (reference->kind == REFERENCE_BUNDLE)
        TRY(db_query(db, &rows, err,
                     "SELECT model, number, bundle, created_ns, created_by, purged_ns FROM trash "
                     "WHERE bundle >= $1 AND bundle < $2 ORDER BY purged_ns LIMIT 1",
                     DB_TEXT(reference->bundle), DB_TEXT(end)));
    else
        TRY(db_query(db, &rows, err,
                     "SELECT model, number, bundle, created_ns, created_by, purged_ns FROM trash "
                     "WHERE model = $1 AND number = $2",
                     DB_TEXT(reference->model), DB_I64(reference->number)));
    TRY(db_step(rows, &any, err));
    if (!any)
        return mlops_fail(err, MLOPS_NOT_FOUND, "it is not in the trash");
    version_from_row(rows, version);
    int64_t purged_ns = db_i64(rows, VERSION_COLUMN_COUNT);
    return purged_ns > 0 ? fail_purged(version->model, version->number, purged_ns, err) : MLOPS_OK;
}

int mlops_version_restore(struct mlops_registry *registry, const char *ref,
                          struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct reference reference;

    TRY(reference_parse(ref, strlen(ref), &reference, err));
    if (reference.kind != REFERENCE_NUMBER && reference.kind != REFERENCE_BUNDLE) {
        mlops_fail(err, MLOPS_INVALID, "'%s' does not name one version that was deleted", ref);
        return mlops_hint(err, "write NAME@12; 'mlops list --deleted' shows what is in the trash");
    }
    TRY(transaction_begin(registry, &tx, err));
    struct db *db = transaction_db(tx);
    if (find_trashed(db, &reference, version, err)) {
        if (!*err->hint)
            mlops_hint(err, "'mlops list --deleted' shows what is in the trash");
        return mlops_wrap(err, "%s", ref);
    }
    TRY(db_exec(db, err, "DELETE FROM trash WHERE model = $1 AND number = $2",
                DB_TEXT(version->model), DB_I64(version->number)));
    TRY(db_exec(db, err,
                "INSERT INTO version (model, number, bundle, created_ns, created_by) "
                "VALUES ($1, $2, $3, $4, $5)",
                DB_TEXT(version->model), DB_I64(version->number), DB_TEXT(version->bundle),
                DB_I64(version->created_ns), DB_TEXT(version->created_by)));
    TRY(facts_record(tx, version, NULL, err));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "restore",
                                           .model = version->model,
                                           .version = version->number,
                                           .bundle = version->bundle},
                     err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* ---- what is in it -------------------------------------------------------------------------- */

static int read_trash(struct mlops_registry *registry, const char *model, struct mlops_trash *trash,
                      struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;

    TRY(snapshot_begin(registry, &snapshot, err));
    if (model)
        TRY(model_check_known(registry->db, model, err));
    TRY(db_query(registry->db, &rows, err,
                 "SELECT model, number, bundle, created_ns, created_by, deleted_ns, deleted_by "
                 "FROM trash WHERE purged_ns = 0 AND ($1 = '' OR model = $1) "
                 "ORDER BY deleted_ns DESC, model, number DESC",
                 DB_TEXT(model ? model : "")));
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(trash->items, trash->count, &capacity);
        struct mlops_trashed *item = &trash->items[trash->count++];
        version_from_row(rows, &item->version);
        item->deleted_ns = db_i64(rows, VERSION_COLUMN_COUNT);
        str_copy(item->deleted_by, sizeof(item->deleted_by),
                 db_string(rows, VERSION_COLUMN_COUNT + 1));
    }
}

int mlops_trash_list(struct mlops_registry *registry, const char *model, struct mlops_trash *trash,
                     struct mlops_error *err)
{
    *trash = (struct mlops_trash){0};
    int code = read_trash(registry, model, trash, err);
    if (code)
        mlops_trash_clear(trash);
    return code;
}

void mlops_trash_clear(struct mlops_trash *trash)
{
    free(trash->items);
    *trash = (struct mlops_trash){0};
}

#define TRASHED_SQL "SELECT model, number FROM trash WHERE bundle = $1 LIMIT 1"

void trash_foresee(struct db *db, const char *bundle)
{
    db_foresee(db, TRASHED_SQL, DB_TEXT(bundle));
}

int trash_check_bundle(struct db *db, const char *bundle, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query(db, &rows, err, TRASHED_SQL, DB_TEXT(bundle)));
    TRY(db_step(rows, &any, err));
    if (!any)
        return MLOPS_OK;
    const char *model = db_string(rows, 0);
    unsigned long long number = (unsigned long long)db_i64(rows, 1);
    mlops_fail(err, MLOPS_CONFLICT, "this bundle is %s@%llu, which is in the trash", model, number);
    return mlops_hint(err, "take it out again: 'mlops restore %s@%llu'", model, number);
}

int trash_explain(struct db *db, const char *model, uint64_t number, bool *said,
                  struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    char time[32];

    TRY(db_query(db, &rows, err,
                 "SELECT deleted_ns, deleted_by, purged_ns FROM trash "
                 "WHERE model = $1 AND number = $2",
                 DB_TEXT(model), DB_I64(number)));
    TRY(db_step(rows, said, err));
    if (!*said)
        return MLOPS_OK;
    if (db_i64(rows, 2) > 0)
        return fail_purged(model, number, db_i64(rows, 2), err);
    mlops_time_format(db_i64(rows, 0), time);
    mlops_fail(err, MLOPS_NOT_FOUND, "%s@%llu is in the trash: %s deleted it on %s", model,
               (unsigned long long)number, db_string(rows, 1), time);
    return mlops_hint(err, "'mlops restore %s@%llu' takes it out again", model,
                      (unsigned long long)number);
}

/* ---- gc ------------------------------------------------------------------------------------- */

#define TO_PURGE                                                                                   \
    "FROM trash JOIN bundle ON bundle.id = trash.bundle WHERE trash.purged_ns = 0 "                \
    "AND trash.deleted_ns <= $1 AND bundle.packaged_ns <= $1"
#define TO_RELEASE "FROM retired WHERE released_ns = 0 AND retired_ns <= $1"

static int count_one(struct db *db, const char *sql, int64_t before_ns, uint64_t *count,
                     struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    const struct db_value values[] = {DB_I64(before_ns), DB_END};
    bool any;

    TRY(db_query_values(db, &rows, err, sql, values));
    TRY(db_step(rows, &any, err));
    *count = (uint64_t)db_i64(rows, 0);
    return MLOPS_OK;
}

int lifecycle_count_due(struct mlops_registry *registry, const struct lifecycle_due *due,
                        struct lifecycle_count *count, struct mlops_error *err)
{
    TRY(count_one(registry->db, "SELECT count(*) " TO_PURGE, due->deleted_ns, &count->purged, err));
    return count_one(registry->db, "SELECT count(*) " TO_RELEASE, due->retired_ns, &count->released,
                     err);
}

/* One log entry for each row of model, number, bundle. */
static int log_each(struct transaction *tx, const char *action, const char *sql, int64_t before_ns,
                    struct mlops_error *err)
{
    struct mlops_version *versions = NULL;
    size_t count = 0, capacity = 0;
    const struct db_value values[] = {DB_I64(before_ns), DB_END};
    struct db_rows *rows = NULL;
    bool more = true;
    int code = db_query_values(transaction_db(tx), &rows, err, sql, values);

    while (code == MLOPS_OK && more) {
        code = db_step(rows, &more, err);
        if (code || !more)
            break;
        GROW(versions, count, &capacity);
        str_copy(versions[count].model, sizeof(versions->model), db_string(rows, 0));
        versions[count].number = (uint64_t)db_i64(rows, 1);
        str_copy(versions[count++].bundle, sizeof(versions->bundle), db_string(rows, 2));
    }
    if (rows)
        db_rows_close(rows);
    for (size_t i = 0; code == MLOPS_OK && i < count; i++)
        code = audit_append(tx,
                            &(struct audit_entry){.action = action,
                                                  .model = versions[i].model,
                                                  .version = versions[i].number,
                                                  .bundle = versions[i].bundle},
                            err);
    free(versions);
    return code;
}

int lifecycle_let_go(struct mlops_registry *registry, const struct lifecycle_due *due,
                     struct lifecycle_count *count, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    TRY(lifecycle_count_due(registry, due, count, err));
    if (count->purged == 0 && count->released == 0) /* most often: no need to wait for writers */
        return MLOPS_OK;
    TRY(transaction_begin(registry, &tx, err));
    struct db *db = transaction_db(tx);
    TRY(lifecycle_count_due(registry, due, count, err));
    TRY(log_each(tx, "purge", "SELECT trash.model, trash.number, trash.bundle " TO_PURGE,
                 due->deleted_ns, err));
    TRY(log_each(tx, "release", "SELECT model, number, bundle " TO_RELEASE, due->retired_ns, err));
    TRY(db_exec(db, err,
                "UPDATE trash SET purged_ns = $2 WHERE purged_ns = 0 AND deleted_ns <= $1 "
                "AND bundle IN (SELECT id FROM bundle WHERE packaged_ns <= $1)",
                DB_I64(due->deleted_ns), DB_I64(tx->now_ns)));
    TRY(db_exec(db, err,
                "DELETE FROM kept WHERE bundle IN (SELECT bundle FROM trash WHERE purged_ns > 0)"));
    TRY(db_exec(db, err,
                "UPDATE retired SET released_ns = $2 WHERE released_ns = 0 AND retired_ns <= $1",
                DB_I64(due->retired_ns), DB_I64(tx->now_ns)));
    return transaction_commit(TAKE_PTR(tx), err);
}

int lifecycle_bring_back(struct transaction *tx, const char *bundle, struct mlops_error *err)
{
    struct db *db = transaction_db(tx);

    TRY(db_exec(db, err, "UPDATE trash SET purged_ns = 0 WHERE bundle = $1", DB_TEXT(bundle)));
    return db_exec(db, err, "UPDATE retired SET released_ns = 0 WHERE bundle = $1",
                   DB_TEXT(bundle));
}
