/*
 * lib/registry/copy_rows.c - the rows of a whole registry moved to another, table by table, in the
 * order in which rows refer to one another.
 */
#include "registry/copy_rows.h"
#include "base/path.h"
#include "registry/log_tree.h"

#define TABLE(travel, name, kinds, columns, parameters)                                            \
    {                                                                                              \
#name, kinds, columns, "SELECT " columns " FROM " #name,                                   \
            "INSERT INTO " #name " (" columns ") VALUES (" parameters ")",                         \
            "INSERT INTO " #name " (" columns ") VALUES (" parameters ") ON CONFLICT DO NOTHING",  \
            "DELETE FROM " #name, travel                                                           \
    }

/* All but `meta`, of which some rows stay. */
static const struct copy_table tables[] = {
    TABLE(TRAVEL_CHANGES, model, "tii", "name, last_number, created_ns", "$1, $2, $3"),
    TABLE(TRAVEL_GROWS, bundle, "ttiiiti",
          "id, model, files, bytes, created_ns, created_by, packaged_ns",
          "$1, $2, $3, $4, $5, $6, $7"),
    TABLE(TRAVEL_CHANGES, version, "titit", "model, number, bundle, created_ns, created_by",
          "$1, $2, $3, $4, $5"),
    TABLE(TRAVEL_LOG, audit, "iitttiitttt",
          "position, time_ns, actor, action, model, version, previous, stage, reason, "
          "entry, leaf",
          "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"),
    TABLE(TRAVEL_LOG, audit_node, "it", "position, hash", "$1, $2"),
    TABLE(TRAVEL_CHANGES, stage_entry, "ttiiiti",
          "model, stage, position, number, entered_ns, entered_by, audit_index",
          "$1, $2, $3, $4, $5, $6, $7"),
    TABLE(TRAVEL_GROWS, evidence, "itttttti",
          "id, bundle, kind, name, status, actor, body, recorded_ns",
          "$1, $2, $3, $4, $5, $6, $7, $8"),
    TABLE(TRAVEL_CHANGES, kept, "ittti", "evidence, what, bundle, sha256, bytes",
          "$1, $2, $3, $4, $5"),
    TABLE(TRAVEL_STAYS, condemned, "tii", "pack, condemned_ns, replaced", "$1, $2, $3"),
    TABLE(TRAVEL_FOUND, fact, "tittdt", "model, number, name, kind, amount, content",
          "$1, $2, $3, $4, $5, $6"),
    TABLE(TRAVEL_GROWS, policy, "tit", "model, number, body", "$1, $2, $3"),
    TABLE(TRAVEL_CHANGES, tag, "titt", "model, number, name, value", "$1, $2, $3, $4"),
    TABLE(TRAVEL_CHANGES, trash, "titititii",
          "model, number, bundle, created_ns, created_by, deleted_ns, deleted_by, "
          "audit_index, purged_ns",
          "$1, $2, $3, $4, $5, $6, $7, $8, $9"),
    TABLE(TRAVEL_CHANGES, retired, "tititti",
          "model, number, bundle, retired_ns, retired_by, reason, released_ns",
          "$1, $2, $3, $4, $5, $6, $7"),
    TABLE(TRAVEL_CHANGES, evaluation, "ttttitit",
          "name, model, bundle, sha256, row_count, labels, added_ns, added_by",
          "$1, $2, $3, $4, $5, $6, $7, $8"),
    TABLE(TRAVEL_STAYS, webhook, "ittttti", "id, url, events, variable, kind, model, least",
          "$1, $2, $3, $4, $5, $6, $7"),
    TABLE(TRAVEL_STAYS, outbox, "iiiit", "webhook, position, due_ns, attempts, last_error",
          "$1, $2, $3, $4, $5"),
    TABLE(TRAVEL_STAYS, monitor_model, "tiiiiiiiii",
          "model, batch, newest_ns, received, counted, duplicates, malformed, unknown, "
          "future, late",
          "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10"),
    TABLE(TRAVEL_STAYS, monitor_group, "ititti", "id, model, version, stage, segment, shadow",
          "$1, $2, $3, $4, $5, $6"),
    TABLE(TRAVEL_STAYS, monitor_window, "iiibb", "group_id, level, start_ns, measures, profiles",
          "$1, $2, $3, $4, $5"),
    TABLE(TRAVEL_STAYS, monitor_roster, "tiib", "model, minute, batch, records", "$1, $2, $3, $4"),
    TABLE(TRAVEL_STAYS, monitor_label, "tiib", "model, minute, batch, records", "$1, $2, $3, $4"),
    TABLE(TRAVEL_STAYS, monitor_pending, "tib", "model, batch, records", "$1, $2, $3"),
    TABLE(TRAVEL_STAYS, monitor_segment, "tiiiiitb",
          "model, batch, first_ns, last_ns, events, bytes, object, content",
          "$1, $2, $3, $4, $5, $6, $7, $8"),
    TABLE(TRAVEL_CHANGES, monitor_rule, "tttti", "model, name, rule, set_by, set_ns",
          "$1, $2, $3, $4, $5"),
    TABLE(TRAVEL_CHANGES, monitor_alert, "tttiitiitti",
          "model, stage, rule, since_ns, version, severity, opened_ns, resolved_ns, what, "
          "cause, cleared_ns",
          "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"),
    TABLE(TRAVEL_CHANGES, retrain_trigger, "ttti", "model, triggers, set_by, set_ns",
          "$1, $2, $3, $4"),
    TABLE(TRAVEL_CHANGES, retrain_run, "itttiiiiitt",
          "id, model, stage, reason, from_version, to_version, started_ns, ended_ns, lease_ns, "
          "status, holder",
          "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"),
    TABLE(TRAVEL_STAYS, monitor_series, "ttid", "model, series, day_ns, amount", "$1, $2, $3, $4"),
    TABLE(TRAVEL_CHANGES, monitor_silence, "ittttii",
          "id, model, matchers, reason, author, since_ns, until_ns", "$1, $2, $3, $4, $5, $6, $7"),
};

