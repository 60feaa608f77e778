/* lib/table/reader.c - records of a CSV file into batches of typed columns. */
#include "base/file.h"
#include "base/path.h"
#include "table/csv.h"
#include "table/infer.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BATCH_ROWS 8192U
#define BATCH_BYTES (16U << 20) /* of text: a batch ends early where cells are long */

struct table_reader {
    int fd; /* -1: standard input */
    char *name;
    struct csv *csv;
    struct table_schema schema;
    bool typed;  /* the schema's types are settled */
    bool *given; /* which of them were expected by the caller */
    /* the batch */
    struct buffer arena;     /* bytes of all cells */
    struct text_view *cells; /* row by row */
    uint64_t lines[BATCH_ROWS];
    size_t rows;
    struct column *columns;
    struct batch batch;
};

static void column_free(struct column *column)
{
    free((void *)(uintptr_t)column->missing);
    free((void *)(uintptr_t)column->numbers);
    free((void *)(uintptr_t)column->times);
    free((void *)(uintptr_t)column->texts);
}

void table_close(struct table_reader *reader)
{
    if (!reader)
        return;
    fd_close(&reader->fd);
    for (size_t i = 0; reader->columns && i < reader->schema.count; i++)
        column_free(&reader->columns[i]);
    free(reader->columns);
    csv_free(reader->csv);
    table_schema_clear(&reader->schema);
    buffer_clear(&reader->arena);
    free(reader->cells);
    free(reader->given);
    free(reader->name);
    free(reader);
}

static const struct column_schema *expected_column(const struct table_schema *expected,
                                                   const char *name)
{
    for (size_t i = 0; expected && i < expected->count; i++)
        if (str_equal(expected->columns[i].name, name))
            return &expected->columns[i];
    return NULL;
}

static int read_header(struct table_reader *reader, const struct table_options *options,
                       struct mlops_error *err)
{
    struct csv_record record;
    bool more;
    TRY(csv_next(reader->csv, &record, &more, err));
    if (!more)
        return mlops_fail(err, MLOPS_INVALID, "%s is empty: not even a header", reader->name);
    reader->schema.columns = xcalloc(record.count, sizeof(*reader->schema.columns));
    reader->columns = xcalloc(record.count, sizeof(*reader->columns));
    reader->given = xcalloc(record.count, sizeof(*reader->given));
    for (size_t i = 0; i < record.count; i++) {
        struct text_view field = record.fields[i];
        if (field.length == 0)
            return mlops_fail(err, MLOPS_INVALID, "%s:1: column %zu has no name", reader->name,
                              i + 1);
        if (memchr(field.data, '\0', field.length) || !utf8_valid(field.data, field.length))
            return mlops_fail(err, MLOPS_INVALID, "%s:1: the name of column %zu is not UTF-8 text",
                              reader->name, i + 1);
        char *name = xstrndup(field.data, field.length);
        for (size_t j = 0; j < i; j++)
            if (str_equal(reader->schema.columns[j].name, name)) {
                mlops_fail(err, MLOPS_INVALID, "%s:1: two columns are called '%s'", reader->name,
                           name);
                free(name);
                return (int)err->code;
            }
        const struct column_schema *expected = expected_column(options->expected, name);
        reader->schema.columns[i].name = name;
        reader->schema.count = i + 1;
        reader->given[i] = expected != NULL;
        if (expected)
            reader->schema.columns[i].type = expected->type;
    }
    return MLOPS_OK;
}

static int add_row(struct table_reader *reader, const struct csv_record *record,
                   struct mlops_error *err)
{
    size_t width = reader->schema.count;
    if (record->count != width)
        return mlops_fail(err, MLOPS_INVALID, "%s:%llu: %zu fields where the header has %zu",
                          reader->name, (unsigned long long)record->line, record->count, width);
    struct text_view *cells = reader->cells + reader->rows * width;
    for (size_t i = 0; i < width; i++) {
        /* positions for now: the arena may still move */
        cells[i] = (struct text_view){.data = (const char *)(uintptr_t)reader->arena.length,
                                      .length = record->fields[i].length};
        buffer_append(&reader->arena, record->fields[i].data, record->fields[i].length);
    }
    reader->lines[reader->rows++] = record->line;
    return MLOPS_OK;
}

/* Take in rows until the batch is full or the file ends. */
static int gather(struct table_reader *reader, struct mlops_error *err)
{
    reader->rows = 0;
    buffer_reset(&reader->arena);
    while (reader->rows < BATCH_ROWS && reader->arena.length < BATCH_BYTES) {
        struct csv_record record;
        bool more;
        TRY(csv_next(reader->csv, &record, &more, err));
        if (!more)
            break;
        TRY(add_row(reader, &record, err));
    }
    size_t count = reader->rows * reader->schema.count;
    for (size_t i = 0; i < count; i++)
        reader->cells[i].data = reader->arena.data + (uintptr_t)reader->cells[i].data;
    return MLOPS_OK;
}

