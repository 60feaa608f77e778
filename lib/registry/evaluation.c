/* lib/registry/evaluation.c - evaluation sets by name: rows, and entries of the log. */
#include "registry/evaluation.h"
#include "registry/handle.h"

void mlops_evaluation_clear(struct mlops_evaluation *set)
{
    free_strings(&set->labels);
    free(set->added_by);
    *set = (struct mlops_evaluation){.rows = 0};
}

void mlops_evaluation_list_clear(struct mlops_evaluation_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mlops_evaluation_clear(&list->items[i]);
    free(list->items);
    *list = (struct mlops_evaluation_list){.items = NULL};
}

int evaluation_name(const char *name, struct mlops_evaluation *set, struct mlops_error *err)
{
    const char *slash = strchr(name, '/');

    if (!slash) {
        mlops_fail(err, MLOPS_INVALID, "'%s' does not say whose evaluation set it is", name);
        return mlops_hint(err, "write MODEL/NAME, as fraud/holdout-2024");
    }
    _cleanup_(free_string) char *model = xstrndup(name, (size_t)(slash - name));
    TRY(name_check("model", model, err));
    TRY(name_check("evaluation set", slash + 1, err));
    str_copy(set->name, sizeof(set->name), name);
    str_copy(set->model, sizeof(set->model), model);
    return MLOPS_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "SELECT name, model, bundle, sha256, row_count, labels, added_ns, added_by FROM evaluation "

static int read_row(const struct db_rows *rows, struct mlops_evaluation *set,
                    struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *labels = NULL;
    const char *text = db_string(rows, 5);
    const cJSON *label;
    size_t count = 0;

    str_copy(set->name, sizeof(set->name), db_string(rows, 0));
    str_copy(set->model, sizeof(set->model), db_string(rows, 1));
    str_copy(set->bundle, sizeof(set->bundle), db_string(rows, 2));
    str_copy(set->sha256, sizeof(set->sha256), db_string(rows, 3));
    set->rows = (uint64_t)db_i64(rows, 4);
    set->added_ns = db_i64(rows, 6);
    set->added_by = xstrdup(db_string(rows, 7));
    TRY(json_parse(text, strlen(text), "the labels of an evaluation set", &labels, err));
    set->labels = xcalloc((size_t)cJSON_GetArraySize(labels) + 1, sizeof(*set->labels));
    cJSON_ArrayForEach(label, labels)
    {
        const char *name = cJSON_GetStringValue(label);
        if (!name)
            return mlops_fail(err, MLOPS_INTEGRITY, "the labels of the set '%s' are no texts",
                              set->name);
        set->labels[count++] = xstrdup(name);
    }
    return MLOPS_OK;
}

/* `set` has its name. */
static int find(struct mlops_registry *registry, struct mlops_evaluation *set, bool *found,
                struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(registry->db, &rows, err, COLUMNS "WHERE name = $1", DB_TEXT(set->name)));
    TRY(db_step(rows, found, err));
    return *found ? read_row(rows, set, err) : MLOPS_OK;
}

static int fail_unknown(const char *name, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_NOT_FOUND, "the registry has no evaluation set '%s'", name);
    return mlops_hint(err, "'mlops data list' has all that there are");
}

