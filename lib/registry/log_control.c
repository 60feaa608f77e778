/* lib/registry/log_control.c - the entries that restrict, walked by their hashes. */
#include "registry/log_control.h"
#include "registry/handle.h"

static const char *const actions[] = {"trust",    "distrust", "policy", "freeze", "unfreeze",
                                      "withdraw", "retire",   "rollback", NULL};

bool log_is_control(const char *action)
{
    for (size_t i = 0; actions[i]; i++)
        if (str_equal(actions[i], action))
            return true;
    return false;
}

uint64_t log_control_behind(const cJSON *entry, uint64_t index)
{
    if (log_is_control(json_string(entry, "action", "")))
        return index + 1;
    return json_u64(entry, "control", 0);
}

void log_controls_free(struct log_controls *controls)
{
    if (!controls)
        return;
    for (size_t i = 0; i < controls->count; i++)
        cJSON_Delete(controls->items[i]);
    free(controls->items);
    free(controls);
}

static int fail_missing(uint64_t index, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INTEGRITY, "entry %llu of the audit log was changed or removed",
               (unsigned long long)index);
    return mlops_hint(err, "somebody changed the registry's database by hand, or it is damaged: "
                           "'mlops log --verify' tells more");
}

/* Entry `index`, whose leaf hash is known from the one after it. */
static int read_linked(const struct log_view *view, uint64_t index, const char *leaf_hex,
                       cJSON **entry, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct digest leaf;
    char hex[SHA256_HEX_SIZE];
    bool any;

    TRY(db_query(view->db, &rows, err, "SELECT entry FROM audit WHERE position = $1",
                 DB_I64(index)));
    TRY(db_step(rows, &any, err));
    if (!any)
        return fail_missing(index, err);
    const char *text = db_string(rows, 0);
    merkle_leaf(text, strlen(text), &leaf);
    digest_to_hex(&leaf, hex);
    if (!str_equal(hex, leaf_hex))
        return fail_missing(index, err);
    return json_parse(text, strlen(text), "an entry of the audit log", entry, err);
}

static int read_proved(const struct log_view *view, uint64_t index, cJSON **entry,
                       struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};

    TRY(log_view_text(view, index, &text, NULL, err));
    return json_parse(text.data, text.length, "an entry of the audit log", entry, err);
}

static void add(struct log_controls *controls, cJSON *entry)
{
    GROW(controls->items, controls->count, &controls->capacity);
    controls->items[controls->count++] = entry;
}

/* From the newest back; `*first` is the index of the oldest that the chain has. */
static int walk(const struct log_view *view, struct log_controls *controls, uint64_t *first,
                struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *newest = NULL;
    uint64_t at, size = view->checkpoint.size;
    const char *leaf = NULL;

    *first = size;
    if (size == 0)
        return MLOPS_OK;
    TRY(read_proved(view, size - 1, &newest, err));
    at = log_control_behind(newest, size - 1);
    while (at > 0) {
        cJSON *entry = NULL;

        if (at > *first)
            return fail_missing(at - 1, err);
        TRY(leaf ? read_linked(view, at - 1, leaf, &entry, err)
                 : read_proved(view, at - 1, &entry, err));
        add(controls, entry);
        *first = at - 1;
        at = json_u64(entry, "control", 0);
        leaf = json_string(entry, "chain", NULL);
    }
    return MLOPS_OK;
}

/* What stands before the chain's beginning, from a time when there was none. */
static int read_older(const struct log_view *view, struct log_controls *controls, uint64_t first,
                      struct mlops_error *err)
{
    for (size_t i = 0; actions[i]; i++) {
        _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
        bool more;

        TRY(db_query(view->db, &rows, err,
                     "SELECT position FROM audit WHERE action = $1 AND position < $2",
                     DB_TEXT(actions[i]), DB_I64(first)));
        for (;;) {
            cJSON *entry = NULL;
            uint64_t index;

            TRY(db_step(rows, &more, err));
            if (!more)
                break;
            index = (uint64_t)db_i64(rows, 0);
            TRY(read_proved(view, index, &entry, err));
            add(controls, entry);
            if (!str_equal(json_string(entry, "action", ""), actions[i]))
                return mlops_fail(err, MLOPS_INTEGRITY,
                                  "entry %llu of the audit log was changed: its columns are not "
                                  "what the entry says",
                                  (unsigned long long)index);
        }
    }
    return MLOPS_OK;
}

static int compare_entries(const void *left, const void *right)
{
    uint64_t a = json_u64(*(cJSON *const *)left, "index", 0);
    uint64_t b = json_u64(*(cJSON *const *)right, "index", 0);

    return (a > b) - (a < b);
}

int log_controls_read(const struct log_view *view, const struct log_controls **controls,
                      struct mlops_error *err)
{
    struct mlops_registry *registry = view->registry;
    struct log_controls *read;
    uint64_t first;
    int code;

    if (registry->controls && digest_equal(&registry->controls->root, &view->checkpoint.root)) {
        *controls = registry->controls;
        return MLOPS_OK;
    }
    log_controls_free(registry->controls);
    registry->controls = NULL;
    read = xcalloc(1, sizeof(*read));
    read->root = view->checkpoint.root;
    code = walk(view, read, &first, err);
    if (code == MLOPS_OK)
        code = read_older(view, read, first, err);
    if (code) {
        log_controls_free(read);
        return code;
    }
    if (read->count > 1)
        qsort(read->items, read->count, sizeof(read->items[0]), compare_entries);
    *controls = registry->controls = read;
    return MLOPS_OK;
}
