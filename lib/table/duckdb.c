/* lib/table/duckdb.c - DuckDB loaded, opened and asked. */
#include "table/duckdb.h"
#include "base/dynload.h"
#include "base/pool.h"
#include <stdio.h>

#define SYMBOL(name) {#name, offsetof(struct duckdb_api, name)}

static int load(struct duckdb_api *api, struct mlops_error *err)
{
    static const struct dynload_symbol symbols[] = {
        SYMBOL(duckdb_create_config),
        SYMBOL(duckdb_set_config),
        SYMBOL(duckdb_destroy_config),
        SYMBOL(duckdb_open_ext),
        SYMBOL(duckdb_close),
        SYMBOL(duckdb_connect),
        SYMBOL(duckdb_disconnect),
        SYMBOL(duckdb_free),
        SYMBOL(duckdb_query),
        SYMBOL(duckdb_prepare),
        SYMBOL(duckdb_prepare_error),
        SYMBOL(duckdb_bind_varchar),
        SYMBOL(duckdb_execute_prepared_streaming),
        SYMBOL(duckdb_destroy_prepare),
        SYMBOL(duckdb_result_error),
        SYMBOL(duckdb_destroy_result),
        SYMBOL(duckdb_column_count),
        SYMBOL(duckdb_column_name),
        SYMBOL(duckdb_column_logical_type),
        SYMBOL(duckdb_get_type_id),
        SYMBOL(duckdb_decimal_scale),
        SYMBOL(duckdb_decimal_internal_type),
        SYMBOL(duckdb_struct_type_child_count),
        SYMBOL(duckdb_struct_type_child_name),
        SYMBOL(duckdb_struct_type_child_type),
        SYMBOL(duckdb_destroy_logical_type),
        SYMBOL(duckdb_fetch_chunk),
        SYMBOL(duckdb_data_chunk_get_size),
        SYMBOL(duckdb_data_chunk_get_vector),
        SYMBOL(duckdb_destroy_data_chunk),
        SYMBOL(duckdb_vector_get_data),
        SYMBOL(duckdb_vector_get_validity),
    };
    const char *named = getenv("MLOPS_DUCKDB");
    const char *const sonames[] = {named && *named ? named : "libduckdb.so", NULL};
    if (dynload_open(sonames, "libduckdb", symbols, ARRAY_LENGTH(symbols), api, err)) {
        mlops_wrap(err, "Parquet is read by DuckDB's C library");
        return mlops_hint(err, "get libduckdb.so out of the archive for C and C++ of duckdb.org, or "
                               "by `npm install @duckdb/node-bindings-linux-x64`, and say in "
                               "MLOPS_DUCKDB where it is");
    }
    return MLOPS_OK;
}

int duckdb_fail(const char *message, struct mlops_error *err)
{
    if (!message)
        message = "DuckDB failed and does not say why";
    bool memory = strncmp(message, "Out of Memory", 13) == 0;
    return mlops_fail(err, memory ? MLOPS_IO : MLOPS_INVALID, "%.*s", (int)strcspn(message, "\n"),
                      message);
}

/* Nothing is fetched from the network or written to disk. Whoever asks for chunks decodes them; half
 * of the cores are DuckDB's at most (more have it wait for its own), the others have what came
 * before. */
static int configure(const struct duckdb_api *api, void *config, struct mlops_error *err)
{
    char threads[24];
    snprintf(threads, sizeof(threads), "%zu", pool_threads() > 1 ? pool_threads() / 2 : 1);
    const char *const settings[][2] = {{"threads", threads},
                                       {"temp_directory", ""},
                                       {"autoinstall_known_extensions", "false"},
                                       {"autoload_known_extensions", "false"}};
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++)
        if (api->duckdb_set_config(config, settings[i][0], settings[i][1]))
            return mlops_fail(err, MLOPS_IO, "DuckDB has no setting %s", settings[i][0]);
    return MLOPS_OK;
}

/* What is decoded ahead stays in the cores' caches: 2.0 would hold 10 MiB of it. */
static int hold_little(const struct duckdb_session *session, struct mlops_error *err)
{
    const struct duckdb_api *api = &session->api;
    duckdb_result result = {0};
    int code = MLOPS_OK;
    if (api->duckdb_query(session->connection, "SET streaming_buffer_size = '1MB'", &result))
        code = duckdb_fail(api->duckdb_result_error(&result), err);
    api->duckdb_destroy_result(&result);
    return code;
}

int duckdb_session_open(struct duckdb_session *session, struct mlops_error *err)
{
    struct duckdb_api *api = &session->api;
    void *config = NULL;
    char *message = NULL;
    TRY(load(api, err));
    if (api->duckdb_create_config(&config))
        return mlops_fail(err, MLOPS_IO, "DuckDB does not start");
    int code = configure(api, config, err);
    if (!code && api->duckdb_open_ext(NULL, &session->database, config, &message))
        code = mlops_fail(err, MLOPS_IO, "DuckDB does not start: %s", message ? message : "");
    api->duckdb_free(message);
    api->duckdb_destroy_config(&config);
    TRY(code);
    if (api->duckdb_connect(session->database, &session->connection))
        return mlops_fail(err, MLOPS_IO, "DuckDB takes no connection");
    return hold_little(session, err);
}

void duckdb_session_close(struct duckdb_session *session)
{
    if (session->connection)
        session->api.duckdb_disconnect(&session->connection);
    if (session->database)
        session->api.duckdb_close(&session->database);
}

int duckdb_run(struct duckdb_session *session, const char *sql, const char *parameter,
               duckdb_result *result, struct mlops_error *err)
{
    const struct duckdb_api *api = &session->api;
    void *statement = NULL;
    int code = MLOPS_OK;
    if (api->duckdb_prepare(session->connection, sql, &statement) ||
        api->duckdb_bind_varchar(statement, 1, parameter))
        code = duckdb_fail(api->duckdb_prepare_error(statement), err);
    else if (api->duckdb_execute_prepared_streaming(statement, result))
        code = duckdb_fail(api->duckdb_result_error(result), err);
    api->duckdb_destroy_prepare(&statement);
    return code;
}
