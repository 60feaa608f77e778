/* lib/registry/log_tree.c - the hash tree of the audit log, in the database. */
#include "registry/log_tree.h"

static int fail_damaged(struct mlops_error *err, unsigned level, uint64_t index)
{
    mlops_fail(err, MLOPS_INTEGRITY,
               "the audit log is damaged: hash %llu of level %u of its tree is missing",
               (unsigned long long)index, level);
    return mlops_hint(err, "'mlops log --verify' tells more; restore the registry from a backup");
}

int log_tree_node(void *context, unsigned level, uint64_t index, struct digest *hash,
                  struct mlops_error *err)
{
    struct db *db = context;
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    const char *hex;
    bool any;

    if (level == 0)
        TRY(db_query(db, &rows, err, "SELECT leaf FROM audit WHERE position = $1", DB_I64(index)));
    else
        TRY(db_query(db, &rows, err, "SELECT hash FROM audit_node WHERE position = $1",
                     DB_I64(merkle_node_number(level, index))));
    TRY(db_step(rows, &any, err));
    hex = any ? db_string(rows, 0) : "";
    return digest_from_hex(hex, strlen(hex), hash) ? MLOPS_OK : fail_damaged(err, level, index);
}

int log_tree_size(struct db *db, uint64_t *size, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query(db, &rows, err, "SELECT coalesce(max(position) + 1, 0) FROM audit"));
    TRY(db_step(rows, &any, err));
    *size = (uint64_t)db_i64(rows, 0);
    return MLOPS_OK;
}

int log_tree_frontier(struct db *db, struct merkle_frontier *frontier, struct mlops_error *err)
{
    memset(frontier, 0, sizeof(*frontier));
    TRY(log_tree_size(db, &frontier->size, err));
    for (unsigned level = 0; level < MERKLE_LEVELS; level++)
        if (frontier->size >> level & 1)
            TRY(log_tree_node(db, level, (frontier->size >> level) - 1, &frontier->roots[level],
                              err));
    return MLOPS_OK;
}

int log_tree_keep(struct db *db, const struct merkle_frontier *frontier, unsigned level,
                  const struct digest created[MERKLE_LEVELS], struct mlops_error *err)
{
    for (unsigned at = 1; at <= level; at++) {
        char hex[SHA256_HEX_SIZE];

        digest_to_hex(&created[at], hex);
        TRY(db_exec(db, err, "INSERT INTO audit_node (position, hash) VALUES ($1, $2)",
                    DB_I64(merkle_node_number(at, (frontier->size >> at) - 1)), DB_TEXT(hex)));
    }
    return MLOPS_OK;
}

int log_tree_fill(struct db *db, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct merkle_frontier frontier = {0};
    struct digest created[MERKLE_LEVELS];

    TRY(db_query(db, &rows, err, "SELECT leaf FROM audit ORDER BY position"));
    for (;;) {
        struct digest leaf;
        const char *hex;
        bool more;

        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        hex = db_string(rows, 0);
        if (!digest_from_hex(hex, strlen(hex), &leaf))
            return fail_damaged(err, 0, frontier.size);
        TRY(log_tree_keep(db, &frontier, merkle_append(&frontier, &leaf, created), created, err));
    }
}
