/*
 * lib/table/parquet_input.c - a Parquet file as a stream of batches: DuckDB scans the columns that
 * are wanted, all cores make batches of its chunks.
 */
#include "base/file.h"
#include "base/path.h"
#include "base/pool.h"
#include "table/convert.h"
#include "table/infer.h"
#include "table/input.h"
#include "table/parquet.h"
#include "table/parquet_ahead.h"
#include "table/show.h"
#include <stdio.h>

#define ROUND 16 /* chunks of DuckDB, of up to 2,048 rows, that are turned into batches at a time */
#define SAMPLE_ROWS 8192

struct piece {
    void *chunk;
    size_t rows;
    struct typed typed;
    size_t misfit, misfit_column; /* the first value that does not fit; SIZE_MAX: all do */
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
    struct parquet_ahead *ahead; /* asks it for chunks */
    bool ended;                  /* there are no more of them */
    uint64_t rows, said; /* that came before those of `pieces`; that the file says it has */
    bool sampled;        /* `pieces` are the sample, which was not given yet */
    struct piece pieces[ROUND];
    size_t count;
    struct batch batches[ROUND];
};

static void drop_chunks(struct parquet_input *parquet)
{
    for (size_t i = 0; i < parquet->count; i++) {
        parquet->rows += parquet->pieces[i].rows;
        parquet->session.api.duckdb_destroy_data_chunk(&parquet->pieces[i].chunk);
    }
    parquet->count = 0;
}

