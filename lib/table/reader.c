/* lib/table/reader.c - records of a CSV file into batches of typed columns. */
#include "base/file.h"
#include "table/csv.h"
#include "table/header.h"
#include "table/infer.h"
#include "table/missing.h"
#include "table/show.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BATCH_ROWS 8192U
#define BATCH_CELLS (4U << 20)  /* fewer rows where there are very many columns */
#define BATCH_BYTES (16U << 20) /* of text: a batch ends early where cells are long */

/* Memory of one column: of the three arrays of values the one that its type says is there. */
struct slots {
    uint8_t *missing;
    double *numbers;
    int64_t *times;
    struct text_view *texts;
};

/* The first records, kept until the types are settled. */
struct sample {
    struct buffer bytes;
    struct text_view *fields; /* record by record */
    uint64_t *lines;
    size_t rows;
};

struct table_reader {
    int fd; /* -1: standard input */
    char *name;
    struct csv *csv;
    struct header header;
    struct sample sample;
    size_t batch_rows; /* most that one has */
    /* the batch */
    struct buffer arena; /* bytes of its texts */
    uint64_t *lines;
    size_t rows;
    struct slots *slots;
    struct column *columns;
    struct batch batch;
};

static void sample_clear(struct sample *sample)
{
    buffer_clear(&sample->bytes);
    free(sample->fields);
    free(sample->lines);
    *sample = (struct sample){0};
}

void table_close(struct table_reader *reader)
{
    if (!reader)
        return;
    fd_close(&reader->fd);
    for (size_t i = 0; reader->slots && i < reader->header.schema.count; i++) {
        free(reader->slots[i].missing);
        free(reader->slots[i].numbers);
        free(reader->slots[i].times);
        free(reader->slots[i].texts);
    }
    free(reader->slots);
    free(reader->columns);
    free(reader->lines);
    csv_free(reader->csv);
    header_clear(&reader->header);
    sample_clear(&reader->sample);
    buffer_clear(&reader->arena);
    free(reader->name);
    free(reader);
}

/* ---- opening -------------------------------------------------------------------------------- */

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

/* The next record, which must be as wide as the header. */
static int next_record(struct table_reader *reader, struct csv_record *record, bool *more,
                       struct mlops_error *err)
{
    TRY(csv_next(reader->csv, record, more, err));
    if (*more && record->count != reader->header.width)
        return mlops_fail(err, MLOPS_INVALID, "%s:%llu: %zu fields where the header has %zu",
                          reader->name, (unsigned long long)record->line, record->count,
                          reader->header.width);
    return MLOPS_OK;
}

static int take_sample(struct table_reader *reader, struct mlops_error *err)
{
    struct sample *sample = &reader->sample;
    size_t width = reader->header.width, capacity = 0;
    while (sample->rows < reader->batch_rows && sample->bytes.length < BATCH_BYTES) {
        struct csv_record record;
        bool more;
        TRY(next_record(reader, &record, &more, err));
        if (!more)
            break;
        if (sample->rows == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            sample->fields = xrealloc(sample->fields, capacity * width, sizeof(*sample->fields));
            sample->lines = xrealloc(sample->lines, capacity, sizeof(*sample->lines));
        }
        struct text_view *fields = sample->fields + sample->rows * width;
        for (size_t i = 0; i < width; i++) {
            /* positions for now: the bytes may still move */
            fields[i] = (struct text_view){.data = (const char *)(uintptr_t)sample->bytes.length,
                                           .length = record.fields[i].length};
            buffer_append(&sample->bytes, record.fields[i].data, record.fields[i].length);
        }
        sample->lines[sample->rows++] = record.line;
    }
    for (size_t i = 0; i < sample->rows * width; i++)
        sample->fields[i].data =
            sample->bytes.length ? sample->bytes.data + (uintptr_t)sample->fields[i].data : "";
    if (sample->rows == 0)
        return mlops_fail(err, MLOPS_INVALID, "%s has a header and no rows", reader->name);
    return MLOPS_OK;
}

static void settle_types(struct table_reader *reader)
{
    struct header *header = &reader->header;
    size_t rows = reader->batch_rows;
    reader->slots = xcalloc(header->schema.count, sizeof(*reader->slots));
    reader->columns = xcalloc(header->schema.count, sizeof(*reader->columns));
    reader->lines = xcalloc(rows, sizeof(*reader->lines));
    for (size_t i = 0; i < header->schema.count; i++) {
        struct column_schema *schema = &header->schema.columns[i];
        struct slots *slots = &reader->slots[i];
        if (!header->given[i])
            schema->type = infer_type(reader->sample.fields + header->places[i], header->width,
                                      reader->sample.rows);
        slots->missing = xcalloc(rows, sizeof(*slots->missing));
        if (column_is_numeric(schema->type))
            slots->numbers = xcalloc(rows, sizeof(*slots->numbers));
        else if (schema->type == COLUMN_TIME)
            slots->times = xcalloc(rows, sizeof(*slots->times));
        else
            slots->texts = xcalloc(rows, sizeof(*slots->texts));
        reader->columns[i] = (struct column){.type = schema->type,
                                             .missing = slots->missing,
                                             .numbers = slots->numbers,
                                             .times = slots->times,
                                             .texts = slots->texts};
    }
}

