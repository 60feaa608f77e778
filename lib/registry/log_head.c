/* lib/registry/log_head.c - the signed head of the audit log, checked once for each of them. */
#include "registry/log_head.h"
#include "registry/log_nodes.h"
#include "registry/log_tree.h"

/* The head that was checked last: what stood in the database, and what it means. */
struct log_head {
    char *checkpoint, *key, *newest;
    struct merkle_frontier frontier;
    uint64_t lineage;             /* which log_head_lineage gives */
    char origin[SHA256_HEX_SIZE]; /* which log_head_origin gives; "" where it is not known */
};

/* More entries than so many at once are not added one by one: the roots above them are read. */
#define GROWTH_MAX 1024

static bool is_same(const struct log_head *head, const struct db_rows *rows)
{
    return head && (uint64_t)db_i64(rows, 0) == head->frontier.size &&
           str_equal(db_string(rows, 1), head->checkpoint) &&
           str_equal(db_string(rows, 2), head->key);
}

static void keep(struct mlops_registry *registry, const struct db_rows *rows,
                 const struct merkle_frontier *frontier, bool grown)
{
    struct log_head *head = xcalloc(1, sizeof(*head));
    *head = (struct log_head){.checkpoint = xstrdup(db_string(rows, 1)),
                              .key = xstrdup(db_string(rows, 2)),
                              .newest = xstrdup(db_string(rows, 3)),
                              .frontier = *frontier,
                              .lineage = grown ? registry->head->lineage : ++registry->lineages};
    if (grown)
        str_copy(head->origin, sizeof(head->origin), registry->head->origin);
    log_head_forget(registry);
    registry->head = head;
}

#define LEAVES_SQL                                                                                 \
    "SELECT position, leaf FROM audit WHERE position >= $1 ORDER BY position LIMIT 1024"

/* The tree that was checked last, with the leaves that came since: one question, and proofs that
 * need their hashes need no more of them. `*grown` false where the log does not go on from there.
 */
static int add_leaves(struct mlops_registry *registry, uint64_t size,
                      struct merkle_frontier *frontier, bool *grown, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    *grown = frontier->size == size;
    if (*grown)
        return MLOPS_OK;
    TRY(db_query(registry->db, &rows, err, LEAVES_SQL, DB_I64(frontier->size)));
    while (frontier->size < size) {
        struct digest leaf;
        bool more;
        TRY(db_step(rows, &more, err));
        const char *hex = more ? db_string(rows, 1) : "";
        if (!more || (uint64_t)db_i64(rows, 0) != frontier->size ||
            !digest_from_hex(hex, strlen(hex), &leaf))
            return MLOPS_OK;
        log_nodes_append(registry, frontier, &leaf);
    }
    *grown = true;
    return MLOPS_OK;
}

/* As `check`, by what the handle knows of the log. */
static int grow(struct mlops_registry *registry, const struct db_rows *rows,
                struct merkle_frontier *frontier, bool *grown, struct mlops_error *err)
{
    struct mlops_error ignored = {0}; /* then all is read, and that says what is wrong */
    struct checkpoint checkpoint;
    uint64_t size = frontier->size;
    *grown = false;
    if (!registry->head || size < registry->head->frontier.size ||
        size - registry->head->frontier.size > GROWTH_MAX)
        return MLOPS_OK;
    struct merkle_frontier longer = registry->head->frontier;
    TRY(add_leaves(registry, size, &longer, grown, err));
    *grown = *grown &&
             log_checkpoint_open(db_string(rows, 1), db_string(rows, 2), &checkpoint, &ignored) ==
                 MLOPS_OK &&
             log_checkpoint_signs(&checkpoint, &longer, &ignored) == MLOPS_OK;
    if (*grown)
        *frontier = longer;
    else
        log_nodes_forget(registry);
    return MLOPS_OK;
}

static int read_tree(struct mlops_registry *registry, const struct checkpoint *checkpoint,
                     struct merkle_frontier *frontier, struct mlops_error *err)
{
    TRY(log_nodes_frontier(registry, frontier->size, frontier, err));
    return log_checkpoint_signs(checkpoint, frontier, err);
}

/* Is it what the checkpoint signs? What was read before may be of a log that is there no more: then
 * all of it is read anew. */
static int check(struct mlops_registry *registry, const struct db_rows *rows,
                 struct merkle_frontier *frontier, struct mlops_error *err)
{
    struct checkpoint checkpoint;
    struct mlops_error ignored = {0};
    TRY(log_checkpoint_open(db_string(rows, 1), db_string(rows, 2), &checkpoint, err));
    if (read_tree(registry, &checkpoint, frontier, &ignored) == MLOPS_OK)
        return MLOPS_OK;
    log_nodes_forget(registry);
    return read_tree(registry, &checkpoint, frontier, err);
}

#define HEAD_SQL                                                                                   \
    "SELECT (SELECT coalesce(max(position) + 1, 0) FROM audit), "                                  \
    "coalesce((SELECT value FROM meta WHERE key = 'checkpoint'), ''), "                            \
    "coalesce((SELECT value FROM meta WHERE key = 'log_key'), ''), "                               \
    "coalesce((SELECT entry FROM audit ORDER BY position DESC LIMIT 1), '')"

static int read_head(struct mlops_registry *registry, struct merkle_frontier *frontier,
                     struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any, grown;
    TRY(db_query(registry->db, &rows, err, HEAD_SQL));
    TRY(db_step(rows, &any, err));
    if (is_same(registry->head, rows)) {
        *frontier = registry->head->frontier;
        return MLOPS_OK;
    }
    frontier->size = (uint64_t)db_i64(rows, 0);
    TRY(grow(registry, rows, frontier, &grown, err));
    if (!grown) {
        log_head_forget(registry);
        TRY(check(registry, rows, frontier, err));
    }
    keep(registry, rows, frontier, grown);
    return MLOPS_OK;
}

void log_head_foresee(struct mlops_registry *registry)
{
    db_foresee(registry->db, HEAD_SQL);
    if (registry->head)
        db_foresee(registry->db, LEAVES_SQL, DB_I64(registry->head->frontier.size));
}

int log_head_read(struct mlops_registry *registry, struct merkle_frontier *frontier,
                  struct mlops_error *err)
{
    struct transaction *tx = registry->tx;
    if (tx && tx->tree_known && !tx->tree_grown) { /* nobody else can have moved it */
        *frontier = tx->tree;
        return MLOPS_OK;
    }
    if (registry->snapshot && registry->head && registry->head_is_present) {
        *frontier = registry->head->frontier;
        return MLOPS_OK;
    }
    *frontier = (struct merkle_frontier){0};
    TRY(read_head(registry, frontier, err));
    registry->head_is_present = registry->snapshot;
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

const char *log_head_newest(const struct mlops_registry *registry, uint64_t size)
{
    return registry->head && registry->head->frontier.size == size ? registry->head->newest : NULL;
}

uint64_t log_head_lineage(const struct mlops_registry *registry)
{
    return registry->head ? registry->head->lineage : 0;
}

char *log_head_origin(struct mlops_registry *registry)
{
    return registry->head ? registry->head->origin : NULL;
}

void log_head_forget(struct mlops_registry *registry)
{
    if (!registry->head)
        return;
    free(registry->head->checkpoint);
    free(registry->head->key);
    free(registry->head->newest);
    free(registry->head);
    registry->head = NULL;
}
