/*
 * lib/registry/version.c - bundles get version numbers; what versions there are.
 */
#include "base/hash.h"
#include "registry/fact.h"
#include "registry/hook.h"
#include "registry/lifecycle.h"
#include "registry/reference.h"

/* A bundle that is packaged again counts as new to gc. Within this time it is not written down:
 * who packages what did not change waits for no disk. */
#define PACKAGED_AGAIN_NS 60000000000LL

/* ---- bundles ------------------------------------------------------------------------------- */

int bundle_record(struct transaction *tx, const char *bundle, const char *model, uint64_t files,
                  uint64_t bytes, struct mlops_error *err)
{
    struct digest ignored;

    if (!bundle_id_parse(bundle, &ignored))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not a bundle's id", bundle);
    TRY(name_check("model", model, err));
    TRY(lifecycle_bring_back(tx, bundle, err));
    db_witness(transaction_db(tx), "SELECT 1 FROM bundle WHERE id = $1 AND packaged_ns = $2",
               DB_TEXT(bundle), DB_I64(tx->now_ns));
    return db_exec(transaction_db(tx), err,
                   "INSERT INTO bundle (id, model, files, bytes, created_ns, created_by, "
                   "packaged_ns) VALUES ($1, $2, $3, $4, $5, $6, $5) ON CONFLICT (id) DO UPDATE "
                   "SET packaged_ns = excluded.packaged_ns "
                   "WHERE bundle.packaged_ns < excluded.packaged_ns - $7 "
                   "AND NOT EXISTS (SELECT 1 FROM version WHERE version.bundle = bundle.id)",
                   DB_TEXT(bundle), DB_TEXT(model), DB_I64(files), DB_I64(bytes),
                   DB_I64(tx->now_ns), DB_TEXT(registry_actor(tx->registry)),
                   DB_I64(PACKAGED_AGAIN_NS));
}

static int find_bundle(struct db *db, const char *bundle, struct mlops_version *version,
                       struct mlops_error *err)
{
    struct reference reference = {.kind = REFERENCE_BUNDLE};
    struct digest ignored;

    if (!bundle_id_parse(bundle, &ignored)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is not a bundle's id", bundle);
        return mlops_hint(err, "an id is sha256: and 64 hexadecimal digits");
    }
    str_copy(reference.bundle, sizeof(reference.bundle), bundle);
    return reference_resolve(db, &reference, version, err);
}

/* ---- registering --------------------------------------------------------------------------- */

#define LAST_NUMBER_SQL "SELECT last_number FROM model WHERE name = $1"

static int next_number(struct db *db, const char *model, int64_t now_ns, uint64_t *number,
                       struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query(db, &rows, err, LAST_NUMBER_SQL, DB_TEXT(model)));
    TRY(db_step(rows, &any, err));
    *number = any ? (uint64_t)db_i64(rows, 0) + 1 : 1;
    return db_exec(db, err,
                   "INSERT INTO model (name, last_number, created_ns) VALUES ($1, 1, $2) "
                   "ON CONFLICT (name) DO UPDATE SET last_number = model.last_number + 1",
                   DB_TEXT(model), DB_I64(now_ns));
}

static int add_version(struct transaction *tx, const struct buffer *manifest,
                       struct mlops_version *version, struct mlops_error *err)
{
    struct db *db = transaction_db(tx);

    version->created_ns = tx->now_ns;
    str_copy(version->created_by, sizeof(version->created_by), registry_actor(tx->registry));
    TRY(next_number(db, version->model, version->created_ns, &version->number, err));
    TRY(db_exec(db, err,
                "INSERT INTO version (model, number, bundle, created_ns, created_by) "
                "VALUES ($1, $2, $3, $4, $5)",
                DB_TEXT(version->model), DB_I64(version->number), DB_TEXT(version->bundle),
                DB_I64(version->created_ns), DB_TEXT(version->created_by)));
    TRY(facts_record(tx, version, manifest, err));
    return audit_append(tx,
                        &(struct audit_entry){.action = "register",
                                              .model = version->model,
                                              .version = version->number,
                                              .bundle = version->bundle},
                        err);
}

int version_register(struct transaction *tx, const char *bundle, const struct buffer *manifest,
                     struct mlops_version *version, bool *created, struct mlops_error *err)
{
    TRY(find_bundle(transaction_db(tx), bundle, version, err));
    *created = version->number == 0;
    if (*created)
        TRY(trash_check_bundle(transaction_db(tx), version->bundle, err));
    return *created ? add_version(tx, manifest, version, err) : MLOPS_OK;
}

int version_announce(struct mlops_registry *registry, const char *bundle, const char *model,
                     struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool registered;

    TRY(db_query(registry->db, &rows, err, "SELECT 1 FROM version WHERE bundle = $1",
                 DB_TEXT(bundle)));
    TRY(db_step(rows, &registered, err));
    db_rows_close(TAKE_PTR(rows));
    return registered ? MLOPS_OK
                      : hook_before(registry,
                                    &(struct hook_event){
                                        .action = "register", .model = model, .bundle = bundle},
                                    err);
}

