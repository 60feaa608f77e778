/*
 * lib/registry/db_sqlite_statement.c - SQLite statements: prepared once, bound, stepped, and
 * stepped again where another process was in the way.
 */
#include "registry/db_sqlite.h"
#include <stdio.h>

struct sqlite_rows {
    struct db_rows base;
    struct sqlite_db *db;
    sqlite3_stmt *handle;
    size_t statement; /* its place in db->statements */
    bool begun;
};

static int prepare(struct sqlite_db *db, const char *sql, sqlite3_stmt **handle,
                   struct mlops_error *err)
{
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, handle, NULL);

    while (sqlite_is_busy(rc) && sqlite_wait_pause(db))
        rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, handle, NULL);
    return rc == SQLITE_OK ? MLOPS_OK : sqlite_fail(db, rc, sql, err);
}

/* A prepared statement that nobody is reading from, and its place. */
static int find_statement(struct sqlite_db *db, const char *sql, size_t *place,
                          struct mlops_error *err)
{
    sqlite3_stmt *handle;

    for (size_t i = 0; i < db->statement_count; i++) {
        if (!db->statements[i].busy && str_equal(db->statements[i].sql, sql)) {
            *place = i;
            return MLOPS_OK;
        }
    }
    TRY(prepare(db, sql, &handle, err));
    GROW(db->statements, db->statement_count, &db->statement_capacity);
    *place = db->statement_count++;
    db->statements[*place] = (struct sqlite_statement){.sql = xstrdup(sql), .handle = handle};
    return MLOPS_OK;
}

/* `keep` where the values must outlive the call. */
static int bind_value(sqlite3_stmt *handle, int index, const struct db_value *value, bool keep)
{
    sqlite3_destructor_type lifetime = keep ? SQLITE_TRANSIENT : SQLITE_STATIC;

    switch (value->type) {
    case DB_INTEGER:
        return sqlite3_bind_int64(handle, index, value->integer);
    case DB_REAL:
        return sqlite3_bind_double(handle, index, value->real);
    case DB_STRING:
        return sqlite3_bind_text64(handle, index, value->data, value->length, lifetime,
                                   SQLITE_UTF8);
    case DB_BYTES:
        return sqlite3_bind_blob64(handle, index, value->length ? value->data : "", value->length,
                                   lifetime);
    default:
        return sqlite3_bind_null(handle, index);
    }
}

/* SQLite takes "$1" for a name and numbers names as it meets them: look each one up. */
static int bind(struct sqlite_db *db, sqlite3_stmt *handle, const char *sql,
                const struct db_value *values, bool keep, struct mlops_error *err)
{
    int count = 0;

    for (; values[count].type != DB_NONE; count++) {
        char name[16];
        int index, rc;

        snprintf(name, sizeof(name), "$%d", count + 1);
        index = sqlite3_bind_parameter_index(handle, name);
        rc = index ? bind_value(handle, index, &values[count], keep) : SQLITE_RANGE;
        if (rc != SQLITE_OK)
            return sqlite_fail(db, rc, sql, err);
    }
    if (count != sqlite3_bind_parameter_count(handle))
        return sqlite_fail(db, SQLITE_RANGE, sql, err);
    return MLOPS_OK;
}

/*
 * The first step of a statement. SQLite does not call the busy handler where it suspects a
 * deadlock or somebody recovers the write-ahead log; nothing was done then, so step again.
 */
static int step_first(struct sqlite_db *db, sqlite3_stmt *handle)
{
    int rc = sqlite3_step(handle);

    while (sqlite_is_busy(rc)) {
        sqlite3_reset(handle);
        if (!sqlite_wait_pause(db))
            break;
        rc = sqlite3_step(handle);
    }
    return rc;
}

int sqlite_exec_values(struct db *base, const char *sql, const struct db_value *values,
                       struct mlops_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    sqlite3_stmt *handle;
    size_t place;
    int rc, code = MLOPS_OK;

    sqlite_wait_begin(db);
    TRY(find_statement(db, sql, &place, err));
    handle = db->statements[place].handle;
    code = bind(db, handle, sql, values, false, err);
    if (code == MLOPS_OK) {
        rc = step_first(db, handle);
        if (rc != SQLITE_DONE && rc != SQLITE_ROW)
            code = sqlite_fail(db, rc, sql, err);
    }
    sqlite3_reset(handle);
    sqlite3_clear_bindings(handle); /* they point to what the caller may free now */
    return code;
}

int sqlite_query_values(struct db *base, const char *sql, const struct db_value *values,
                        struct db_rows **rows, struct mlops_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    struct sqlite_rows *made;
    size_t place;

    sqlite_wait_begin(db);
    TRY(find_statement(db, sql, &place, err));
    TRY(bind(db, db->statements[place].handle, sql, values, true, err));
    made = xcalloc(1, sizeof(*made));
    made->base.driver = base->driver;
    made->db = db;
    made->handle = db->statements[place].handle;
    made->statement = place;
    db->statements[place].busy = true;
    *rows = &made->base;
    return MLOPS_OK;
}

uint64_t sqlite_rows_changed(const struct db *base)
{
    return (uint64_t)sqlite3_changes64(((const struct sqlite_db *)base)->handle);
}

int sqlite_rows_step(struct db_rows *base, bool *more, struct mlops_error *err)
{
    struct sqlite_rows *rows = (struct sqlite_rows *)base;
    int rc;

    *more = false;
    sqlite_wait_begin(rows->db);
    rc = rows->begun ? sqlite3_step(rows->handle) : step_first(rows->db, rows->handle);
    rows->begun = true;
    TRY(sqlite_check_unchanged(rows->db, err)); /* before the row or an error is believed */
    *more = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return sqlite_fail(rows->db, rc, sqlite3_sql(rows->handle), err);
    return MLOPS_OK;
}

int64_t sqlite_rows_i64(const struct db_rows *base, int column)
{
    return sqlite3_column_int64(((const struct sqlite_rows *)base)->handle, column);
}

double sqlite_rows_f64(const struct db_rows *base, int column)
{
    return sqlite3_column_double(((const struct sqlite_rows *)base)->handle, column);
}

const char *sqlite_rows_string(const struct db_rows *base, int column)
{
    const struct sqlite_rows *rows = (const struct sqlite_rows *)base;
    const unsigned char *text = sqlite3_column_text(rows->handle, column);

    return text ? (const char *)text : "";
}

const void *sqlite_rows_bytes(const struct db_rows *base, int column, size_t *length)
{
    const struct sqlite_rows *rows = (const struct sqlite_rows *)base;
    const void *data = sqlite3_column_blob(rows->handle, column);

    *length = (size_t)sqlite3_column_bytes(rows->handle, column);
    return data ? data : "";
}

bool sqlite_rows_is_null(const struct db_rows *base, int column)
{
    const struct sqlite_rows *rows = (const struct sqlite_rows *)base;

    return sqlite3_column_type(rows->handle, column) == SQLITE_NULL;
}

void sqlite_rows_close(struct db_rows *base)
{
    struct sqlite_rows *rows = (struct sqlite_rows *)base;

    sqlite3_reset(rows->handle);
    rows->db->statements[rows->statement].busy = false;
    free(rows);
}

void sqlite_statements_clear(struct sqlite_db *db)
{
    for (size_t i = 0; i < db->statement_count; i++) {
        sqlite3_finalize(db->statements[i].handle);
        free(db->statements[i].sql);
    }
    free(db->statements);
    db->statements = NULL;
    db->statement_count = db->statement_capacity = 0;
}
