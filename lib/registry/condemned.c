/* lib/registry/condemned.c - packs that gc is going to remove. */
#include "registry/condemned.h"
#include "registry/handle.h"

void condemned_list_clear(struct condemned_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->packs[i]);
    free(list->packs);
    *list = (struct condemned_list){0};
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool condemned_list_has(const struct condemned_list *list, const char *pack)
{
    return list->count > 0 &&
           bsearch(&pack, list->packs, list->count, sizeof(*list->packs), compare) != NULL;
}

static int take_rows(struct db_rows *rows, struct condemned_list *list, struct mlops_error *err)
{
    size_t capacity = 0;
    for (bool more;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            break;
        GROW(list->packs, list->count, &capacity);
        list->packs[list->count++] = xstrdup(db_string(rows, 0));
    }
    if (list->count > 0)
        qsort(list->packs, list->count, sizeof(*list->packs), compare);
    return MLOPS_OK;
}

static int read_list(struct mlops_registry *registry, struct condemned_list *list,
                     struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(condemned_round(registry, &list->round, err));
    TRY(db_query(registry->db, &rows, err, "SELECT pack FROM condemned"));
    return take_rows(rows, list, err);
}

int condemned_read(struct mlops_registry *registry, struct condemned_list *list,
                   struct mlops_error *err)
{
    *list = (struct condemned_list){0};
    int code = read_list(registry, list, err);
    if (code)
        condemned_list_clear(list);
    return code;
}

int condemned_due(struct mlops_registry *registry, int64_t replaced_before_ns, uint64_t limit,
                  struct condemned_list *list, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    *list = (struct condemned_list){0};
    TRY(db_query(registry->db, &rows, err,
                 "SELECT pack FROM condemned WHERE replaced = 0 OR condemned_ns <= $1 "
                 "ORDER BY condemned_ns LIMIT $2",
                 DB_I64(replaced_before_ns), DB_I64(limit)));
    int code = take_rows(rows, list, err);
    if (code)
        condemned_list_clear(list);
    return code;
}

int condemned_round(struct mlops_registry *registry, uint64_t *round, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query(registry->db, &rows, err, "SELECT value FROM meta WHERE key = 'gc'"));
    TRY(db_step(rows, &any, err));
    *round = any ? strtoull(db_string(rows, 0), NULL, 10) : 0;
    return MLOPS_OK;
}

int condemned_round_end(struct transaction *tx, struct mlops_error *err)
{
    return db_exec(transaction_db(tx), err,
                   "INSERT INTO meta (key, value) VALUES ('gc', '1') ON CONFLICT (key) DO UPDATE "
                   "SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)");
}

int condemned_add(struct transaction *tx, const char *pack, bool replaced, struct mlops_error *err)
{
    return db_exec(transaction_db(tx), err,
                   "INSERT INTO condemned (pack, condemned_ns, replaced) VALUES ($1, $2, $3) "
                   "ON CONFLICT (pack) DO NOTHING",
                   DB_TEXT(pack), DB_I64(tx->now_ns), DB_I64(replaced ? 1 : 0));
}

int condemned_forget(struct transaction *tx, const char *pack, struct mlops_error *err)
{
    return db_exec(transaction_db(tx), err, "DELETE FROM condemned WHERE pack = $1", DB_TEXT(pack));
}