/* What the database of a registry says of itself and not of its content. */
#define META_OWN "('schema', 'objects', 'access')"

static int ask_number(struct db *db, const char *sql, uint64_t *number, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    *number = 0;
    TRY(db_query_values(db, &rows, err, sql, &DB_END));
    TRY(db_step(rows, &any, err));
    if (any)
        *number = (uint64_t)db_i64(rows, 0);
    return MLOPS_OK;
}

/* The signed head of the log; the caller frees. */
static int ask_checkpoint(struct db *db, char **checkpoint, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query(db, &rows, err, "SELECT value FROM meta WHERE key = 'checkpoint'"));
    TRY(db_step(rows, &any, err));
    *checkpoint = xstrdup(any ? db_string(rows, 0) : "");
    return MLOPS_OK;
}

int registry_copy_state(struct mlops_registry *from, struct mlops_registry *to,
                        enum copy_state *state, struct mlops_error *err)
{
    _cleanup_(free_string) char *ours = NULL, *theirs = NULL;
    uint64_t entries, bundles;

    TRY(ask_checkpoint(from->db, &ours, err));
    TRY(ask_checkpoint(to->db, &theirs, err));
    TRY(ask_number(to->db, "SELECT COUNT(*) FROM audit", &entries, err));
    TRY(ask_number(to->db, "SELECT COUNT(*) FROM bundle", &bundles, err));
    *state = *ours && str_equal(ours, theirs) ? COPY_DONE
             : entries <= 1 && bundles == 0   ? COPY_EMPTY
                                              : COPY_OTHER;
    return MLOPS_OK;
}

/* Column `i` of the present row, borrowed from it. */
static struct db_value value_of(const struct db_rows *rows, int i, char kind)
{
    struct db_value value = {.type = DB_NULL};

    if (db_is_null(rows, i))
        return value;
    switch (kind) {
    case 'i':
        return DB_I64(db_i64(rows, i));
    case 'd':
        return DB_F64(db_f64(rows, i));
    case 't':
        return DB_TEXT(db_string(rows, i));
    default:
        value.type = DB_BYTES;
        value.data = db_bytes(rows, i, &value.length);
        return value;
    }
}

int registry_copy_one(struct db *from, struct db *to, const struct copy_table *table,
                      const char *insert, uint64_t *rows, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *row = NULL;
    size_t count = strlen(table->kinds);
    bool more;

    TRY(db_query_values(from, &row, err, table->select, &DB_END));
    for (;; ++*rows) {
        struct db_value values[COPY_COLUMNS_MAX + 1];

        TRY(db_step(row, &more, err));
        if (!more)
            return MLOPS_OK;
        for (size_t i = 0; i < count; i++)
            values[i] = value_of(row, (int)i, table->kinds[i]);
        values[count] = DB_END;
        TRY(db_exec_values(to, err, insert, values));
    }
}

static int copy_meta(struct db *from, struct db *to, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *row = NULL;
    bool more;

    TRY(db_exec(to, err, "DELETE FROM meta WHERE key NOT IN " META_OWN));
    TRY(db_query(from, &row, err, "SELECT key, value FROM meta WHERE key NOT IN " META_OWN));
    for (;;) {
        TRY(db_step(row, &more, err));
        if (!more)
            return MLOPS_OK;
        TRY(db_exec(to, err, "INSERT INTO meta (key, value) VALUES ($1, $2)",
                    DB_TEXT(db_string(row, 0)), DB_TEXT(db_string(row, 1))));
    }
}

int registry_copy_rows(struct mlops_registry *from, struct mlops_registry *to, uint64_t *rows,
                       struct mlops_error *err)
{
    *rows = 0;
    for (size_t i = ARRAY_LENGTH(tables); i-- > 0;)
        TRY(db_exec_values(to->db, err, tables[i].clear, &DB_END));
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++)
        if (registry_copy_one(from->db, to->db, &tables[i], tables[i].insert, rows, err))
            return mlops_wrap(err, "copy the table %s", tables[i].name);
    return copy_meta(from->db, to->db, err);
}

int registry_copy_key(const struct mlops_registry *from, struct mlops_registry *to,
                      struct mlops_error *err)
{
    _cleanup_(free_string) char *key = log_key_path(from->location);

    return log_key_fits(to) ? MLOPS_OK : log_key_take(to, key, err);
}

const struct copy_table *registry_copy_table(size_t index)
{
    return index < ARRAY_LENGTH(tables) ? &tables[index] : NULL;
}
