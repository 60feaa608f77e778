/* lib/registry/outbox.c - the outbox: filled by transactions, emptied by whoever delivers. */
#include "registry/outbox.h"
#include "base/clock.h"

#define HOOKS_SQL "SELECT 1 FROM webhook WHERE kind = '' LIMIT 1"

void outbox_foresee(struct mlops_registry *registry)
{
    db_foresee(registry->db, HOOKS_SQL);
}

int outbox_look(struct transaction *tx, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(db_query(transaction_db(tx), &rows, err, HOOKS_SQL));
    TRY(db_step(rows, &tx->hooks, err));
    tx->hooks_known = true;
    return MLOPS_OK;
}

int outbox_add(struct transaction *tx, const char *action, struct mlops_error *err)
{
    struct db *db = transaction_db(tx);
    if (tx->hooks_known && !tx->hooks)
        return MLOPS_OK;
    _cleanup_(free_string) char *pattern = xprintf("%%,%s,%%", action);
    TRY(db_exec(db, err,
                "INSERT INTO outbox (webhook, position, due_ns, attempts, last_error) "
                "SELECT id, $1, $2, 0, '' FROM webhook "
                "WHERE kind = '' AND (events = '' OR (',' || events || ',') LIKE $3)",
                DB_I64(tx->audit_index), DB_I64(tx->now_ns), DB_TEXT(pattern)));
    if (db_changes(db) > 0)
        tx->registry->outbox_filled = true;
    return MLOPS_OK;
}

void outbox_item_clear(struct outbox_item *item)
{
    free(item->url);
    free(item->events);
    free(item->secret_env);
    free(item->kind);
    free(item->model);
    *item = (struct outbox_item){0};
}

/* The first one behind `after` that this process can send. A channel is told in order. */
static int find(struct mlops_registry *registry, int64_t before_ns, const struct outbox_item *after,
                struct outbox_item *item, bool *found, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    *found = false;
    TRY(db_query(registry->db, &rows, err,
                 "SELECT outbox.webhook, outbox.position, outbox.attempts, webhook.url, "
                 "webhook.events, webhook.variable, webhook.kind, webhook.model "
                 "FROM outbox JOIN webhook ON webhook.id = outbox.webhook "
                 "WHERE outbox.due_ns <= $1 AND (outbox.position > $2 OR "
                 "(outbox.position = $2 AND outbox.webhook > $3)) "
                 "AND (webhook.kind = '' OR NOT EXISTS (SELECT 1 FROM outbox AS earlier "
                 "WHERE earlier.webhook = outbox.webhook AND earlier.position < outbox.position)) "
                 "ORDER BY outbox.position, outbox.webhook",
                 DB_I64(before_ns), DB_I64(after->url ? (int64_t)after->position : -1),
                 DB_I64(after->webhook)));
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        const char *secret = getenv(db_string(rows, 5));
        if (*db_string(rows, 5) && (!secret || !*secret))
            continue;
        *item = (struct outbox_item){.webhook = (uint64_t)db_i64(rows, 0),
                                     .position = (uint64_t)db_i64(rows, 1),
                                     .attempts = (uint64_t)db_i64(rows, 2),
                                     .url = xstrdup(db_string(rows, 3)),
                                     .events = xstrdup(db_string(rows, 4)),
                                     .secret_env = xstrdup(db_string(rows, 5)),
                                     .kind = xstrdup(db_string(rows, 6)),
                                     .model = xstrdup(db_string(rows, 7))};
        *found = true;
        return MLOPS_OK;
    }
}

int outbox_take(struct mlops_registry *registry, bool now, int64_t lease_ns,
                const struct outbox_item *after, struct outbox_item *item, bool *taken,
                struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(find(registry, now ? INT64_MAX : clock_now_ns(), after, item, taken, err));
    if (!*taken)
        return MLOPS_OK; /* without keeping writers out */
    outbox_item_clear(item);
    TRY(transaction_begin(registry, &tx, err));
    TRY(find(registry, now ? INT64_MAX : tx->now_ns, after, item, taken, err));
    if (!*taken)
        return MLOPS_OK;
    TRY(db_exec(registry->db, err,
                "UPDATE outbox SET due_ns = $1, attempts = attempts + 1 "
                "WHERE webhook = $2 AND position = $3",
                DB_I64(tx->now_ns + lease_ns), DB_I64(item->webhook), DB_I64(item->position)));
    item->attempts++;
    return transaction_commit(TAKE_PTR(tx), err);
}

int outbox_done(struct mlops_registry *registry, const struct outbox_item *item, const char *why,
                int64_t due_ns, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(transaction_begin(registry, &tx, err));
    if (!why)
        TRY(db_exec(registry->db, err, "DELETE FROM outbox WHERE webhook = $1 AND position = $2",
                    DB_I64(item->webhook), DB_I64(item->position)));
    else
        TRY(db_exec(registry->db, err,
                    "UPDATE outbox SET due_ns = $1, last_error = $2 "
                    "WHERE webhook = $3 AND position = $4",
                    DB_I64(due_ns), DB_TEXT(why), DB_I64(item->webhook), DB_I64(item->position)));
    return transaction_commit(TAKE_PTR(tx), err);
}

int outbox_count(struct mlops_registry *registry, uint64_t *count, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query_values(registry->db, &rows, err, "SELECT count(*) FROM outbox", &DB_END));
    TRY(db_step(rows, &any, err));
    *count = any ? (uint64_t)db_i64(rows, 0) : 0;
    return MLOPS_OK;
}

/* Why something waits: what the last attempt met, or that none can be made from here. */
static char *why_waiting(uint64_t waiting, const char *last_error, const char *variable)
{
    const char *secret = *variable ? getenv(variable) : NULL;
    if (waiting > 0 && !*last_error && *variable && (!secret || !*secret))
        return xprintf("$%s is not set here", variable);
    return xstrdup(waiting > 0 ? last_error : "");
}

int outbox_each_target(struct mlops_registry *registry, const char *model,
                       void (*visit)(void *context, const struct outbox_target *target),
                       void *context, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry->db, &rows, err,
                 "SELECT webhook.id, webhook.kind, webhook.url, webhook.variable, webhook.events, "
                 "count(outbox.position), max(outbox.last_error) "
                 "FROM webhook LEFT JOIN outbox ON outbox.webhook = webhook.id "
                 "WHERE webhook.model = $1 "
                 "GROUP BY webhook.id, webhook.kind, webhook.url, webhook.variable, webhook.events "
                 "ORDER BY webhook.id",
                 DB_TEXT(model)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        uint64_t waiting = (uint64_t)db_i64(rows, 5);
        _cleanup_(free_string) char *why =
            why_waiting(waiting, db_string(rows, 6), db_string(rows, 3));
        visit(context, &(struct outbox_target){.id = (uint64_t)db_i64(rows, 0),
                                               .waiting = waiting,
                                               .kind = db_string(rows, 1),
                                               .url = db_string(rows, 2),
                                               .secret_env = db_string(rows, 3),
                                               .events = db_string(rows, 4),
                                               .last_error = why});
    }
}