void version_announced(struct mlops_registry *registry, const struct mlops_version *version)
{
    hook_after(registry, &(struct hook_event){.action = "register",
                                              .model = version->model,
                                              .bundle = version->bundle,
                                              .version = version->number});
}

int mlops_register(struct mlops_registry *registry, const char *bundle,
                   struct mlops_version *version, bool *created, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    *created = false;
    /* Most often asked again by a pipeline that ran before: no need to wait for writers. */
    TRY(find_bundle(registry->db, bundle, version, err));
    if (version->number)
        return MLOPS_OK;
    TRY(version_announce(registry, bundle, version->model, err));
    bundle_foresee(registry->db, version->bundle);
    trash_foresee(registry->db, version->bundle);
    db_foresee(registry->db, LAST_NUMBER_SQL, DB_TEXT(version->model));
    TRY(transaction_begin(registry, &tx, err));
    /* Where the bundle is known, all of it is in the store: gc drops both in one transaction. */
    TRY(version_register(tx, bundle, NULL, version, created, err));
    if (!*created)
        return MLOPS_OK;
    TRY(transaction_commit(TAKE_PTR(tx), err));
    version_announced(registry, version);
    return MLOPS_OK;
}

/* ---- listing ------------------------------------------------------------------------------- */

/* By model, newest first; in C, as engines differ in how they order text. */
static int compare_rows(const void *left, const void *right)
{
    const struct mlops_version *a = &((const struct mlops_version_row *)left)->version;
    const struct mlops_version *b = &((const struct mlops_version_row *)right)->version;
    int order = strcmp(a->model, b->model);

    return order ? order : (a->number < b->number) - (a->number > b->number);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static int read_versions(struct db *db, const char *model, struct mlops_version_list *list,
                         struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;

    if (model)
        TRY(db_query(db, &rows, err, "SELECT " VERSION_COLUMNS " FROM version WHERE model = $1",
                     DB_TEXT(model)));
    else
        TRY(db_query(db, &rows, err, "SELECT " VERSION_COLUMNS " FROM version"));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            break;
        GROW(list->items, list->count, &capacity);
        memset(&list->items[list->count], 0, sizeof(list->items[0]));
        version_from_row(rows, &list->items[list->count++].version);
    }
    if (list->count)
        qsort(list->items, list->count, sizeof(list->items[0]), compare_rows);
    return MLOPS_OK;
}

/* What every stage holds now goes to the version that it is. */
static void give_stages(const struct mlops_stage_list *stages, struct mlops_version_list *list)
{
    for (size_t i = 0; i < stages->count; i++) {
        struct mlops_version_row key = {.version = stages->items[i].version};
        struct mlops_version_row *row =
            bsearch(&key, list->items, list->count, sizeof(key), compare_rows);

        if (!row)
            continue; /* not of this snapshot: cannot be, both were read in one */
        row->stages = xrealloc(row->stages, row->stage_count + 1, sizeof(*row->stages));
        row->stages[row->stage_count++] = xstrdup(stages->items[i].stage);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].stage_count > 1)
            qsort(list->items[i].stages, list->items[i].stage_count, sizeof(char *), compare_names);
    }
}

static int mark_retired(struct db *db, struct mlops_version_list *list, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(db, &rows, err, "SELECT model, number FROM retired"));
    for (;;) {
        struct mlops_version_row key = {0}, *row;
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        str_copy(key.version.model, sizeof(key.version.model), db_string(rows, 0));
        key.version.number = (uint64_t)db_i64(rows, 1);
        row = bsearch(&key, list->items, list->count, sizeof(key), compare_rows);
        if (row)
            row->retired = true;
    }
}

static int read_list(struct mlops_registry *registry, const char *model,
                     struct mlops_version_list *list, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct mlops_stage_list stages = {0};

    TRY(snapshot_begin(registry, &snapshot, err));
    if (model)
        TRY(model_check_known(registry->db, model, err));
    TRY(read_versions(registry->db, model, list, err));
    if (list->count == 0)
        return MLOPS_OK;
    TRY(mark_retired(registry->db, list, err));
    TRY(mlops_stage_list(registry, model, &stages, err));
    give_stages(&stages, list);
    mlops_stage_list_clear(&stages);
    return MLOPS_OK;
}

int mlops_version_list(struct mlops_registry *registry, const char *model,
                       struct mlops_version_list *list, struct mlops_error *err)
{
    int code;

    memset(list, 0, sizeof(*list));
    code = read_list(registry, model, list, err);
    if (code)
        mlops_version_list_clear(list);
    return code;
}

void mlops_version_list_clear(struct mlops_version_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < list->items[i].stage_count; j++)
            free(list->items[i].stages[j]);
        free(list->items[i].stages);
    }
    free(list->items);
    memset(list, 0, sizeof(*list));
}
