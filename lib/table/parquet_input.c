/*
 * lib/table/parquet_input.c - a Parquet file as a stream of batches: DuckDB scans the columns that
 * are wanted, all cores make batches of its chunks.
 */
#include "base/file.h"
#include "base/path.h"
#include "table/convert.h"
#include "table/infer.h"
#include "table/input.h"
#include "table/parquet.h"
#include "table/show.h"
#include <stdatomic.h>
#include <stdio.h>

/* Chunks of DuckDB, of up to 2,048 rows: those that are turned into batches at a time (more would
 * not stay in the cores' caches), and those that are read ahead, so that there are some while it
 * unpacks the next row group. */
#define ROUND 4
#define AHEAD 32
#define RING (AHEAD + ROUND)
#define SAMPLE_ROWS 8192

struct chunk {
    void *chunk;
    size_t rows;
};

struct parquet_input {
    struct input input;
    char *name;
    int fd;
    char path[32]; /* of the open file: no name is a pattern or an address there */
    bool count_misfits;
    struct duckdb_session session;
    struct parquet_fields fields; /* those that are read */
    duckdb_result result;
    bool running; /* `result` is one */
    struct chunk ring[RING];
    atomic_size_t fetched, taken; /* chunks so far: into the ring, into a round */
    atomic_size_t done;  /* of rounds that are over: the next up to `taken` are the round */
    size_t destroyed;    /* by who fetches: the memory is that thread's */
    atomic_bool ended;   /* the result has no more chunks */
    uint64_t rows, said; /* that came before the round; that the file says it has */
    bool sampled;        /* the round is the sample, which was not given yet */
    struct typed typed[ROUND];
    size_t *misfits; /* of each chunk of the round, column by column: the first row that does not
                        fit, or SIZE_MAX */
    struct batch batches[ROUND];
};

static size_t round_count(const struct parquet_input *parquet)
{
    return parquet->taken - parquet->done;
}

static const struct chunk *round_chunk(const struct parquet_input *parquet, size_t i)
{
    return &parquet->ring[(parquet->done + i) % RING];
}

static void destroy_until(struct parquet_input *parquet, size_t end)
{
    for (; parquet->destroyed < end; parquet->destroyed++)
        parquet->session.api.duckdb_destroy_data_chunk(
            &parquet->ring[parquet->destroyed % RING].chunk);
}

static void parquet_close(struct input *input)
{
    struct parquet_input *parquet = (struct parquet_input *)input;
    crew_free(input->crew);
    destroy_until(parquet, parquet->fetched);
    if (parquet->running)
        parquet->session.api.duckdb_destroy_result(&parquet->result);
    duckdb_session_close(&parquet->session);
    for (size_t i = 0; i < ROUND; i++)
        typed_clear(&parquet->typed[i]);
    parquet_fields_clear(&parquet->fields);
    header_clear(&parquet->input.header);
    fd_close(&parquet->fd);
    free(parquet->misfits);
    free(parquet->name);
    free(parquet);
}

/* What DuckDB says of the file, whose name it does not know. */
static int of_file(const struct parquet_input *parquet, struct mlops_error *err)
{
    char *at = strstr(err->message, parquet->path);
    if (!at)
        return mlops_wrap(err, "%s", parquet->name);
    struct mlops_error said = *err;
    size_t before = (size_t)(at - err->message);
    return mlops_fail(err, said.code, "%s: %.*s%s%s", parquet->name, (int)before, said.message,
                      "the file", said.message + before + strlen(parquet->path));
}

/* ---- chunks --------------------------------------------------------------------------------- */

/* One chunk into the ring, if there is room: DuckDB decodes it here, in whoever asks. */
static bool fetch(void *context)
{
    struct parquet_input *parquet = context;
    const struct duckdb_api *api = &parquet->session.api;
    destroy_until(parquet, parquet->done);
    if (parquet->ended || parquet->fetched - parquet->taken == AHEAD)
        return false;
    void *chunk = api->duckdb_fetch_chunk(parquet->result);
    size_t rows = chunk ? api->duckdb_data_chunk_get_size(chunk) : 0;
    if (rows > 0) {
        parquet->ring[parquet->fetched % RING] = (struct chunk){chunk, rows};
        parquet->fetched++;
    } else if (chunk) {
        api->duckdb_destroy_data_chunk(&chunk);
    } else {
        parquet->ended = true;
    }
    return true;
}

/* The next round. How rows are cut into batches is the file's doing alone. */
static void take_round(struct parquet_input *parquet)
{
    for (size_t i = 0; i < round_count(parquet); i++)
        parquet->rows += round_chunk(parquet, i)->rows;
    parquet->done = parquet->taken;
    while (round_count(parquet) < ROUND) {
        while (parquet->fetched == parquet->taken && !parquet->ended)
            crew_want(parquet->input.crew);
        if (parquet->fetched == parquet->taken)
            break;
        parquet->taken++;
    }
    crew_wake(parquet->input.crew);
}

