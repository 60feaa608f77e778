/* lib/registry/log_control.c - the entries that restrict, walked by their hashes. */
#include "registry/log_control.h"
#include "registry/handle.h"
#include "registry/log_head.h"

static const char *const actions[] = {"trust",    "distrust", "policy",   "freeze", "unfreeze",
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

const struct digest *log_control_known(const struct mlops_registry *registry, uint64_t index)
{
    const struct log_controls *known = registry->controls;

    if (!known || known->count == 0 || known->lineage == 0 ||
        known->lineage != log_head_lineage(registry) ||
        json_u64(known->items[known->count - 1], "index", UINT64_MAX) != index)
        return NULL;
    return &known->newest;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* What may be the texts of them, by position: what the column `action` says is believed of none. */
struct texts {
    struct text {
        uint64_t index;
        char *entry;
    } * items;
    size_t count, capacity;
};

static void texts_clear(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i].entry);
    free(texts->items);
}

static int texts_read(struct db *db, struct texts *texts, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    TRY(db_query(db, &rows, err,
                 "SELECT position, entry FROM audit WHERE action IN ('trust', 'distrust', "
                 "'policy', 'freeze', 'unfreeze', 'withdraw', 'retire', 'rollback') "
                 "ORDER BY position"));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(texts->items, texts->count, &texts->capacity);
        texts->items[texts->count++] =
            (struct text){.index = (uint64_t)db_i64(rows, 0), .entry = xstrdup(db_string(rows, 1))};
    }
}

static int compare_texts(const void *left, const void *right)
{
    const struct text *a = left, *b = right;

    return (a->index > b->index) - (a->index < b->index);
}

/* The text of entry `index`, from `texts` or where these do not have it from the database. */
static int text_of(const struct log_view *view, const struct texts *texts, uint64_t index,
                   struct buffer *text, struct mlops_error *err)
{
    const struct text wanted = {.index = index}, *found = NULL;
    bool there;

    if (texts->count > 0)
        found = bsearch(&wanted, texts->items, texts->count, sizeof(wanted), compare_texts);
    if (found) {
        buffer_puts(text, found->entry);
        return MLOPS_OK;
    }
    TRY(log_view_find(view, index, text, &there, err));
    return there ? MLOPS_OK : fail_missing(index, err);
}

/* ---- the chain ------------------------------------------------------------------------------- */

/* Entry `index` and the hash of its leaf: as `leaf_hex` says, which the one after it has, or, where
 * that is NULL, proved to be in the tree. */
static int read_entry(const struct log_view *view, const struct texts *texts, uint64_t index,
                      const char *leaf_hex, cJSON **entry, struct digest *leaf,
                      struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    char hex[SHA256_HEX_SIZE];

    TRY(text_of(view, texts, index, &text, err));
    merkle_leaf(text.data, text.length, leaf);
    digest_to_hex(leaf, hex);
    if (!leaf_hex)
        TRY(log_view_prove(view, index, text.data, text.length, NULL, err));
    else if (!str_equal(hex, leaf_hex))
        return fail_missing(index, err);
    return json_parse(text.data, text.length, "an entry of the audit log", entry, err);
}

static void add(struct log_controls *controls, cJSON *entry)
{
    GROW(controls->items, controls->count, &controls->capacity);
    controls->items[controls->count++] = entry;
}

/* From the newest back to the first of the chain, or to where `known` (may be NULL) goes on:
 * `*first` is the index of the oldest that was read, `*met` whether it is the newest of `known`. */
static int walk(const struct log_view *view, const struct texts *texts,
                const struct log_controls *known, struct log_controls *controls, uint64_t *first,
                bool *met, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *newest = NULL;
    uint64_t at, size = view->checkpoint.size;
    const char *leaf_hex = NULL;
    struct digest leaf;

    *first = size;
    *met = false;
    if (size == 0)
        return MLOPS_OK;
    TRY(read_entry(view, texts, size - 1, NULL, &newest, &leaf, err));
    at = log_control_behind(newest, size - 1);
    *met = at > 0 && known && log_control_known(view->registry, at - 1);
    while (at > 0 && !*met) {
        cJSON *entry = NULL;

        if (at > *first)
            return fail_missing(at - 1, err);
        TRY(read_entry(view, texts, at - 1, leaf_hex, &entry, &leaf, err));
        if (controls->count == 0)
            controls->newest = leaf;
        add(controls, entry);
        *first = at - 1;
        *met = known && digest_equal(&known->newest, &leaf);
        at = json_u64(entry, "control", 0);
        leaf_hex = json_string(entry, "chain", NULL);
    }
    return MLOPS_OK;
}

/* What stands before the chain's beginning, from a time when there was none. */
static int read_older(const struct log_view *view, const struct texts *texts,
                      struct log_controls *controls, uint64_t first, struct mlops_error *err)
{
    for (size_t i = 0; i < texts->count && texts->items[i].index < first; i++) {
        cJSON *entry = NULL;
        struct digest leaf;

        TRY(read_entry(view, texts, texts->items[i].index, NULL, &entry, &leaf, err));
        add(controls, entry);
        if (!log_is_control(json_string(entry, "action", "")))
            return mlops_fail(err, MLOPS_INTEGRITY,
                              "entry %llu of the audit log was changed: its columns are not "
                              "what the entry says",
                              (unsigned long long)texts->items[i].index);
    }
    return MLOPS_OK;
}

static int compare_entries(const void *left, const void *right)
{
    uint64_t a = json_u64(*(cJSON *const *)left, "index", 0);
    uint64_t b = json_u64(*(cJSON *const *)right, "index", 0);

    return (a > b) - (a < b);
}

static void sort(struct log_controls *controls)
{
    if (controls->count > 1)
        qsort(controls->items, controls->count, sizeof(controls->items[0]), compare_entries);
}

static int read_all(const struct log_view *view, struct log_controls *controls,
                    struct mlops_error *err)
{
    _cleanup_(texts_clear) struct texts texts = {0};
    uint64_t first;
    bool met;

    TRY(texts_read(view->db, &texts, err));
    TRY(walk(view, &texts, NULL, controls, &first, &met, err));
    TRY(read_older(view, &texts, controls, first, err));
    sort(controls);
    return MLOPS_OK;
}

/* What came after `known`, which gets it; false where the log does not go on from it. */
static bool catch_up(const struct log_view *view, struct log_controls *known)
{
    const struct texts none = {0};
    struct log_controls *later = xcalloc(1, sizeof(*later));
    struct mlops_error ignored = {0}; /* then all is read, and that says what is wrong */
    uint64_t first;
    bool met = false;

    if (walk(view, &none, known, later, &first, &met, &ignored) == MLOPS_OK && met &&
        later->count > 0) {
        cJSON_Delete(later->items[--later->count]); /* that is known */
        while (later->count > 0)
            add(known, later->items[--later->count]);
        known->newest = later->newest;
    }
    log_controls_free(later);
    return met;
}

int log_controls_read(const struct log_view *view, const struct log_controls **controls,
                      struct mlops_error *err)
{
    struct mlops_registry *registry = view->registry;
    struct log_controls *known = registry->controls;

    if (!known || !digest_equal(&known->root, &view->checkpoint.root)) {
        if (!known || !catch_up(view, known)) {
            log_controls_free(known);
            registry->controls = NULL;
            known = xcalloc(1, sizeof(*known));
            int code = read_all(view, known, err);
            if (code) {
                log_controls_free(known);
                return code;
            }
        }
        known->root = view->checkpoint.root;
        known->lineage = log_head_lineage(registry);
    }
    *controls = registry->controls = known;
    return MLOPS_OK;
}
