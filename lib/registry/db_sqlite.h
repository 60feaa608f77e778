/*
 * lib/registry/db_sqlite.h - what the files of the SQLite driver share: the connection, the
 * waiting for other processes, and SQLite's result codes as errors.
 */
#ifndef REGISTRY_DB_SQLITE_H
#define REGISTRY_DB_SQLITE_H
#include "registry/db_driver.h"
#include <sqlite3.h>
#include <sys/stat.h>

struct sqlite_statement {
    char *sql;
    sqlite3_stmt *handle;
    bool busy; /* a query's rows are being read */
};

struct sqlite_db {
    struct db base;
    sqlite3 *handle;
    char *path;
    bool write_ready;           /* the settings that only writers need are made */
    bool immutable;             /* opened without locks: see db_sqlite.c */
    bool full;                  /* for want of space */
    struct stat immutable_stat; /* of the file, then */

    struct sqlite_statement *statements;
    size_t statement_count, statement_capacity;

    db_wait wait;
    void *wait_context;
    int64_t wait_began_ns; /* 0: not waiting */
    unsigned wait_round;
    uint64_t wait_random;
    int wait_code; /* non-zero: the waiting was given up, with this code and: */
    struct mlops_error wait_error;
};

/* db_sqlite_wait.c */

/* Forget an earlier wait: to be called before every piece of work that may have to wait. */
void sqlite_wait_begin(struct sqlite_db *db);
/* Pause; false where the caller does not want to wait any longer. */
bool sqlite_wait_pause(struct sqlite_db *db);
/* The busy handler that SQLite calls; `context` is the struct sqlite_db. */
int sqlite_wait_handler(void *context, int count);
/* Is `rc` one that another process's work brings about, and that passes? */
bool sqlite_is_busy(int rc);
/* Does the last failure, `rc`, come from a full disk or quota? */
bool sqlite_is_full(const struct sqlite_db *db, int rc);
/* What SQLite's `rc` means to whoever runs a command. `sql` may be NULL. */
int sqlite_fail(struct sqlite_db *db, int rc, const char *sql, struct mlops_error *err);

/* db_sqlite_statement.c: the statement part of struct db_driver */

int sqlite_exec_values(struct db *db, const char *sql, const struct db_value *values,
                       struct mlops_error *err);
int sqlite_query_values(struct db *db, const char *sql, const struct db_value *values,
                        struct db_rows **rows, struct mlops_error *err);
uint64_t sqlite_rows_changed(const struct db *db);
int sqlite_rows_step(struct db_rows *rows, bool *more, struct mlops_error *err);
int64_t sqlite_rows_i64(const struct db_rows *rows, int column);
double sqlite_rows_f64(const struct db_rows *rows, int column);
const char *sqlite_rows_string(const struct db_rows *rows, int column);
const void *sqlite_rows_bytes(const struct db_rows *rows, int column, size_t *length);
bool sqlite_rows_is_null(const struct db_rows *rows, int column);
void sqlite_rows_close(struct db_rows *rows);
void sqlite_statements_clear(struct sqlite_db *db);

/* db_sqlite.c */

/* Where the database is read without locks: has nobody written since it was opened? */
int sqlite_check_unchanged(const struct sqlite_db *db, struct mlops_error *err);

/* Is `type`, statfs's f_type, a file system that several machines may have mounted? There a
 * write-ahead log, whose index is shared memory, does not work. */
bool sqlite_filesystem_is_shared(long type);

#endif