/* An end that comes too early is one of DuckDB's ways of failing. */
static int check_end(const struct parquet_input *parquet, struct mlops_error *err)
{
    const struct duckdb_api *api = &parquet->session.api;
    duckdb_result result = parquet->result;
    const char *message = parquet->ended ? api->duckdb_result_error(&result) : NULL;
    if (message && *message) {
        duckdb_fail(message, err);
        return of_file(parquet, err);
    }
    if (round_count(parquet) == 0 && parquet->rows != parquet->said)
        return mlops_fail(err, MLOPS_INVALID, "%s says that it has %llu rows and ends after %llu",
                          parquet->name, (unsigned long long)parquet->said,
                          (unsigned long long)parquet->rows);
    return MLOPS_OK;
}

static struct parquet_vector vector_of(const struct parquet_input *parquet, size_t chunk, size_t i)
{
    const struct duckdb_api *api = &parquet->session.api;
    void *vector = api->duckdb_data_chunk_get_vector(round_chunk(parquet, chunk)->chunk, i);
    return (struct parquet_vector){.field = &parquet->fields.items[i],
                                   .data = api->duckdb_vector_get_data(vector),
                                   .validity = api->duckdb_vector_get_validity(vector),
                                   .rows = round_chunk(parquet, chunk)->rows};
}

static void parquet_fill(struct input *input, size_t column)
{
    struct parquet_input *parquet = (struct parquet_input *)input;
    for (size_t i = 0; i < round_count(parquet); i++) {
        struct parquet_vector vector = vector_of(parquet, i, column);
        struct column *filled = &parquet->typed[i].columns[column];
        size_t *misfit = &parquet->misfits[column * ROUND + i];
        *misfit = SIZE_MAX;
        if (!parquet_lend(&vector, filled))
            parquet_convert(&vector, filled, misfit);
    }
}

static int refuse_misfit(const struct parquet_input *parquet, size_t chunk, size_t column,
                         uint64_t row, struct mlops_error *err)
{
    char shown[CELL_SHOWN_SIZE], memory[PARQUET_SHOWN];
    struct parquet_vector vector = vector_of(parquet, chunk, column);
    const struct column_schema *schema = &parquet->input.header.schema.columns[column];
    size_t misfit = parquet->misfits[column * ROUND + chunk];
    cell_show(parquet_show(&vector, misfit, memory), shown);
    return mlops_fail(err, MLOPS_INVALID, "%s:%llu: '%s' in column '%s' is not of its type, %s",
                      parquet->name, (unsigned long long)(row + misfit + 1), shown, schema->name,
                      column_type_name(schema->type));
}

/* The first misfit, by row and then by column, is refused. */
static int parquet_filled(struct input *input, struct mlops_error *err)
{
    const struct parquet_input *parquet = (const struct parquet_input *)input;
    uint64_t row = parquet->rows;
    for (size_t i = 0; i < round_count(parquet) && !parquet->count_misfits; i++) {
        size_t first = 0;
        for (size_t j = 1; j < parquet->fields.count; j++)
            if (parquet->misfits[j * ROUND + i] < parquet->misfits[first * ROUND + i])
                first = j;
        if (parquet->fields.count > 0 && parquet->misfits[first * ROUND + i] != SIZE_MAX)
            return refuse_misfit(parquet, i, first, row, err);
        row += round_chunk(parquet, i)->rows;
    }
    return MLOPS_OK;
}

static int parquet_next(struct input *input, const struct batch **batches, size_t *count,
                        struct mlops_error *err)
{
    struct parquet_input *parquet = (struct parquet_input *)input;
    if (!parquet->sampled)
        take_round(parquet);
    parquet->sampled = false;
    TRY(check_end(parquet, err));
    for (size_t i = 0; i < round_count(parquet); i++) {
        typed_begin(&parquet->typed[i], &input->header.schema, round_chunk(parquet, i)->rows);
        parquet->batches[i] = parquet->typed[i].batch;
    }
    *batches = parquet->batches;
    *count = round_count(parquet);
    return MLOPS_OK;
}

