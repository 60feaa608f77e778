/* lib/registry/bundle.c - every bundle that a registry knows of. */
#include "registry/bundle.h"
#include "base/clock.h"
#include "registry/handle.h"

#define UNREGISTERED_NS (12 * 3600000000000LL) /* half of gc's grace where none is given */

/* ---- what evidence keeps -------------------------------------------------------------------- */

static int read_kept(struct mlops_registry *registry, struct bundle_list *list,
                     struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    TRY(db_query(registry->db, &rows, err,
                 "SELECT bundle, evidence, what, sha256, bytes FROM kept"));
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(list->kept, list->kept_count, &capacity);
        struct kept_object *object = &list->kept[list->kept_count++];
        if (strlen(db_string(rows, 0)) >= sizeof(object->bundle) ||
            strlen(db_string(rows, 2)) >= sizeof(object->what))
            return mlops_fail(err, MLOPS_INTEGRITY,
                              "evidence %llu: '%s' of %s is nothing that it keeps",
                              (unsigned long long)db_i64(rows, 1), db_string(rows, 2),
                              db_string(rows, 0));
        str_copy(object->bundle, sizeof(object->bundle), db_string(rows, 0));
        object->evidence = (uint64_t)db_i64(rows, 1);
        str_copy(object->what, sizeof(object->what), db_string(rows, 2));
        object->bytes = (uint64_t)db_i64(rows, 4);
        if (!digest_from_hex(db_string(rows, 3), strlen(db_string(rows, 3)), &object->digest))
            return mlops_fail(err, MLOPS_INTEGRITY, "evidence %llu: '%s' is no SHA-256",
                              (unsigned long long)object->evidence, db_string(rows, 3));
    }
}

static int compare_kept(const void *a, const void *b)
{
    const struct kept_object *left = a, *right = b;
    int order = strcmp(left->bundle, right->bundle);
    if (order == 0)
        order = (left->evidence > right->evidence) - (left->evidence < right->evidence);
    return order ? order : strcmp(left->what, right->what);
}

static void hand_out(struct bundle_list *list, struct bundle_row *row)
{
    if (list->kept_count == 0)
        return;
    size_t low = 0, high = list->kept_count;
    while (low < high) { /* the first of its bundle */
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->kept[middle].bundle, row->id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    row->kept = list->kept + low;
    while (low < list->kept_count && str_equal(list->kept[low].bundle, row->id)) {
        row->kept_count++;
        low++;
    }
}

/* ---- bundles -------------------------------------------------------------------------------- */

static int read_bundles(struct mlops_registry *registry, struct bundle_list *list,
                        struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;

    TRY(db_query(registry->db, &rows, err,
                 "SELECT bundle.id, bundle.model, bundle.files, bundle.bytes, bundle.created_ns, "
                 "version.number, bundle.packaged_ns, CASE WHEN EXISTS "
                 "(SELECT 1 FROM evidence WHERE evidence.bundle = bundle.id) THEN 1 ELSE 0 END, "
                 "CASE WHEN EXISTS (SELECT 1 FROM trash WHERE trash.bundle = bundle.id) "
                 "THEN 1 ELSE 0 END, "
                 "CASE WHEN EXISTS (SELECT 1 FROM retired WHERE retired.bundle = bundle.id "
                 "AND retired.released_ns > 0) THEN 1 ELSE 0 END, "
                 "CASE WHEN EXISTS (SELECT 1 FROM evaluation "
                 "WHERE evaluation.bundle = bundle.id) THEN 1 ELSE 0 END "
                 "FROM bundle LEFT JOIN version ON version.bundle = bundle.id "
                 "WHERE NOT EXISTS (SELECT 1 FROM trash WHERE trash.bundle = bundle.id "
                 "AND trash.purged_ns > 0) ORDER BY bundle.model, bundle.id"));
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(list->items, list->count, &capacity);
        struct bundle_row *row = &list->items[list->count++];
        *row = (struct bundle_row){0};
        str_copy(row->id, sizeof(row->id), db_string(rows, 0));
        str_copy(row->model, sizeof(row->model), db_string(rows, 1));
        row->files = (uint64_t)db_i64(rows, 2);
        row->bytes = (uint64_t)db_i64(rows, 3);
        row->created_ns = db_i64(rows, 4);
        row->version = (uint64_t)db_i64(rows, 5);
        row->packaged_ns = db_i64(rows, 6);
        row->evidence = db_i64(rows, 7) != 0;
        row->trashed = db_i64(rows, 8) != 0;
        row->released = db_i64(rows, 9) != 0;
        row->evaluation = db_i64(rows, 10) != 0;
    }
}

int registry_bundles(struct mlops_registry *registry, struct bundle_list *list,
                     struct mlops_error *err)
{
    *list = (struct bundle_list){0};
    int code = read_kept(registry, list, err);
    if (code == MLOPS_OK)
        code = read_bundles(registry, list, err);
    if (code) {
        bundle_list_clear(list);
        return code;
    }
    if (list->kept_count > 0)
        qsort(list->kept, list->kept_count, sizeof(*list->kept), compare_kept);
    for (size_t i = 0; i < list->count; i++)
        hand_out(list, &list->items[i]);
    return MLOPS_OK;
}

