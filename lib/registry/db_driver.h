/*
 * lib/registry/db_driver.h - what an SQL engine must bring: the functions of db.h, each once. A
 * driver's own structures begin with `struct db` and `struct db_rows`.
 *
 * A driver waits, with growing and random pauses, whenever another process keeps the database
 * busy, and asks `db_options.wait` before each pause. It turns the engine's failures into
 * MLOPS_IO, MLOPS_INTEGRITY and messages that name the database.
 */
#ifndef REGISTRY_DB_DRIVER_H
#define REGISTRY_DB_DRIVER_H
#include "registry/db.h"

struct db_driver {
    const char *name;
    void (*close)(struct db *db);
    bool (*read_only)(const struct db *db);
    int (*begin)(struct db *db, enum db_access access, struct mlops_error *err);
    int (*begin_if)(struct db *db, const char *line, bool *held, const char *sql,
                    const struct db_value *values,
                    struct mlops_error *err); /* NULL: begin, then ask */
    int (*line_up)(struct db *db, const char *line, bool *held, const char *sql,
                   const struct db_value *values, struct mlops_error *err); /* NULL: only ask */
    void (*leave_line)(struct db *db, const char *line);                    /* or NULL */
    int (*commit)(struct db *db, struct mlops_error *err);
    void (*rollback)(struct db *db);
    void (*witness)(struct db *db, const char *sql, const struct db_value *values); /* or NULL */
    void (*foresee)(struct db *db, const char *sql, const struct db_value *values); /* or NULL */
    int (*now_ns)(struct db *db, int64_t *now_ns,
                  struct mlops_error *err); /* NULL: this machine's clock */
    int (*has_table)(struct db *db, const char *name, bool *has, struct mlops_error *err);
    int (*check)(struct db *db, bool quick, struct mlops_error *err);
    char *(*holder)(struct db *db); /* NULL: it does not know */
    int (*exec)(struct db *db, const char *sql, const struct db_value *values,
                struct mlops_error *err);
    int (*query)(struct db *db, const char *sql, const struct db_value *values,
                 struct db_rows **rows, struct mlops_error *err);
    uint64_t (*changes)(const struct db *db);
    int (*step)(struct db_rows *rows, bool *more, struct mlops_error *err);
    int64_t (*i64)(const struct db_rows *rows, int column);
    double (*f64)(const struct db_rows *rows, int column);
    const char *(*string)(const struct db_rows *rows, int column);
    const void *(*bytes)(const struct db_rows *rows, int column, size_t *length);
    bool (*is_null)(const struct db_rows *rows, int column);
    void (*rows_close)(struct db_rows *rows);
};

struct db {
    const struct db_driver *driver;
};

struct db_rows {
    const struct db_driver *driver;
};

#endif