static uint64_t parquet_line(const struct input *input, size_t batch, size_t row)
{
    const struct parquet_input *parquet = (const struct parquet_input *)input;
    uint64_t line = parquet->rows + row + 1;
    for (size_t i = 0; i < batch; i++)
        line += round_chunk(parquet, i)->rows;
    return line;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* The columns that are read, of all that `fields` has, each as its type wants it. */
static void choose(struct parquet_input *parquet, struct parquet_fields *fields)
{
    const struct header *header = &parquet->input.header;
    parquet->fields.items = xcalloc(header->schema.count + 1, sizeof(*fields->items));
    for (size_t i = 0; i < header->schema.count; i++) {
        struct parquet_field *from = &fields->items[header->places[i]];
        struct parquet_field *field = &parquet->fields.items[parquet->fields.count++];
        *field = (struct parquet_field){TAKE_PTR(from->name), TAKE_PTR(from->expression),
                                        from->type, from->scale};
        if (header->given[i])
            parquet_adapt(field, header->schema.columns[i].type);
        else
            header->schema.columns[i].type = parquet_type(field);
    }
}

static int read_columns(struct parquet_input *parquet, const struct table_options *options,
                        const struct table_schema *layout, struct mlops_error *err)
{
    struct parquet_fields fields = {0};
    struct text_view *names = NULL;
    int code =
        parquet_describe(&parquet->session, parquet->path, &fields, &parquet->said, err);
    if (code)
        code = of_file(parquet, err);
    if (!code) {
        names = xcalloc(fields.count, sizeof(*names));
        for (size_t i = 0; i < fields.count; i++)
            names[i] = name_view(fields.items[i].name);
        code = header_read(names, fields.count, 1, parquet->name, options, layout,
                           &parquet->input.header, err);
    }
    if (!code)
        choose(parquet, &fields);
    free(names);
    parquet_fields_clear(&fields);
    return code;
}

/* What only values tell: texts that are times or categories, whole numbers that are times. */
static void infer_column(struct parquet_input *parquet, size_t i, struct text_view *views,
                         char (*memory)[PARQUET_SHOWN])
{
    struct column_schema *schema = &parquet->input.header.schema.columns[i];
    size_t count = 0;
    bool texts = schema->type == COLUMN_TEXT;
    if (parquet->input.header.given[i] || (!texts && schema->type != COLUMN_INTEGER))
        return;
    for (size_t j = 0; j < round_count(parquet); j++) {
        struct parquet_vector vector = vector_of(parquet, j, i);
        for (size_t row = 0; row < vector.rows && count < SAMPLE_ROWS; row++, count++) {
            views[count] = (struct text_view){"", 0};
            if (parquet_valid(&vector, row))
                views[count] = parquet_show(&vector, row, memory[count]);
        }
    }
    if (texts)
        schema->type = infer_text_type(views, 1, count);
    else if (infer_epoch(schema->name, views, 1, count))
        schema->type = COLUMN_TIME;
}

static int start(struct parquet_input *parquet, bool may_be_empty, struct mlops_error *err)
{
    _cleanup_(free_string) char *sql = parquet_select(&parquet->fields);
    parquet->running = true;
    if (duckdb_run(&parquet->session, sql, parquet->path, &parquet->result, err))
        return of_file(parquet, err);
    parquet->input.crew = crew_new(fetch, parquet);
    take_round(parquet);
    parquet->sampled = true;
    TRY(check_end(parquet, err));
    if (round_count(parquet) == 0 && !may_be_empty)
        return mlops_fail(err, MLOPS_INVALID, "%s has columns and no rows", parquet->name);
    struct text_view *views = xcalloc(SAMPLE_ROWS, sizeof(*views));
    char(*memory)[PARQUET_SHOWN] = xcalloc(SAMPLE_ROWS, sizeof(*memory));
    for (size_t i = 0; i < parquet->fields.count; i++)
        infer_column(parquet, i, views, memory);
    free(memory);
    free(views);
    parquet->misfits = xcalloc(parquet->fields.count * ROUND + 1, sizeof(*parquet->misfits));
    return MLOPS_OK;
}

int parquet_input_open(int fd, const char *name, const struct table_options *options,
                       const struct table_schema *layout, struct input **input,
                       struct mlops_error *err)
{
    static const struct input_kind kind = {parquet_next, parquet_fill, parquet_filled, parquet_line,
                                           parquet_close};
    struct parquet_input *parquet = xcalloc(1, sizeof(*parquet));
    _cleanup_(input_close_ptr) struct input *opened = &parquet->input;
    parquet->input.kind = &kind;
    parquet->fd = fd;
    parquet->name = xstrdup(name);
    parquet->count_misfits = options->count_misfits;
    snprintf(parquet->path, sizeof(parquet->path), "/proc/self/fd/%d", fd);
    if (duckdb_session_open(&parquet->session, err))
        return mlops_wrap(err, "%s", name);
    TRY(read_columns(parquet, options, layout, err));
    TRY(start(parquet, layout != NULL, err));
    *input = TAKE_PTR(opened);
    return MLOPS_OK;
}
