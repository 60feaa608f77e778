/* lib/registry/log_view.c - entries of the log, each proved to be in the signed tree. */
#include "registry/log_view.h"
#include "registry/handle.h"
#include "registry/log_control.h"
#include "registry/log_head.h"
#include "registry/log_nodes.h"
#include "registry/log_tree.h"

int log_view_open(struct mlops_registry *registry, struct log_view *view, struct mlops_error *err)
{
    struct merkle_frontier frontier;

    view->registry = registry;
    view->db = registry->db;
    TRY(log_head_read(registry, &frontier, err));
    view->checkpoint.size = frontier.size;
    merkle_root(&frontier, &view->checkpoint.root);
    return MLOPS_OK;
}

static int fail_changed(uint64_t index, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INTEGRITY, "entry %llu of the audit log was changed",
               (unsigned long long)index);
    return mlops_hint(err, "somebody changed the registry's database by hand, or it is damaged: "
                           "'mlops log --verify' tells more");
}

/* By what the handle has read before, and where that does not do, by what the database says now. */
int log_view_prove(const struct log_view *view, uint64_t index, const char *text, size_t length,
                   struct merkle_proof *path, struct mlops_error *err)
{
    struct merkle_proof own;
    struct digest leaf;
    int code = MLOPS_OK;

    if (!path)
        path = &own;
    merkle_leaf(text, length, &leaf);
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        code = log_nodes_fetch(view->registry, &index, 1, view->checkpoint.size, err);
        if (code == MLOPS_OK)
            code = merkle_prove_inclusion(index, view->checkpoint.size, log_nodes_read,
                                          view->registry, path, err);
        if (code != MLOPS_OK && code != MLOPS_INTEGRITY)
            return code;
        if (code == MLOPS_OK && merkle_check_inclusion(&leaf, index, view->checkpoint.size,
                                                       &view->checkpoint.root, path))
            return MLOPS_OK;
        log_nodes_forget(view->registry);
    }
    return code ? code : fail_changed(index, err);
}

int log_view_find(const struct log_view *view, uint64_t index, struct buffer *text, bool *there,
                  struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    const char *newest = log_head_newest(view->registry, view->checkpoint.size);

    if (newest && index + 1 == view->checkpoint.size) {
        *there = true;
        buffer_puts(text, newest);
        return MLOPS_OK;
    }
    TRY(db_query(view->db, &rows, err, "SELECT entry FROM audit WHERE position = $1",
                 DB_I64(index)));
    TRY(db_step(rows, there, err));
    if (*there)
        buffer_puts(text, db_string(rows, 0));
    return MLOPS_OK;
}

int log_view_text(const struct log_view *view, uint64_t index, struct buffer *text,
                  struct merkle_proof *path, struct mlops_error *err)
{
    bool there;

    TRY(log_view_find(view, index, text, &there, err));
    if (!there)
        return fail_changed(index, err);
    return log_view_prove(view, index, text->data, text->length, path, err);
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

/* Entry `index`, which has `text`. */
static int read_entry(const struct log_view *view, const struct log_query *query, uint64_t index,
                      const char *text, cJSON **entry, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *read = NULL;

    TRY(log_view_prove(view, index, text, strlen(text), NULL, err));
    TRY(json_parse(text, strlen(text), "an entry of the audit log", &read, err));
    if (!entry_matches(read, query, index))
        return mlops_fail(err, MLOPS_INTEGRITY,
                          "entry %llu of the audit log was changed: its columns are not what the "
                          "entry says",
                          (unsigned long long)index);
    *entry = TAKE_PTR(read);
    return MLOPS_OK;
}

/* As log_view_newest, of the entries that restrict. */
static int newest_control(const struct log_view *view, const struct log_query *query, cJSON **entry,
                          bool *found, struct mlops_error *err)
{
    const struct log_controls *controls;
    uint64_t before = query->before ? query->before : UINT64_MAX;

    *found = false;
    TRY(log_controls_read(view, &controls, err));
    for (size_t i = controls->count; i > 0 && !*found; i--) {
        const cJSON *item = controls->items[i - 1];
        uint64_t index = json_u64(item, "index", 0);

        *found = index < before && entry_matches(item, query, index);
        if (*found)
            *entry = cJSON_Duplicate(item, true);
    }
    return MLOPS_OK;
}

int log_view_newest(const struct log_view *view, const struct log_query *query, cJSON **entry,
                    bool *found, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    if (log_is_control(query->action))
        return newest_control(view, query, entry, found, err);
    TRY(db_query(view->db, &rows, err,
                 "SELECT position, entry FROM audit WHERE action = $1 AND model = $2 "
                 "AND ($3 = '' OR stage = $3) AND ($4 = 0 OR version = $4) "
                 "AND ($5 = 0 OR previous = $5) AND position < $6 "
                 "ORDER BY position DESC LIMIT 1",
                 DB_TEXT(query->action), DB_TEXT(query->model),
                 DB_TEXT(query->stage ? query->stage : ""), DB_I64(query->version),
                 DB_I64(query->previous),
                 DB_I64(query->before ? query->before : (uint64_t)INT64_MAX)));
    TRY(db_step(rows, found, err));
    return *found
               ? read_entry(view, query, (uint64_t)db_i64(rows, 0), db_string(rows, 1), entry, err)
               : MLOPS_OK;
}

/* Where an entry stands, of which action it is, and its text; `control`: it was read already. */
struct place {
    uint64_t index;
    char *action, *text;
    const cJSON *control;
};

struct places {
    struct place *items;
    size_t count, capacity;
};

static void places_clear(struct places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        free(places->items[i].action);
        free(places->items[i].text);
    }
    free(places->items);
}

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    return (a->index > b->index) - (a->index < b->index);
}

