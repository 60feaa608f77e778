/*
 * lib/table/duckdb.h - DuckDB's C library, loaded at run time: what of its API the Parquet reader
 * calls. Types and numbers are those of DuckDB's C API reference (duckdb.org/docs/stable/clients/c),
 * stable since 1.0; the library is $MLOPS_DUCKDB, or libduckdb.so where the loader finds it.
 */
#ifndef TABLE_DUCKDB_H
#define TABLE_DUCKDB_H
#include "base/util.h"

enum duckdb_type {
    DUCKDB_BOOLEAN = 1,
    DUCKDB_TINYINT = 2,
    DUCKDB_SMALLINT = 3,
    DUCKDB_INTEGER = 4,
    DUCKDB_BIGINT = 5,
    DUCKDB_UTINYINT = 6,
    DUCKDB_USMALLINT = 7,
    DUCKDB_UINTEGER = 8,
    DUCKDB_UBIGINT = 9,
    DUCKDB_FLOAT = 10,
    DUCKDB_DOUBLE = 11,
    DUCKDB_TIMESTAMP = 12, /* microseconds */
    DUCKDB_DATE = 13,      /* int32_t days */
    DUCKDB_HUGEINT = 16,
    DUCKDB_VARCHAR = 17,
    DUCKDB_BLOB = 18,
    DUCKDB_DECIMAL = 19,
    DUCKDB_TIMESTAMP_S = 20,
    DUCKDB_TIMESTAMP_MS = 21,
    DUCKDB_TIMESTAMP_NS = 22,
    DUCKDB_STRUCT = 25,
    DUCKDB_TIMESTAMP_TZ = 31, /* microseconds, UTC */
};

/* A text of a vector: within the 16 bytes where it has 12 or fewer, behind the pointer otherwise. */
struct duckdb_text {
    uint32_t length;
    char inlined[4];
    union {
        char more[8];
        const char *pointer;
    } rest;
};
#define DUCKDB_INLINED_MAX 12
#define DUCKDB_VECTOR_ROWS 2048 /* of a vector at most, as it is built */

typedef struct {
    uint64_t deprecated[3];
    void *deprecated_columns;
    char *deprecated_message;
    void *internal;
} duckdb_result;

/* Handles are pointers to what nobody but DuckDB sees. Functions that return int give 0 where they
 * did what they were told to. */
struct duckdb_api {
    int (*duckdb_create_config)(void **config);
    int (*duckdb_set_config)(void *config, const char *name, const char *value);
    void (*duckdb_destroy_config)(void **config);
    int (*duckdb_open_ext)(const char *path, void **database, void *config, char **message);
    void (*duckdb_close)(void **database);
    int (*duckdb_connect)(void *database, void **connection);
    void (*duckdb_disconnect)(void **connection);
    void (*duckdb_free)(void *memory);
    int (*duckdb_query)(void *connection, const char *sql, duckdb_result *result);
    int (*duckdb_prepare)(void *connection, const char *sql, void **statement);
    const char *(*duckdb_prepare_error)(void *statement);
    int (*duckdb_bind_varchar)(void *statement, uint64_t parameter, const char *text);
    int (*duckdb_execute_prepared_streaming)(void *statement, duckdb_result *result);
    void (*duckdb_destroy_prepare)(void **statement);
    const char *(*duckdb_result_error)(duckdb_result *result);
    void (*duckdb_destroy_result)(duckdb_result *result);
    uint64_t (*duckdb_column_count)(duckdb_result *result);
    const char *(*duckdb_column_name)(duckdb_result *result, uint64_t column);
    void *(*duckdb_column_logical_type)(duckdb_result *result, uint64_t column);
    uint32_t (*duckdb_get_type_id)(void *type);
    uint8_t (*duckdb_decimal_scale)(void *type);
    uint32_t (*duckdb_decimal_internal_type)(void *type);
    uint64_t (*duckdb_struct_type_child_count)(void *type);
    char *(*duckdb_struct_type_child_name)(void *type, uint64_t child);
    void *(*duckdb_struct_type_child_type)(void *type, uint64_t child);
    void (*duckdb_destroy_logical_type)(void **type);
    void *(*duckdb_fetch_chunk)(duckdb_result result);
    uint64_t (*duckdb_data_chunk_get_size)(void *chunk);
    void *(*duckdb_data_chunk_get_vector)(void *chunk, uint64_t column);
    void (*duckdb_destroy_data_chunk)(void **chunk);
    void *(*duckdb_vector_get_data)(void *vector);
    uint64_t *(*duckdb_vector_get_validity)(void *vector); /* NULL: all are there */
};

/* A database in memory, and a connection to it. Zeroed is closed. */
struct duckdb_session {
    struct duckdb_api api;
    void *database, *connection;
};
/* Loads the library, too. The caller closes the session, also after an error.
 * Errors: MLOPS_NOT_FOUND the library is not there, with how to get it; MLOPS_IO it is another, or
 * does not start. */
int duckdb_session_open(struct duckdb_session *session, struct mlops_error *err);
void duckdb_session_close(struct duckdb_session *session);

/*
 * Run `sql`, whose $1 is `parameter`, and give its rows chunk by chunk as they are asked for. The
 * caller destroys the result, also after an error.
 * Errors: MLOPS_INVALID what DuckDB says; MLOPS_IO where it is out of memory.
 */
int duckdb_run(struct duckdb_session *session, const char *sql, const char *parameter,
               duckdb_result *result, struct mlops_error *err);
/* What DuckDB says, as an error: its first line. */
int duckdb_fail(const char *message, struct mlops_error *err);

#endif
