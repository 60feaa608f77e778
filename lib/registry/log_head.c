/* lib/registry/log_head.c - the signed head of the audit log, checked once for each that there is.
 */
#include "registry/log_head.h"
#include "registry/log_nodes.h"
#include "registry/log_tree.h"

/* The head that was checked last: what stood in the database, and what it means. */
struct log_head {
    char *checkpoint, *key;
    struct merkle_frontier frontier;
};

static bool is_same(const struct log_head *head, const struct db_rows *rows)
{
    return head && (uint64_t)db_i64(rows, 0) == head->frontier.size &&
           str_equal(db_string(rows, 1), head->checkpoint) &&
           str_equal(db_string(rows, 2), head->key);
}

static void keep(struct mlops_registry *registry, const struct db_rows *rows,
                 const struct merkle_frontier *frontier)
{
    registry->head = xcalloc(1, sizeof(*registry->head));
    *registry->head = (struct log_head){.checkpoint = xstrdup(db_string(rows, 1)),
                                        .key = xstrdup(db_string(rows, 2)),
                                        .frontier = *frontier};
}

/* The roots of a tree of so many leaves, from hashes that were read before or are read now. */
static int read_roots(struct mlops_registry *registry, struct merkle_frontier *frontier,
                      struct mlops_error *err)
{
    for (unsigned level = 0; level < MERKLE_LEVELS; level++)
        if (frontier->size >> level & 1)
            TRY(log_nodes_read(registry, level, (frontier->size >> level) - 1,
                               &frontier->roots[level], err));
    return MLOPS_OK;
}

/* Is it what the checkpoint signs? What was read before may be of a log that is there no more. */
static int check(struct mlops_registry *registry, const struct db_rows *rows,
                 struct merkle_frontier *frontier, struct mlops_error *err)
{
    struct checkpoint checkpoint;
    struct mlops_error ignored = {0};
    TRY(log_checkpoint_open(db_string(rows, 1), db_string(rows, 2), &checkpoint, err));
    if (log_nodes_fetch_roots(registry, frontier->size, &ignored) == MLOPS_OK &&
        read_roots(registry, frontier, &ignored) == MLOPS_OK &&
        log_checkpoint_signs(&checkpoint, frontier, &ignored) == MLOPS_OK)
        return MLOPS_OK;
    log_nodes_forget(registry);
    TRY(log_tree_frontier(registry->db, frontier, err));
    return log_checkpoint_signs(&checkpoint, frontier, err);
}

static int read_head(struct mlops_registry *registry, struct merkle_frontier *frontier,
                     struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    TRY(db_query(registry->db, &rows, err,
                 "SELECT (SELECT coalesce(max(position) + 1, 0) FROM audit), "
                 "coalesce((SELECT value FROM meta WHERE key = 'checkpoint'), ''), "
                 "coalesce((SELECT value FROM meta WHERE key = 'log_key'), '')"));
    TRY(db_step(rows, &any, err));
    if (is_same(registry->head, rows)) {
        *frontier = registry->head->frontier;
        return MLOPS_OK;
    }
    log_head_forget(registry);
    frontier->size = (uint64_t)db_i64(rows, 0);
    TRY(check(registry, rows, frontier, err));
    keep(registry, rows, frontier);
    return MLOPS_OK;
}

int log_head_read(struct mlops_registry *registry, struct merkle_frontier *frontier,
                  struct mlops_error *err)
{
    struct transaction *tx = registry->tx;
    if (tx && tx->tree_known && !tx->tree_grown) { /* nobody else can have moved it */
        *frontier = tx->tree;
        return MLOPS_OK;
    }
    *frontier = (struct merkle_frontier){0};
    TRY(read_head(registry, frontier, err));
    if (tx && !tx->tree_grown) {
        tx->tree = *frontier;
        tx->tree_known = true;
    }
    return MLOPS_OK;
}

const char *log_head_key(const struct mlops_registry *registry)
{
    return registry->head ? registry->head->key : NULL;
}

void log_head_forget(struct mlops_registry *registry)
{
    if (!registry->head)
        return;
    free(registry->head->checkpoint);
    free(registry->head->key);
    free(registry->head);
    registry->head = NULL;
}
