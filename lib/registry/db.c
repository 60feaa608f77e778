/*
 * lib/registry/db.c - the engine-neutral calls of db.h: each goes to the connection's driver.
 */
#include "base/clock.h"
#include "registry/db_driver.h"

void db_close(struct db *db)
{
    if (db)
        db->driver->close(db);
}

bool db_read_only(const struct db *db)
{
    return db->driver->read_only(db);
}

int db_begin(struct db *db, enum db_access access, struct mlops_error *err)
{
    return db->driver->begin(db, access, err);
}

static int begin_and_ask(struct db *db, bool *held, const char *sql, const struct db_value *values,
                         struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db->driver->begin(db, DB_WRITE, err));
    int code = db_query_values(db, &rows, err, sql, values);
    return code ? code : db_step(rows, held, err);
}

int db_begin_if(struct db *db, const char *line, bool *held, struct mlops_error *err,
                const char *sql, const struct db_value *values)
{
    int code;

    *held = false;
    if (db->driver->begin_if)
        return db->driver->begin_if(db, line, held, sql, values, err);
    code = begin_and_ask(db, held, sql, values, err);
    if (code || !*held)
        db->driver->rollback(db);
    return code;
}

int db_line_up(struct db *db, const char *line, bool *held, struct mlops_error *err,
               const char *sql, const struct db_value *values)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    if (db->driver->line_up)
        return db->driver->line_up(db, line, held, sql, values, err);
    TRY(db_query_values(db, &rows, err, sql, values));
    return db_step(rows, held, err);
}

void db_leave_line(struct db *db, const char *line)
{
    if (db->driver->leave_line)
        db->driver->leave_line(db, line);
}

int db_commit(struct db *db, struct mlops_error *err)
{
    return db->driver->commit(db, err);
}

void db_rollback(struct db *db)
{
    db->driver->rollback(db);
}

void db_witness_values(struct db *db, const char *sql, const struct db_value *values)
{
    if (db->driver->witness)
        db->driver->witness(db, sql, values);
}

void db_foresee_values(struct db *db, const char *sql, const struct db_value *values)
{
    if (db->driver->foresee)
        db->driver->foresee(db, sql, values);
}

char *db_holder(struct db *db)
{
    return db->driver->holder ? db->driver->holder(db) : NULL;
}

int db_now_ns(struct db *db, int64_t *now_ns, struct mlops_error *err)
{
    if (db->driver->now_ns)
        return db->driver->now_ns(db, now_ns, err);
    *now_ns = clock_now_ns();
    return MLOPS_OK;
}

int db_has_table(struct db *db, const char *name, bool *has, struct mlops_error *err)
{
    return db->driver->has_table(db, name, has, err);
}

int db_check(struct db *db, bool quick, struct mlops_error *err)
{
    return db->driver->check(db, quick, err);
}

int db_exec_values(struct db *db, struct mlops_error *err, const char *sql,
                   const struct db_value *values)
{
    return db->driver->exec(db, sql, values, err);
}

int db_query_values(struct db *db, struct db_rows **rows, struct mlops_error *err, const char *sql,
                    const struct db_value *values)
{
    return db->driver->query(db, sql, values, rows, err);
}

uint64_t db_changes(const struct db *db)
{
    return db->driver->changes(db);
}

int db_step(struct db_rows *rows, bool *more, struct mlops_error *err)
{
    return rows->driver->step(rows, more, err);
}

int64_t db_i64(const struct db_rows *rows, int column)
{
    return rows->driver->i64(rows, column);
}

double db_f64(const struct db_rows *rows, int column)
{
    return rows->driver->f64(rows, column);
}

const char *db_string(const struct db_rows *rows, int column)
{
    return rows->driver->string(rows, column);
}

const void *db_bytes(const struct db_rows *rows, int column, size_t *length)
{
    return rows->driver->bytes(rows, column, length);
}

bool db_is_null(const struct db_rows *rows, int column)
{
    return rows->driver->is_null(rows, column);
}

void db_rows_close(struct db_rows *rows)
{
    if (rows)
        rows->driver->rows_close(rows);
}