/* ---- rows ----------------------------------------------------------------------------------- */

static int misfit(const struct table_reader *reader, size_t column, uint64_t line,
                  struct text_view cell, struct mlops_error *err)
{
    const struct column_schema *schema = &reader->header.schema.columns[column];
    char shown[CELL_SHOWN_SIZE];
    cell_show(cell, shown);
    mlops_fail(err, MLOPS_INVALID, "%s:%llu: '%s' in column '%s' is not of its type, %s",
               reader->name, (unsigned long long)line, shown, schema->name,
               column_type_name(schema->type));
    if (!reader->header.given[column])
        return mlops_hint(err,
                          "the type was taken from the first rows (at most %zu); leave missing "
                          "values empty",
                          reader->batch_rows);
    return (int)err->code;
}

static void take_text(struct table_reader *reader, struct slots *slots, size_t row,
                      struct text_view cell)
{
    /* a position for now: the arena may still move */
    slots->texts[row] = (struct text_view){.data = (const char *)(uintptr_t)reader->arena.length,
                                           .length = cell.length};
    buffer_append(&reader->arena, cell.data, cell.length);
}

static int take_row(struct table_reader *reader, const struct text_view *fields, uint64_t line,
                    struct mlops_error *err)
{
    const struct header *header = &reader->header;
    size_t row = reader->rows;
    for (size_t i = 0; i < header->schema.count; i++) {
        struct text_view cell = fields[header->places[i]];
        struct slots *slots = &reader->slots[i];
        double number = 0;
        int64_t time_ns = 0;
        uint8_t missing = cell_missing(cell);
        slots->missing[row] = missing;
        if (slots->texts) {
            take_text(reader, slots, row, missing ? (struct text_view){.data = ""} : cell);
            continue;
        }
        if (!missing && !cell_convert(cell, header->schema.columns[i].type, &number, &time_ns))
            return misfit(reader, i, line, cell, err);
        if (slots->numbers)
            slots->numbers[row] = number;
        else
            slots->times[row] = time_ns;
    }
    reader->lines[reader->rows++] = line;
    return MLOPS_OK;
}

static int take_rows(struct table_reader *reader, struct mlops_error *err)
{
    while (reader->rows < reader->batch_rows && reader->arena.length < BATCH_BYTES) {
        struct csv_record record;
        bool more;
        TRY(next_record(reader, &record, &more, err));
        if (!more)
            return MLOPS_OK;
        TRY(take_row(reader, record.fields, record.line, err));
    }
    return MLOPS_OK;
}

/* The records that the types were taken from are the first batch. */
static int take_rows_of_sample(struct table_reader *reader, struct mlops_error *err)
{
    struct sample *sample = &reader->sample;
    for (size_t i = 0; i < sample->rows; i++)
        TRY(take_row(reader, sample->fields + i * reader->header.width, sample->lines[i], err));
    sample_clear(sample);
    return MLOPS_OK;
}

/* Positions in the arena to pointers. */
static void settle_texts(struct table_reader *reader)
{
    const char *bytes = reader->arena.length ? reader->arena.data : "";
    for (size_t i = 0; i < reader->header.schema.count; i++) {
        struct text_view *texts = reader->slots[i].texts;
        for (size_t row = 0; texts && row < reader->rows; row++)
            texts[row].data = bytes + (uintptr_t)texts[row].data;
        reader->columns[i].rows = reader->rows;
    }
}

int table_open(const char *path, const struct table_options *options, struct table_reader **reader,
               struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *opened = xcalloc(1, sizeof(*opened));
    struct csv_record record;
    bool more;
    opened->fd = -1;
    TRY(open_file(opened, path, err));
    opened->csv =
        csv_new(opened->fd >= 0 ? opened->fd : STDIN_FILENO, opened->name, options->separator);
    TRY(csv_next(opened->csv, &record, &more, err));
    if (!more)
        return mlops_fail(err, MLOPS_INVALID, "%s is empty: not even a header", opened->name);
    TRY(header_read(&record, opened->name, options, &opened->header, err));
    opened->batch_rows = BATCH_CELLS / (unsigned)record.count;
    if (opened->batch_rows > BATCH_ROWS)
        opened->batch_rows = BATCH_ROWS;
    TRY(take_sample(opened, err));
    settle_types(opened);
    *reader = TAKE_PTR(opened);
    return MLOPS_OK;
}

const struct table_schema *table_schema(const struct table_reader *reader)
{
    return &reader->header.schema;
}

const char *const *table_unread(const struct table_reader *reader, size_t *count)
{
    *count = reader->header.unread_count;
    return (const char *const *)reader->header.unread;
}

int table_next(struct table_reader *reader, const struct batch **batch, bool *more,
               struct mlops_error *err)
{
    reader->rows = 0;
    buffer_reset(&reader->arena);
    TRY(reader->sample.rows > 0 ? take_rows_of_sample(reader, err) : take_rows(reader, err));
    settle_texts(reader);
    reader->batch = (struct batch){.columns = reader->columns,
                                   .column_count = reader->header.schema.count,
                                   .rows = reader->rows};
    *batch = &reader->batch;
    *more = reader->rows > 0;
    return MLOPS_OK;
}

uint64_t table_line(const struct table_reader *reader, size_t row)
{
    return reader->lines[row];
}