int mlops_evaluation_find(struct mlops_registry *registry, const char *name,
                          struct mlops_evaluation *set, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {.registry = NULL};
    bool found;

    *set = (struct mlops_evaluation){.rows = 0};
    TRY(evaluation_name(name, set, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(find(registry, set, &found, err));
    return found ? MLOPS_OK : fail_unknown(name, err);
}

static int read_all(struct mlops_registry *registry, const char *model,
                    struct mlops_evaluation_list *list, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {.registry = NULL};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;

    TRY(snapshot_begin(registry, &snapshot, err));
    if (model)
        TRY(db_query(registry->db, &rows, err, COLUMNS "WHERE model = $1 ORDER BY name",
                     DB_TEXT(model)));
    else
        TRY(db_query(registry->db, &rows, err, COLUMNS "ORDER BY name"));
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(list->items, list->count, &capacity);
        struct mlops_evaluation *set = &list->items[list->count++];
        *set = (struct mlops_evaluation){.rows = 0};
        TRY(read_row(rows, set, err));
    }
}

int mlops_evaluation_all(struct mlops_registry *registry, const char *model,
                         struct mlops_evaluation_list *list, struct mlops_error *err)
{
    *list = (struct mlops_evaluation_list){.items = NULL};
    int code = read_all(registry, model, list, err);
    if (code)
        mlops_evaluation_list_clear(list);
    return code;
}

/* ---- changes -------------------------------------------------------------------------------- */

static cJSON *labels_json(char *const *labels)
{
    cJSON *array = xcheck(cJSON_CreateArray());
    for (; *labels; labels++)
        json_append_text(array, *labels);
    return array;
}

static int log_change(struct transaction *tx, const char *action,
                      const struct mlops_evaluation *set, const char *reason,
                      struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = xcheck(cJSON_CreateObject());
    _cleanup_(buffer_clear) struct buffer detail = {.length = 0};

    json_add_string(json, "name", set->name);
    json_add_string(json, "sha256", set->sha256);
    json_add_u64(json, "rows", set->rows);
    cJSON_AddItemToObject(json, "labels", labels_json(set->labels));
    TRY(json_write_canonical(json, &detail, err));
    return audit_append(tx,
                        &(struct audit_entry){.action = action,
                                              .model = set->model,
                                              .bundle = set->bundle,
                                              .reason = reason,
                                              .detail = detail.data},
                        err);
}

int evaluation_record(struct transaction *tx, const struct mlops_evaluation *set,
                      const char *reason, bool *created, struct mlops_error *err)
{
    _cleanup_(mlops_evaluation_clear) struct mlops_evaluation old = {.rows = 0};
    _cleanup_(json_free) cJSON *labels = labels_json(set->labels);
    _cleanup_(buffer_clear) struct buffer text = {.length = 0};
    bool found;

    str_copy(old.name, sizeof(old.name), set->name);
    TRY(find(tx->registry, &old, &found, err));
    *created = !found;
    if (found && str_equal(old.bundle, set->bundle))
        return MLOPS_OK;
    if (found) {
        mlops_fail(err, MLOPS_CONFLICT, "'%s' is another set already, added by %s", set->name,
                   old.added_by);
        return mlops_hint(err, "a set never changes: add this one under a name of its own");
    }
    TRY(json_write_canonical(labels, &text, err));
    TRY(db_exec(transaction_db(tx), err,
                "INSERT INTO evaluation (name, model, bundle, sha256, row_count, labels, added_ns, "
                "added_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                DB_TEXT(set->name), DB_TEXT(set->model), DB_TEXT(set->bundle), DB_TEXT(set->sha256),
                DB_I64(set->rows), DB_TEXT(text.data), DB_I64(tx->now_ns),
                DB_TEXT(registry_actor(tx->registry))));
    return log_change(tx, "data-add", set, reason, err);
}

int mlops_evaluation_remove(struct mlops_registry *registry, const char *name, const char *reason,
                            struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(mlops_evaluation_clear) struct mlops_evaluation set = {.rows = 0};
    bool found;

    TRY(evaluation_name(name, &set, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(find(registry, &set, &found, err));
    if (!found)
        return fail_unknown(name, err);
    TRY(db_exec(transaction_db(tx), err, "DELETE FROM evaluation WHERE name = $1", DB_TEXT(name)));
    TRY(log_change(tx, "data-remove", &set, reason, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* ---- what the log says ---------------------------------------------------------------------- */

struct asked {
    const char *name;
    char *bundle;
};

static int take_entry(void *context, const cJSON *entry, struct mlops_error *err)
{
    const struct asked *asked = context;
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");

    (void)err;
    if (!str_equal(json_string(detail, "name", ""), asked->name))
        return MLOPS_OK;
    bool added = str_equal(json_string(entry, "action", ""), "data-add");
    str_copy(asked->bundle, MLOPS_BUNDLE_ID_SIZE, added ? json_string(entry, "bundle", "") : "");
    return MLOPS_OK;
}

int evaluation_in_force(const struct log_view *view, const char *name,
                        char bundle[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err)
{
    static const char *const actions[] = {"data-add", "data-remove", NULL};
    struct mlops_evaluation set = {.rows = 0};
    struct mlops_error no_name = {.code = 0};

    bundle[0] = '\0';
    if (evaluation_name(name, &set, &no_name)) /* then there is none of that name */
        return MLOPS_OK;
    return log_view_each(view, actions, set.model, take_entry,
                         &(struct asked){.name = name, .bundle = bundle}, err);
}