static void parquet_close(struct input *input)
{
    struct parquet_input *parquet = (struct parquet_input *)input;
    drop_chunks(parquet);
    parquet_ahead_stop(parquet->ahead);
    if (parquet->running)
        parquet->session.api.duckdb_destroy_result(&parquet->result);
    duckdb_session_close(&parquet->session);
    for (size_t i = 0; i < ROUND; i++)
        typed_clear(&parquet->pieces[i].typed);
    parquet_fields_clear(&parquet->fields);
    header_clear(&parquet->input.header);
    fd_close(&parquet->fd);
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

/* Chunks up to `wanted` rows, or a round of them. An end that comes too early is one of DuckDB's
 * ways of failing. */
static int fetch(struct parquet_input *parquet, size_t wanted, struct mlops_error *err)
{
    const struct duckdb_api *api = &parquet->session.api;
    uint64_t rows = 0;
    while (parquet->count < ROUND && rows < wanted && !parquet->ended) {
        void *chunk = parquet_ahead_next(parquet->ahead);
        parquet->ended = !chunk;
        if (!chunk)
            break;
        size_t found = api->duckdb_data_chunk_get_size(chunk);
        parquet->pieces[parquet->count].chunk = chunk;
        parquet->pieces[parquet->count++].rows = found;
        rows += found;
    }
    const char *message = parquet->ended ? api->duckdb_result_error(&parquet->result) : NULL;
    if (message && *message) {
        duckdb_fail(message, err);
        return of_file(parquet, err);
    }
    if (parquet->count == 0 && parquet->rows != parquet->said)
        return mlops_fail(err, MLOPS_INVALID, "%s says that it has %llu rows and ends after %llu",
                          parquet->name, (unsigned long long)parquet->said,
                          (unsigned long long)parquet->rows);
    return MLOPS_OK;
}

static struct parquet_vector vector_of(const struct parquet_input *parquet, size_t piece, size_t i)
{
    const struct duckdb_api *api = &parquet->session.api;
    void *vector = api->duckdb_data_chunk_get_vector(parquet->pieces[piece].chunk, i);
    return (struct parquet_vector){.field = &parquet->fields.items[i],
                                   .data = api->duckdb_vector_get_data(vector),
                                   .validity = api->duckdb_vector_get_validity(vector),
                                   .rows = parquet->pieces[piece].rows};
}

static int convert_piece(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct parquet_input *parquet = context;
    struct piece *piece = &parquet->pieces[index];
    (void)worker;
    (void)err;
    typed_begin(&piece->typed, &parquet->input.header.schema, piece->rows);
    piece->misfit = SIZE_MAX;
    for (size_t i = 0; i < parquet->fields.count; i++) {
        struct parquet_vector vector = vector_of(parquet, index, i);
        size_t misfit;
        if (parquet_lend(&vector, &piece->typed.columns[i]))
            continue;
        parquet_convert(&vector, &piece->typed.columns[i], &misfit);
        if (misfit < piece->misfit) {
            piece->misfit = misfit;
            piece->misfit_column = i;
        }
    }
    return MLOPS_OK;
}

static int refuse_misfit(const struct parquet_input *parquet, size_t piece, uint64_t row,
                         struct mlops_error *err)
{
    char shown[CELL_SHOWN_SIZE], memory[PARQUET_SHOWN];
    size_t i = parquet->pieces[piece].misfit_column;
    struct parquet_vector vector = vector_of(parquet, piece, i);
    const struct column_schema *schema = &parquet->input.header.schema.columns[i];
    cell_show(parquet_show(&vector, parquet->pieces[piece].misfit, memory), shown);
    return mlops_fail(err, MLOPS_INVALID, "%s:%llu: '%s' in column '%s' is not of its type, %s",
                      parquet->name, (unsigned long long)row, shown, schema->name,
                      column_type_name(schema->type));
}

static int convert_pieces(struct parquet_input *parquet, struct mlops_error *err)
{
    struct mlops_error unused;
    uint64_t row = parquet->rows;
    (void)pool_run(parquet->count, convert_piece, parquet, &unused); /* cannot fail */
    for (size_t i = 0; i < parquet->count; i++) {
        const struct piece *piece = &parquet->pieces[i];
        if (piece->misfit != SIZE_MAX && !parquet->count_misfits)
            return refuse_misfit(parquet, i, row + piece->misfit + 1, err);
        row += piece->rows;
        parquet->batches[i] = piece->typed.batch;
    }
    return MLOPS_OK;
}

static int parquet_next(struct input *input, const struct batch **batches, size_t *count,
                        struct mlops_error *err)
{
    struct parquet_input *parquet = (struct parquet_input *)input;
    if (!parquet->sampled) {
        drop_chunks(parquet);
        TRY(fetch(parquet, SIZE_MAX, err));
    }
    parquet->sampled = false;
    TRY(convert_pieces(parquet, err));
    *batches = parquet->batches;
    *count = parquet->count;
    return MLOPS_OK;
}

static uint64_t parquet_line(const struct input *input, size_t batch, size_t row)
{
    const struct parquet_input *parquet = (const struct parquet_input *)input;
    uint64_t line = parquet->rows + row + 1;
    for (size_t i = 0; i < batch; i++)
        line += parquet->pieces[i].rows;
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
            names[i] = (struct text_view){fields.items[i].name,
                                          (uint32_t)strlen(fields.items[i].name)};
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
    for (size_t j = 0; j < parquet->count; j++) {
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
    TRY(parquet_ahead_start(&parquet->session.api, &parquet->result, &parquet->ahead, err));
    TRY(fetch(parquet, SAMPLE_ROWS, err));
    parquet->sampled = true;
    if (parquet->count == 0 && !may_be_empty)
        return mlops_fail(err, MLOPS_INVALID, "%s has columns and no rows", parquet->name);
    struct text_view *views = xcalloc(SAMPLE_ROWS, sizeof(*views));
    char(*memory)[PARQUET_SHOWN] = xcalloc(SAMPLE_ROWS, sizeof(*memory));
    for (size_t i = 0; i < parquet->fields.count; i++)
        infer_column(parquet, i, views, memory);
    free(memory);
    free(views);
    return MLOPS_OK;
}

int parquet_input_open(int fd, const char *name, const struct table_options *options,
                       const struct table_schema *layout, struct input **input,
                       struct mlops_error *err)
{
    static const struct input_kind kind = {parquet_next, parquet_line, parquet_close};
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