void bundle_list_clear(struct bundle_list *list)
{
    free(list->items);
    free(list->kept);
    *list = (struct bundle_list){0};
}

/* In the database as it stands: a row whose files gc has not let go of. */
#define WHOLE                                                                                      \
    "SELECT id FROM bundle WHERE id = $1 "                                                         \
    "AND NOT EXISTS (SELECT 1 FROM trash WHERE trash.bundle = bundle.id AND purged_ns > 0) "       \
    "AND NOT EXISTS (SELECT 1 FROM retired WHERE retired.bundle = bundle.id AND released_ns > 0)"

int bundle_is_dropped(struct mlops_registry *registry, const struct bundle_row *row, bool *dropped,
                      struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool known = true;
    if (!row->released) {
        TRY(db_query(registry->db, &rows, err, WHOLE, DB_TEXT(row->id)));
        TRY(db_step(rows, &known, err));
    }
    *dropped = !known;
    return MLOPS_OK;
}

int bundle_released_ns(struct mlops_registry *registry, const char *bundle, int64_t *released_ns,
                       struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query(registry->db, &rows, err,
                 "SELECT coalesce(max(released_ns), 0) FROM retired WHERE bundle = $1",
                 DB_TEXT(bundle)));
    TRY(db_step(rows, &any, err));
    *released_ns = db_i64(rows, 0);
    return MLOPS_OK;
}

int bundle_purged_ns(struct mlops_registry *registry, const struct bundle_row *row,
                     int64_t *purged_ns, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query(registry->db, &rows, err,
                 "SELECT coalesce(max(time_ns), 0) FROM audit WHERE model = $1 "
                 "AND action = 'purge' AND entry LIKE '%' || $2 || '%'",
                 DB_TEXT(row->model), DB_TEXT(row->id)));
    TRY(db_step(rows, &any, err));
    *purged_ns = db_i64(rows, 0);
    return MLOPS_OK;
}

bool bundle_is_expired(const struct bundle_row *row, int64_t since_ns)
{
    return !row->version && !row->trashed && !row->evidence && !row->evaluation &&
           row->packaged_ns <= since_ns;
}

int bundle_drop_expired(struct transaction *tx, const char *bundle, int64_t since_ns, bool *dropped,
                        struct mlops_error *err)
{
    struct db *db = transaction_db(tx);
    TRY(db_exec(db, err,
                "DELETE FROM bundle WHERE id = $1 AND packaged_ns <= $2 "
                "AND NOT EXISTS (SELECT 1 FROM version WHERE version.bundle = bundle.id) "
                "AND NOT EXISTS (SELECT 1 FROM trash WHERE trash.bundle = bundle.id) "
                "AND NOT EXISTS (SELECT 1 FROM evidence WHERE evidence.bundle = bundle.id) "
                "AND NOT EXISTS (SELECT 1 FROM evaluation WHERE evaluation.bundle = bundle.id)",
                DB_TEXT(bundle), DB_I64(since_ns)));
    *dropped = db_changes(db) > 0;
    return MLOPS_OK;
}

/* The first column of the first row as a bundle's id, "" where there is none. */
static int first_id(struct db_rows *rows, char id[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err)
{
    bool more;
    id[0] = '\0';
    TRY(db_step(rows, &more, err));
    if (more)
        str_copy(id, MLOPS_BUNDLE_ID_SIZE, db_string(rows, 0));
    return MLOPS_OK;
}

int registry_newest_bundle(struct mlops_registry *registry, const char *model,
                           char id[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *versions = NULL, *bundles = NULL;
    id[0] = '\0';
    TRY(db_query(registry->db, &versions, err,
                 "SELECT bundle FROM version WHERE model = $1 AND NOT EXISTS "
                 "(SELECT 1 FROM retired WHERE retired.bundle = version.bundle) "
                 "ORDER BY number DESC LIMIT 1",
                 DB_TEXT(model)));
    TRY(first_id(versions, id, err));
    if (id[0])
        return MLOPS_OK;
    /* not one that gc may drop while deltas of it are being made */
    TRY(db_query(registry->db, &bundles, err,
                 "SELECT id FROM bundle WHERE model = $1 AND packaged_ns > $2 "
                 "AND NOT EXISTS (SELECT 1 FROM retired WHERE retired.bundle = bundle.id) "
                 "AND NOT EXISTS (SELECT 1 FROM evaluation WHERE evaluation.bundle = bundle.id) "
                 "ORDER BY created_ns DESC LIMIT 1",
                 DB_TEXT(model), DB_I64(clock_now_ns() - UNREGISTERED_NS)));
    return first_id(bundles, id, err);
}

int bundle_is_known(struct transaction *tx, const char *bundle, bool *known,
                    struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(db_query(transaction_db(tx), &rows, err, WHOLE, DB_TEXT(bundle)));
    return db_step(rows, known, err);
}
