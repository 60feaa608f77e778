/*
 * lib/registry/db_postgres_statement.c - PostgreSQL statements: those without rows join the
 * pipeline, queries collect it, and rows are read from the result.
 */
#include "registry/db_postgres.h"

#define OID_BOOL 16
#define PENDING_MAX 64 /* statements that wait to be sent: a bound for libpq's buffers */

struct postgres_rows {
    struct db_rows base;
    struct postgres_db *db;
    PGresult *result;
    int row, count;
    char **texts; /* of columns that were asked for as bytes, to be freed with PQfreemem */
    size_t text_count, text_capacity;
};

int postgres_exec_values(struct db *base, const char *sql, const struct db_value *values,
                         struct mlops_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    int code = MLOPS_OK;

    postgres_journal_outdate(db);
    postgres_journal_add(db, sql, values);
    if (db->state == POSTGRES_IDLE || db->journal_count - db->sent >= PENDING_MAX)
        code = postgres_flush(db, NULL, err);
    if (db->state == POSTGRES_IDLE)
        postgres_journal_clear(db);
    return code;
}

int postgres_query_values(struct db *base, const char *sql, const struct db_value *values,
                          struct db_rows **rows, struct mlops_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    PGresult *result = NULL;
    struct postgres_rows *made;
    int code = postgres_journal_take(db, sql, values, &result, err);

    if (code == MLOPS_OK && !result) {
        postgres_journal_add(db, sql, values);
        code = postgres_flush(db, &result, err);
    }
    if (db->state == POSTGRES_IDLE)
        postgres_journal_clear(db);
    TRY(code);
    made = xcalloc(1, sizeof(*made));
    made->base.driver = base->driver;
    made->db = db;
    made->result = result;
    made->row = -1;
    made->count = db->api.PQntuples(result);
    *rows = &made->base;
    return MLOPS_OK;
}

uint64_t postgres_rows_changed(const struct db *base)
{
    /* Where the statement still waits to be sent, its answer is not known: ask for it. A failure
     * comes again with the next statement. */
    struct postgres_db *db = (struct postgres_db *)(uintptr_t)base;
    struct mlops_error ignored = {0};

    if (db->sent < db->journal_count && postgres_flush(db, NULL, &ignored) != MLOPS_OK)
        return 0;
    return strtoull(db->changed, NULL, 10);
}

int postgres_rows_step(struct db_rows *base, bool *more, struct mlops_error *err)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;

    (void)err; /* all rows are here */
    *more = ++rows->row < rows->count;
    return MLOPS_OK;
}

bool postgres_rows_is_null(const struct db_rows *base, int column)
{
    const struct postgres_rows *rows = (const struct postgres_rows *)base;

    return rows->row < 0 || rows->row >= rows->count ||
           rows->db->api.PQgetisnull(rows->result, rows->row, column);
}

const char *postgres_rows_string(const struct db_rows *base, int column)
{
    const struct postgres_rows *rows = (const struct postgres_rows *)base;

    return postgres_rows_is_null(base, column)
               ? ""
               : rows->db->api.PQgetvalue(rows->result, rows->row, column);
}

int64_t postgres_rows_i64(const struct db_rows *base, int column)
{
    const struct postgres_rows *rows = (const struct postgres_rows *)base;
    const char *text = postgres_rows_string(base, column);

    if (rows->db->api.PQftype(rows->result, column) == OID_BOOL)
        return *text == 't';
    return strtoll(text, NULL, 10);
}

double postgres_rows_f64(const struct db_rows *base, int column)
{
    return strtod(postgres_rows_string(base, column), NULL);
}

const void *postgres_rows_bytes(const struct db_rows *base, int column, size_t *length)
{
    struct postgres_rows *rows = (struct postgres_rows *)(uintptr_t)base;
    const char *text = postgres_rows_string(base, column);
    unsigned char *bytes = rows->db->api.PQunescapeBytea((const unsigned char *)text, length);

    if (!bytes) {
        *length = 0;
        return "";
    }
    GROW(rows->texts, rows->text_count, &rows->text_capacity);
    rows->texts[rows->text_count++] = (char *)bytes;
    return bytes;
}

void postgres_rows_close(struct db_rows *base)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;

    for (size_t i = 0; i < rows->text_count; i++)
        rows->db->api.PQfreemem(rows->texts[i]);
    free(rows->texts);
    rows->db->api.PQclear(rows->result);
    free(rows);
}
