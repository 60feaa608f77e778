/*
 * lib/table/parquet_ahead.h - the chunks of a result of DuckDB, fetched ahead by a thread.
 *
 * DuckDB decodes in whoever asks for a chunk, and little beyond what was asked for: asked by a
 * thread of its own it goes on while the cores make batches and profiles of what came before. A
 * larger buffer within DuckDB (streaming_buffer_size) would do so, too, but takes several hundred
 * MB more, and a tenth of the time for the kernel to hand them out (docs/benchmarks.md).
 */
#ifndef TABLE_PARQUET_AHEAD_H
#define TABLE_PARQUET_AHEAD_H
#include "table/duckdb.h"

struct parquet_ahead;

/* `result` stays the caller's, who neither asks it for anything nor destroys it before
 * parquet_ahead_stop. Errors: MLOPS_IO no thread could be started. */
int parquet_ahead_start(const struct duckdb_api *api, const duckdb_result *result,
                        struct parquet_ahead **ahead, struct mlops_error *err);
/* The next chunk that has rows, the caller's to destroy; NULL at the end, after which the result
 * may be asked what went wrong. */
void *parquet_ahead_next(struct parquet_ahead *ahead);
/* Also frees the chunks that nobody took; NULL is none. */
void parquet_ahead_stop(struct parquet_ahead *ahead);

#endif
