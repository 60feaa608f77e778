/* lib/registry/log_view.c - entries of the log, each proved to be in the signed tree. */
#include "registry/log_view.h"
#include "registry/handle.h"
#include "registry/log_tree.h"

int log_view_open(struct mlops_registry *registry, struct log_view *view, struct mlops_error *err)
{
    struct merkle_frontier frontier;

    view->db = registry->db;
    TRY(log_tree_frontier(registry->db, &frontier, err));
    TRY(log_checkpoint_check(registry->db, &frontier, err));
    view->checkpoint.size = frontier.size;
    merkle_root(&frontier, &view->checkpoint.root);
    return MLOPS_OK;
}

int log_view_text(const struct log_view *view, uint64_t index, struct buffer *text,
                  struct merkle_proof *path, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct merkle_proof own;
    struct digest leaf;
    bool any;

    if (!path)
        path = &own;
    TRY(db_query(view->db, &rows, err, "SELECT entry FROM audit WHERE position = $1",
                 DB_I64(index)));
    TRY(db_step(rows, &any, err));
    buffer_puts(text, any ? db_string(rows, 0) : "");
    merkle_leaf(text->data, text->length, &leaf);
    TRY(merkle_prove_inclusion(index, view->checkpoint.size, log_tree_node, view->db, path, err));
    if (any &&
        merkle_check_inclusion(&leaf, index, view->checkpoint.size, &view->checkpoint.root, path))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INTEGRITY, "entry %llu of the audit log was changed",
               (unsigned long long)index);
    return mlops_hint(err, "somebody changed the registry's database by hand, or it is damaged: "
                           "'mlops log --verify' tells more");
}

/* Do the columns that led here say what the entry says? */
static bool entry_matches(const cJSON *entry, const struct log_query *query, uint64_t index)
{
    return json_u64(entry, "index", UINT64_MAX) == index &&
           str_equal(json_string(entry, "action", ""), query->action) &&
           str_equal(json_string(entry, "model", ""), query->model) &&
           (!query->stage || str_equal(json_string(entry, "stage", ""), query->stage)) &&
           (query->version == 0 || json_u64(entry, "version", 0) == query->version) &&
           (query->previous == 0 || json_u64(entry, "previous", 0) == query->previous);
}

static int read_entry(const struct log_view *view, const struct log_query *query, uint64_t index,
                      cJSON **entry, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *read = NULL;

    TRY(log_view_text(view, index, &text, NULL, err));
    TRY(json_parse(text.data, text.length, "an entry of the audit log", &read, err));
    if (!entry_matches(read, query, index))
        return mlops_fail(err, MLOPS_INTEGRITY,
                          "entry %llu of the audit log was changed: its columns are not what the "
                          "entry says",
                          (unsigned long long)index);
    *entry = TAKE_PTR(read);
    return MLOPS_OK;
}

int log_view_newest(const struct log_view *view, const struct log_query *query, cJSON **entry,
                    bool *found, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(view->db, &rows, err,
                 "SELECT position FROM audit WHERE action = $1 AND model = $2 "
                 "AND ($3 = '' OR stage = $3) AND ($4 = 0 OR version = $4) "
                 "AND ($5 = 0 OR previous = $5) AND position < $6 "
                 "ORDER BY position DESC LIMIT 1",
                 DB_TEXT(query->action), DB_TEXT(query->model),
                 DB_TEXT(query->stage ? query->stage : ""), DB_I64(query->version),
                 DB_I64(query->previous),
                 DB_I64(query->before ? query->before : (uint64_t)INT64_MAX)));
    TRY(db_step(rows, found, err));
    return *found ? read_entry(view, query, (uint64_t)db_i64(rows, 0), entry, err) : MLOPS_OK;
}

/* Where an entry stands, and which of the actions it is of. */
struct place {
    uint64_t index;
    const char *action;
};

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    return (a->index > b->index) - (a->index < b->index);
}

static int find_places(const struct log_view *view, const char *action, const char *model,
                       struct place **places, size_t *count, size_t *capacity,
                       struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    TRY(db_query(view->db, &rows, err,
                 "SELECT position FROM audit WHERE action = $1 AND model = $2", DB_TEXT(action),
                 DB_TEXT(model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(*places, *count, capacity);
        (*places)[(*count)++] = (struct place){(uint64_t)db_i64(rows, 0), action};
    }
}

int log_view_each(const struct log_view *view, const char *const *actions, const char *model,
                  log_view_take take, void *context, struct mlops_error *err)
{
    struct place *places = NULL;
    size_t count = 0, capacity = 0;
    int code = MLOPS_OK;

    for (; *actions && code == MLOPS_OK; actions++)
        code = find_places(view, *actions, model, &places, &count, &capacity, err);
    if (code == MLOPS_OK && count > 1)
        qsort(places, count, sizeof(*places), compare_places);
    for (size_t i = 0; i < count && code == MLOPS_OK; i++) {
        _cleanup_(json_free) cJSON *entry = NULL;
        struct log_query query = {.action = places[i].action, .model = model};

        code = read_entry(view, &query, places[i].index, &entry, err);
        if (code == MLOPS_OK)
            code = take(context, entry, err);
    }
    free(places);
    return code;
}

int log_view_version(const struct log_view *view, const char *model, uint64_t version,
                     log_view_take take, void *context, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    TRY(db_query(view->db, &rows, err,
                 "SELECT position, action FROM audit WHERE model = $1 AND version = $2 "
                 "ORDER BY position",
                 DB_TEXT(model), DB_I64(version)));
    for (;;) {
        _cleanup_(json_free) cJSON *entry = NULL;

        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        struct log_query query = {
            .action = db_string(rows, 1), .model = model, .version = version};
        TRY(read_entry(view, &query, (uint64_t)db_i64(rows, 0), &entry, err));
        TRY(take(context, entry, err));
    }
}

int log_view_origin(const struct log_view *view, char hex[SHA256_HEX_SIZE],
                    struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest leaf;

    TRY(log_view_text(view, 0, &text, NULL, err));
    merkle_leaf(text.data, text.length, &leaf);
    digest_to_hex(&leaf, hex);
    return MLOPS_OK;
}
