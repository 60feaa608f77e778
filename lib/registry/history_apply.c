/*
 * lib/registry/history_apply.c - a history that stands in a registry of its own put into another:
 * into an empty one, or behind the log that it goes on from.
 */
#include "registry/history.h"
#include "registry/log_tree.h"

/* The head of the first `size` entries of the log of `db`. */
static int head_at(struct db *db, uint64_t size, struct digest *root, struct mlops_error *err)
{
    return merkle_head(size, log_tree_node, db, root, err);
}

static int ask_text(struct db *db, const char *sql, char **text, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query_values(db, &rows, err, sql, &DB_END));
    TRY(db_step(rows, &any, err));
    *text = xstrdup(any ? db_string(rows, 0) : "");
    return MLOPS_OK;
}

/* How many entries from the beginning are the same: heads agree up to there, and from there on do
 * not. */
static int entries_shared(struct db *ours, struct db *theirs, uint64_t size, uint64_t *shared,
                          struct mlops_error *err)
{
    uint64_t low = 0, high = size;

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        struct digest left, right;

        TRY(head_at(ours, middle, &left, err));
        TRY(head_at(theirs, middle, &right, err));
        if (digest_equal(&left, &right))
            low = middle;
        else
            high = middle - 1;
    }
    *shared = low;
    return MLOPS_OK;
}

static int fail_apart(struct mlops_registry *from, struct mlops_registry *to, uint64_t size,
                      struct mlops_error *err)
{
    uint64_t shared;

    TRY(entries_shared(from->db, to->db, size, &shared, err));
    if (shared == 0) {
        mlops_fail(err, MLOPS_CONFLICT, "the registry %s has a history of its own", to->location);
        return mlops_hint(err, "a whole history goes into an empty registry, as 'mlops init' makes "
                               "it, or into one that has an earlier state of the same");
    }
    mlops_fail(err, MLOPS_CONFLICT,
               "the two histories part: entries 0 to %llu of the logs are the same, entry %llu of "
               "the registry %s is another",
               (unsigned long long)shared - 1, (unsigned long long)shared, to->location);
    return mlops_hint(err, "something was recorded here that the history does not have, or one of "
                           "the two was rewritten: 'mlops log' and 'mlops log --from FILE' show "
                           "them. Import into an empty registry to have both");
}

int history_compare(struct mlops_registry *from, struct mlops_registry *to,
                    enum history_state *state, struct mlops_error *err)
{
    struct history_count count;
    uint64_t size, least;
    struct digest ours, theirs;

    TRY(log_tree_size(from->db, &size, err));
    TRY(history_count(to, &count, err));
    if (size == 0)
        return mlops_fail(err, MLOPS_INTEGRITY, "its log is empty");
    least = size < count.entries ? size : count.entries;
    TRY(head_at(from->db, least, &theirs, err));
    TRY(head_at(to->db, least, &ours, err));
    if (least > 0 && digest_equal(&ours, &theirs)) {
        *state = size > count.entries   ? HISTORY_MORE
                 : size < count.entries ? HISTORY_LESS
                                        : HISTORY_SAME;
        return MLOPS_OK;
    }
    *state = HISTORY_NEW;
    return count.entries <= 1 && count.bundles == 0 ? MLOPS_OK : fail_apart(from, to, least, err);
}

static int count_rows(struct db *db, const char *sql, uint64_t *count, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query_values(db, &rows, err, sql, &DB_END));
    TRY(db_step(rows, &any, err));
    *count = any ? (uint64_t)db_i64(rows, 0) : 0;
    return MLOPS_OK;
}

int history_count(struct mlops_registry *registry, struct history_count *count,
                  struct mlops_error *err)
{
    struct db *db = registry->db;

    TRY(log_tree_size(db, &count->entries, err));
    TRY(count_rows(db, "SELECT COUNT(*) FROM bundle", &count->bundles, err));
    return count_rows(db, "SELECT COUNT(*) FROM version", &count->versions, err);
}

int history_has_new_sets(struct mlops_registry *from, struct mlops_registry *to, bool *has,
                         struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    *has = false;
    TRY(db_query(from->db, &rows, err, "SELECT name FROM evaluation"));
    for (;;) {
        _cleanup_(db_rows_close_ptr) struct db_rows *found = NULL;
        bool there;

        TRY(db_step(rows, &more, err));
        if (!more || *has)
            return MLOPS_OK;
        TRY(db_query(to->db, &found, err, "SELECT name FROM evaluation WHERE name = $1",
                     DB_TEXT(db_string(rows, 0))));
        TRY(db_step(found, &there, err));
        *has = !there;
    }
}

static int set_meta(struct mlops_registry *from, struct mlops_registry *to, struct mlops_error *err)
{
    _cleanup_(free_string) char *key = NULL, *checkpoint = NULL;

    TRY(ask_text(from->db, "SELECT value FROM meta WHERE key = 'log_key'", &key, err));
    TRY(ask_text(from->db, "SELECT value FROM meta WHERE key = 'checkpoint'", &checkpoint, err));
    TRY(db_exec(to->db, err,
                "INSERT INTO meta (key, value) VALUES ('log_key', $1) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                DB_TEXT(key)));
    return db_exec(to->db, err,
                   "INSERT INTO meta (key, value) VALUES ('checkpoint', $1) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                   DB_TEXT(checkpoint));
}

/* Evaluation sets that did not travel stay where they came to be before. */
static bool is_left(const struct copy_table *table, bool sets)
{
    return str_equal(table->name, "evaluation") && !sets;
}

static size_t table_count(void)
{
    size_t count = 0;

    while (registry_copy_table(count))
        count++;
    return count;
}

int history_apply(struct mlops_registry *from, struct mlops_registry *to, enum history_state state,
                  struct mlops_error *err)
{
    uint64_t rows = 0, sets;

    TRY(count_rows(from->db, "SELECT COUNT(*) FROM evaluation", &sets, err));
    for (size_t i = table_count(); i-- > 0;) {
        const struct copy_table *table = registry_copy_table(i);
        bool changes = table->travel == TRAVEL_CHANGES || table->travel == TRAVEL_FOUND;

        if (state == HISTORY_NEW ? table->travel != TRAVEL_STAYS
                                 : changes && !is_left(table, sets > 0))
            TRY(db_exec_values(to->db, err, table->clear, &DB_END));
    }
    for (size_t i = 0; i < table_count(); i++) {
        const struct copy_table *table = registry_copy_table(i);

        if (table->travel != TRAVEL_STAYS &&
            registry_copy_one(from->db, to->db, table, table->add, &rows, err))
            return mlops_wrap(err, "copy the table %s", table->name);
    }
    return set_meta(from, to, err);
}
