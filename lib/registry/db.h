/*
 * lib/registry/db.h - a thin driver over an SQL engine: statements with bound parameters in, rows
 * out. The engines are SQLite and PostgreSQL; another one is another `struct db_driver`
 * (db_driver.h).
 *
 * Statements are literals with $1, $2 …; they are prepared once and kept.
 */
#ifndef REGISTRY_DB_H
#define REGISTRY_DB_H
#include "base/util.h"

struct db;
struct db_rows;

enum db_type { DB_NONE, DB_NULL, DB_INTEGER, DB_REAL, DB_STRING, DB_BYTES };

/* A parameter. Text and bytes are borrowed for the call. */
struct db_value {
    enum db_type type;
    int64_t integer;
    double real;
    const void *data;
    size_t length;
};
#define DB_I64(value) ((struct db_value){.type = DB_INTEGER, .integer = (int64_t)(value)})
#define DB_F64(value) ((struct db_value){.type = DB_REAL, .real = (value)})
#define DB_TEXT(value) db_text(value)
#define DB_BLOB(pointer, size)                                                                     \
    ((struct db_value){.type = DB_BYTES, .data = (pointer), .length = (size)})
static inline struct db_value db_text(const char *text)
{
    return text ? (struct db_value){.type = DB_STRING, .data = text, .length = strlen(text)}
                : (struct db_value){.type = DB_NULL};
}

#define DB_END ((struct db_value){.type = DB_NONE})

/* ---- connections ------------------------------------------------------------------------- */

/* Asked before every pause while another process keeps the database busy: non-zero ends the
 * waiting with that code, which it has set in `err`. */
typedef int (*db_wait)(void *context, int64_t waited_ns, struct mlops_error *err);

struct db_options {
    const char *path;       /* of the database's file; PostgreSQL: its URL */
    const char *who;        /* this process, for those who wait for it; NULL: not said */
    bool create;            /* make it where it is missing */
    bool shared_filesystem; /* treat the file system as a network one, whatever statfs says */
    db_wait wait;           /* NULL: do not wait */
    void *wait_context;
    /* PostgreSQL: may stop the wait for a connection, and a transaction that only reads; NULL:
     * nobody. What is written is short, and not broken off. */
    const struct mlops_observer *observer;
};

/* Open an SQLite database; the caller closes it. What cannot be written opens for reading.
 * Errors: MLOPS_INTEGRITY damaged; MLOPS_IO. */
int db_open_sqlite(const struct db_options *options, struct db **db, struct mlops_error *err);
/* Connect to PostgreSQL by a URL as libpq takes it, loading libpq. Its schema is the first of the
 * search path. Errors: MLOPS_INVALID not such a URL, or a database that is not in UTF-8; MLOPS_IO
 * the library is missing, or the server cannot be reached; MLOPS_CANCELLED. */
int db_open_postgres(const struct db_options *options, struct db **db, struct mlops_error *err);
void db_close(struct db *db);
DEFINE_CLEANUP(struct db, db_close)
/* Was it opened for reading only, because the file or its file system is? */
bool db_read_only(const struct db *db);

enum db_access { DB_READ, DB_WRITE };
/* Begin a transaction: DB_READ sees one snapshot; DB_WRITE excludes all other writers and waits
 * for its turn. They do not nest. */
int db_begin(struct db *db, enum db_access access, struct mlops_error *err);
/* Begin to write where a query has a row then: where it has none, `*held` is false and nothing is
 * begun. Those who ask the same of the same thing, which `line` names, wait in a line of their own
 * as far as the engine can: of many whose wish has become void none keeps other writers waiting. */
int db_begin_if(struct db *db, const char *line, bool *held, struct mlops_error *err,
                const char *sql, const struct db_value *values);
/* Wait in the line of db_begin_if before anything is begun, for those who have much to find out
 * first: `*held` false where the query has no row at the head of the line, which was left then. It
 * is courtesy, and not waited for longer than two seconds. One line at a time. */
int db_line_up(struct db *db, const char *line, bool *held, struct mlops_error *err,
               const char *sql, const struct db_value *values);
void db_leave_line(struct db *db, const char *line);
/* Durable when it returns MLOPS_OK; on failure it is rolled back. */
int db_commit(struct db *db, struct mlops_error *err);
void db_rollback(struct db *db);
/* Before db_commit: a query that has a row once the transaction is committed and had none before,
 * for engines whose answer to a commit may be lost on the way: `db_witness(db, "…", …)`. */
#define db_witness(db, ...) db_witness_values(db, DB_STATEMENT_(__VA_ARGS__, DB_END))
/* Who keeps others from writing now, as text for people; NULL where the engine cannot tell. The
 * caller frees. */
char *db_holder(struct db *db);
/* Now, by the clock that all who share the database go by: its server's, or where it has none this
 * machine's. For what ends at a time that others set; what is told to people has clock_now_ns. */
int db_now_ns(struct db *db, int64_t *now_ns, struct mlops_error *err);
int db_has_table(struct db *db, const char *name, bool *has, struct mlops_error *err);
/* Do the engine's own structures fit one another: pages, indexes and their tables, rows that refer
 * to rows? `quick` leaves out whether indexes hold what their tables do.
 * Errors: MLOPS_INTEGRITY the first thing that does not; MLOPS_IO. */
int db_check(struct db *db, bool quick, struct mlops_error *err);

/* ---- statements -------------------------------------------------------------------------- */

/* Run a statement that gives no rows: `db_exec(db, err, "…", DB_TEXT(a), DB_I64(b))`. */
#define db_exec(db, err, ...) db_exec_values(db, err, DB_STATEMENT_(__VA_ARGS__, DB_END))
/* Start a query; the caller closes `*rows`: `db_query(db, &rows, err, "…", …)`. */
#define db_query(db, rows, err, ...)                                                               \
    db_query_values(db, rows, err, DB_STATEMENT_(__VA_ARGS__, DB_END))
/* Of a query that will be asked next in the transaction, or in the next one to begin where none is
 * open: `db_foresee(db, "…", …)`. An engine that is far away answers it together with what is asked
 * before, and keeps the answer until it is asked for or something is written. */
#define db_foresee(db, ...) db_foresee_values(db, DB_STATEMENT_(__VA_ARGS__, DB_END))
#define DB_STATEMENT_(sql, ...)                                                                    \
    (sql), (const struct db_value[])                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* What the macros call; `values` ends with DB_END. */
int db_exec_values(struct db *db, struct mlops_error *err, const char *sql,
                   const struct db_value *values);
void db_foresee_values(struct db *db, const char *sql, const struct db_value *values);
void db_witness_values(struct db *db, const char *sql, const struct db_value *values);
int db_query_values(struct db *db, struct db_rows **rows, struct mlops_error *err, const char *sql,
                    const struct db_value *values);
/* Rows changed by the last db_exec. */
uint64_t db_changes(const struct db *db);

/* `*more` false after the last row. Values below are of the present row, columns from 0; text
 * lives until the next step. NULL reads as 0 or "". */
int db_step(struct db_rows *rows, bool *more, struct mlops_error *err);
int64_t db_i64(const struct db_rows *rows, int column);
double db_f64(const struct db_rows *rows, int column);
const char *db_string(const struct db_rows *rows, int column);
const void *db_bytes(const struct db_rows *rows, int column, size_t *length);
bool db_is_null(const struct db_rows *rows, int column);
void db_rows_close(struct db_rows *rows);
DEFINE_CLEANUP(struct db_rows, db_rows_close)

#endif
