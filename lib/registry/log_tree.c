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

/* ---- many at once ---------------------------------------------------------------------------- */

/* The row of the hash: in `audit` for a leaf, in `audit_node` for the others. */
static uint64_t row_of(const struct log_tree_hash *hash)
{
    return hash->level == 0 ? hash->index : merkle_node_number(hash->level, hash->index);
}

/* Leaves first, each table by its rows. */
static int compare_rows(const void *left, const void *right)
{
    const struct log_tree_hash *a = left, *b = right;
    if ((a->level == 0) != (b->level == 0))
        return a->level == 0 ? -1 : 1;
    return (row_of(a) > row_of(b)) - (row_of(a) < row_of(b));
}

#define AT_ONCE 32
#define THIRTY_TWO                                                                                 \
    "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, "      \
    "$20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)"

/* At most AT_ONCE hashes of one of the tables, in the order of their rows; one may be asked for
 * more than once. */
static int read_some(struct db *db, struct log_tree_hash *hashes, size_t count,
                     struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct db_value values[AT_ONCE + 1];
    const char *sql = hashes[0].level == 0
                          ? "SELECT position, leaf FROM audit WHERE position IN " THIRTY_TWO
                            " ORDER BY position"
                          : "SELECT position, hash FROM audit_node WHERE position IN " THIRTY_TWO
                            " ORDER BY position";
    size_t at = 0;
    for (size_t i = 0; i < AT_ONCE; i++)
        values[i] = DB_I64(row_of(&hashes[i < count ? i : 0]));
    values[AT_ONCE] = DB_END;
    TRY(db_query_values(db, &rows, err, sql, values));
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        uint64_t row = (uint64_t)db_i64(rows, 0);
        const char *hex = db_string(rows, 1);
        while (at < count && row_of(&hashes[at]) < row)
            at++;
        for (; at < count && row_of(&hashes[at]) == row; at++)
            hashes[at].found = digest_from_hex(hex, strlen(hex), &hashes[at].hash);
    }
}

int log_tree_hashes(struct db *db, struct log_tree_hash *hashes, size_t count,
                    struct mlops_error *err)
{
    if (count > 1)
        qsort(hashes, count, sizeof(*hashes), compare_rows);
    for (size_t i = 0, some; i < count; i += some) {
        bool leaves = hashes[i].level == 0;
        for (some = 1; some < AT_ONCE && i + some < count; some++)
            if ((hashes[i + some].level == 0) != leaves)
                break;
        TRY(read_some(db, &hashes[i], some, err));
    }
    return MLOPS_OK;
}

/* ---- the tree -------------------------------------------------------------------------------- */

int log_tree_size(struct db *db, uint64_t *size, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query(db, &rows, err, "SELECT coalesce(max(position) + 1, 0) FROM audit"));
    TRY(db_step(rows, &any, err));
    *size = (uint64_t)db_i64(rows, 0);
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