static struct place *add_place(struct places *places, uint64_t index, const char *action)
{
    GROW(places->items, places->count, &places->capacity);
    places->items[places->count] = (struct place){.index = index, .action = xstrdup(action)};
    return &places->items[places->count++];
}

/* Those of the entries that restrict which the query means; its action may be NULL: any. */
static int find_controls(const struct log_view *view, const struct log_query *query,
                         struct places *places, struct mlops_error *err)
{
    const struct log_controls *controls;

    TRY(log_controls_read(view, &controls, err));
    for (size_t i = 0; i < controls->count; i++) {
        const cJSON *item = controls->items[i];
        const char *action = json_string(item, "action", "");
        uint64_t index = json_u64(item, "index", 0);
        struct log_query wanted = *query;

        wanted.action = query->action ? query->action : action;
        if (entry_matches(item, &wanted, index))
            add_place(places, index, action)->control = item;
    }
    return MLOPS_OK;
}

/* Rows of (position, action, entry); what restricts was found otherwise. */
static int take_places(struct db_rows *rows, struct places *places, struct mlops_error *err)
{
    bool more;

    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        if (!log_is_control(db_string(rows, 1)))
            add_place(places, (uint64_t)db_i64(rows, 0), db_string(rows, 1))->text =
                xstrdup(db_string(rows, 2));
    }
}

static int find_places(const struct log_view *view, const char *action, const char *model,
                       struct places *places, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct log_query query = {.action = action, .model = model};

    if (log_is_control(action))
        return find_controls(view, &query, places, err);
    TRY(db_query(view->db, &rows, err,
                 "SELECT position, action, entry FROM audit WHERE action = $1 AND model = $2",
                 DB_TEXT(action), DB_TEXT(model)));
    return take_places(rows, places, err);
}

/* The hashes that all proofs need, at once. */
static int fetch_hashes(const struct log_view *view, const struct places *places,
                        struct mlops_error *err)
{
    uint64_t *indexes = xcalloc(places->count, sizeof(*indexes));
    size_t count = 0;

    for (size_t i = 0; i < places->count; i++)
        if (!places->items[i].control)
            indexes[count++] = places->items[i].index;
    int code = log_nodes_fetch(view->registry, indexes, count, view->checkpoint.size, err);
    free(indexes);
    return code;
}

static int take_each(const struct log_view *view, struct places *places, const char *model,
                     uint64_t version, log_view_take take, void *context, struct mlops_error *err)
{
    if (places->count > 1)
        qsort(places->items, places->count, sizeof(places->items[0]), compare_places);
    TRY(fetch_hashes(view, places, err));
    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->items[i];
        struct log_query query = {.action = place->action, .model = model, .version = version};
        _cleanup_(json_free) cJSON *entry = NULL;

        if (!place->control)
            TRY(read_entry(view, &query, place->index, place->text, &entry, err));
        TRY(take(context, place->control ? place->control : entry, err));
    }
    return MLOPS_OK;
}

int log_view_each(const struct log_view *view, const char *const *actions, const char *model,
                  log_view_take take, void *context, struct mlops_error *err)
{
    _cleanup_(places_clear) struct places places = {0};

    for (; *actions; actions++)
        TRY(find_places(view, *actions, model, &places, err));
    return take_each(view, &places, model, 0, take, context, err);
}

#define OF_VERSION_SQL "SELECT position, action, entry FROM audit WHERE model = $1 AND version = $2"

void log_view_foresee_version(struct mlops_registry *registry, const char *model, uint64_t version)
{
    db_foresee(registry->db, OF_VERSION_SQL, DB_TEXT(model), DB_I64(version));
}

int log_view_version(const struct log_view *view, const char *model, uint64_t version,
                     log_view_take take, void *context, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    _cleanup_(places_clear) struct places places = {0};
    struct log_query query = {.model = model, .version = version};

    TRY(find_controls(view, &query, &places, err));
    TRY(db_query(view->db, &rows, err, OF_VERSION_SQL, DB_TEXT(model), DB_I64(version)));
    TRY(take_places(rows, &places, err));
    return take_each(view, &places, model, version, take, context, err);
}

int log_view_origin(const struct log_view *view, char hex[SHA256_HEX_SIZE], struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    char *known = log_head_origin(view->registry);
    struct digest leaf;

    if (known && *known) {
        str_copy(hex, SHA256_HEX_SIZE, known);
        return MLOPS_OK;
    }
    TRY(log_view_text(view, 0, &text, NULL, err));
    merkle_leaf(text.data, text.length, &leaf);
    digest_to_hex(&leaf, hex);
    if (known)
        str_copy(known, SHA256_HEX_SIZE, hex);
    return MLOPS_OK;
}
