/* lib/table/parquet_ahead.c - a thread that fetches chunks, and a ring that it puts them in. */
#include "table/parquet_ahead.h"
#include <pthread.h>

#define AHEAD 32 /* chunks of up to 2,048 rows */

struct parquet_ahead {
    const struct duckdb_api *api;
    duckdb_result result;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    void *chunks[AHEAD];
    size_t first, filled;
    bool ended, stopping;
};

/* A chunk with rows; NULL at the end. */
static void *fetch(struct parquet_ahead *ahead)
{
    void *chunk;
    while ((chunk = ahead->api->duckdb_fetch_chunk(ahead->result)) != NULL &&
           ahead->api->duckdb_data_chunk_get_size(chunk) == 0)
        ahead->api->duckdb_destroy_data_chunk(&chunk);
    return chunk;
}

static void *fetch_all(void *argument)
{
    struct parquet_ahead *ahead = argument;
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->stopping && !ahead->ended) {
        if (ahead->filled == AHEAD) {
            pthread_cond_wait(&ahead->changed, &ahead->lock);
            continue;
        }
        pthread_mutex_unlock(&ahead->lock);
        void *chunk = fetch(ahead);
        pthread_mutex_lock(&ahead->lock);
        ahead->ended = chunk == NULL;
        if (chunk)
            ahead->chunks[(ahead->first + ahead->filled++) % AHEAD] = chunk;
        pthread_cond_signal(&ahead->changed);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

int parquet_ahead_start(const struct duckdb_api *api, const duckdb_result *result,
                        struct parquet_ahead **ahead, struct mlops_error *err)
{
    struct parquet_ahead *started = xcalloc(1, sizeof(*started));
    started->api = api;
    started->result = *result;
    pthread_mutex_init(&started->lock, NULL);
    pthread_cond_init(&started->changed, NULL);
    if (pthread_create(&started->thread, NULL, fetch_all, started) != 0) {
        free(started);
        return mlops_fail(err, MLOPS_IO, "no thread could be started to read with DuckDB");
    }
    *ahead = started;
    return MLOPS_OK;
}

void *parquet_ahead_next(struct parquet_ahead *ahead)
{
    void *chunk = NULL;
    pthread_mutex_lock(&ahead->lock);
    while (ahead->filled == 0 && !ahead->ended)
        pthread_cond_wait(&ahead->changed, &ahead->lock);
    if (ahead->filled > 0) {
        chunk = ahead->chunks[ahead->first];
        ahead->first = (ahead->first + 1) % AHEAD;
        ahead->filled--;
        pthread_cond_signal(&ahead->changed);
    }
    pthread_mutex_unlock(&ahead->lock);
    return chunk;
}

void parquet_ahead_stop(struct parquet_ahead *ahead)
{
    if (!ahead)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->stopping = true;
    pthread_cond_signal(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
    pthread_join(ahead->thread, NULL);
    for (; ahead->filled > 0; ahead->filled--, ahead->first++)
        ahead->api->duckdb_destroy_data_chunk(&ahead->chunks[ahead->first % AHEAD]);
    pthread_mutex_destroy(&ahead->lock);
    pthread_cond_destroy(&ahead->changed);
    free(ahead);
}
