/*
 * tests/bench/profile/fetch.c - what DuckDB alone takes to scan a Parquet file: through the same
 * library, either every column handed over chunk by chunk, each value looked at (`fetch`), or the
 * largest value of each column and nothing else (`max`), which its own aggregates find within the
 * scan. DuckDB has half of $MLOPS_THREADS: say twice as many as there are cores.
 *
 * fetch fetch|max FILE.parquet
 */
#include "table/duckdb.h"
#include "table/parquet.h"
#include <stdio.h>

/* Bytes of a value in a vector. */
static size_t width_of(uint32_t type)
{
    switch (type) {
    case DUCKDB_BOOLEAN:
    case DUCKDB_TINYINT:
    case DUCKDB_UTINYINT:
        return 1;
    case DUCKDB_SMALLINT:
    case DUCKDB_USMALLINT:
        return 2;
    case DUCKDB_INTEGER:
    case DUCKDB_UINTEGER:
    case DUCKDB_FLOAT:
    case DUCKDB_DATE:
        return 4;
    case DUCKDB_HUGEINT:
    case DUCKDB_VARCHAR:
    case DUCKDB_BLOB:
        return sizeof(struct duckdb_text);
    default:
        return 8;
    }
}

/* A sum of the first byte of every value, so that none is left out. */
static uint64_t look_at(const struct duckdb_api *api, void *chunk,
                        const struct parquet_fields *fields)
{
    uint64_t rows = api->duckdb_data_chunk_get_size(chunk), sum = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const uint8_t *data =
            api->duckdb_vector_get_data(api->duckdb_data_chunk_get_vector(chunk, i));
        size_t width = width_of(fields->items[i].type);
        for (uint64_t row = 0; row < rows; row++)
            sum += data[row * width];
    }
    return sum;
}

/* SELECT max(a), max(b), … */
static char *select_largest(const struct parquet_fields *fields)
{
    struct buffer sql = {0};
    for (size_t i = 0; i < fields->count; i++)
        buffer_printf(&sql, "%s max(%s)", i ? "," : "SELECT", fields->items[i].expression);
    buffer_puts(&sql, " FROM read_parquet($1)");
    return buffer_steal(&sql);
}

static int run(struct duckdb_session *session, bool largest, const char *path,
               struct mlops_error *err)
{
    const struct duckdb_api *api = &session->api;
    struct parquet_fields fields = {0};
    duckdb_result result = {0};
    uint64_t rows = 0, sum = 0;
    int code = parquet_describe(session, path, &fields, &rows, err);
    _cleanup_(free_string) char *sql = largest ? select_largest(&fields) : parquet_select(&fields);
    if (!code)
        code = duckdb_run(session, sql, path, &result, err);
    for (void *chunk; !code && (chunk = api->duckdb_fetch_chunk(result)) != NULL;
         api->duckdb_destroy_data_chunk(&chunk))
        sum += largest ? 0 : look_at(api, chunk, &fields);
    if (!code && api->duckdb_result_error(&result))
        code = duckdb_fail(api->duckdb_result_error(&result), err);
    printf("%llu rows, %llu\n", (unsigned long long)rows, (unsigned long long)sum);
    api->duckdb_destroy_result(&result);
    parquet_fields_clear(&fields);
    return code;
}

int main(int argc, char **argv)
{
    struct mlops_error err = {0};
    struct duckdb_session session = {0};
    if (argc != 3 || (!str_equal(argv[1], "fetch") && !str_equal(argv[1], "max"))) {
        fprintf(stderr, "fetch fetch|max FILE.parquet\n");
        return 2;
    }
    int code = duckdb_session_open(&session, &err);
    if (!code)
        code = run(&session, str_equal(argv[1], "max"), argv[2], &err);
    duckdb_session_close(&session);
    if (!code)
        return 0;
    fprintf(stderr, "%s\n", err.message);
    return 6;
}