static void settle_types(struct table_reader *reader)
{
    size_t width = reader->schema.count;
    for (size_t i = 0; i < width; i++) {
        struct column_schema *schema = &reader->schema.columns[i];
        if (!reader->given[i])
            schema->type = infer_type(reader->cells + i, width, reader->rows);
        struct column *column = &reader->columns[i];
        column->type = schema->type;
        column->missing = xcalloc(BATCH_ROWS, sizeof(*column->missing));
        if (column_is_numeric(schema->type))
            column->numbers = xcalloc(BATCH_ROWS, sizeof(*column->numbers));
        else if (schema->type == COLUMN_TIME)
            column->times = xcalloc(BATCH_ROWS, sizeof(*column->times));
        else
            column->texts = xcalloc(BATCH_ROWS, sizeof(*column->texts));
    }
    reader->typed = true;
}

static int misfit(const struct table_reader *reader, size_t column, size_t row,
                  struct text_view cell, struct mlops_error *err)
{
    const struct column_schema *schema = &reader->schema.columns[column];
    int shown = cell.length > 40 ? 40 : (int)cell.length;
    mlops_fail(err, MLOPS_INVALID, "%s:%llu: '%.*s' in column '%s' is not of its type, %s",
               reader->name, (unsigned long long)reader->lines[row], shown, cell.data, schema->name,
               column_type_name(schema->type));
    if (!reader->given[column])
        return mlops_hint(err,
                          "the type was taken from the first %u rows; leave missing values empty",
                          BATCH_ROWS);
    return (int)err->code;
}

static int convert_column(struct table_reader *reader, size_t index, struct mlops_error *err)
{
    struct column *column = &reader->columns[index];
    bool *missing = (bool *)(uintptr_t)column->missing;
    double *numbers = (double *)(uintptr_t)column->numbers;
    int64_t *times = (int64_t *)(uintptr_t)column->times;
    struct text_view *texts = (struct text_view *)(uintptr_t)column->texts;
    column->rows = reader->rows;
    for (size_t row = 0; row < reader->rows; row++) {
        struct text_view cell = reader->cells[row * reader->schema.count + index];
        double number = 0;
        int64_t time_ns = 0;
        missing[row] = cell_is_missing(cell);
        if (!missing[row] && !cell_convert(cell, column->type, &number, &time_ns))
            return misfit(reader, index, row, cell, err);
        if (numbers)
            numbers[row] = number;
        else if (times)
            times[row] = time_ns;
        else
            texts[row] = missing[row] ? (struct text_view){.data = ""} : cell;
    }
    return MLOPS_OK;
}

static int open_file(struct table_reader *reader, const char *path, struct mlops_error *err)
{
    struct stat status;
    if (str_equal(path, "-")) {
        reader->name = xstrdup("standard input");
        return MLOPS_OK;
    }
    reader->name = xstrdup(path);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (reader->fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "open '%s'", path);
    if (fstat(reader->fd, &status) == 0 && S_ISDIR(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is a folder, not a table", path);
    (void)posix_fadvise(reader->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint */
    return MLOPS_OK;
}

int table_open(const char *path, const struct table_options *options, struct table_reader **reader,
               struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *opened = xcalloc(1, sizeof(*opened));
    opened->fd = -1;
    TRY(open_file(opened, path, err));
    opened->csv =
        csv_new(opened->fd >= 0 ? opened->fd : STDIN_FILENO, opened->name, options->separator);
    TRY(read_header(opened, options, err));
    opened->cells = xcalloc((size_t)BATCH_ROWS * opened->schema.count, sizeof(*opened->cells));
    TRY(gather(opened, err));
    if (opened->rows == 0)
        return mlops_fail(err, MLOPS_INVALID, "%s has a header and no rows", opened->name);
    settle_types(opened);
    *reader = TAKE_PTR(opened);
    return MLOPS_OK;
}

const struct table_schema *table_schema(const struct table_reader *reader)
{
    return &reader->schema;
}

int table_next(struct table_reader *reader, const struct batch **batch, bool *more,
               struct mlops_error *err)
{
    if (reader->batch.columns) /* the first batch was gathered to find the types */
        TRY(gather(reader, err));
    *more = reader->rows > 0;
    for (size_t i = 0; *more && i < reader->schema.count; i++)
        TRY(convert_column(reader, i, err));
    reader->batch = (struct batch){
        .columns = reader->columns, .column_count = reader->schema.count, .rows = reader->rows};
    *batch = &reader->batch;
    return MLOPS_OK;
}

uint64_t table_line(const struct table_reader *reader, size_t row)
{
    return reader->lines[row];
}
