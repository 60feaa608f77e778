/*
 * lib/table/npy_input.c - an array of numpy's as a table: the items of one dimension are one column
 * called 0, those of two a column for each place in a row, called 0, 1, …; of structures, each field
 * is a column. All cores read blocks of rows.
 */
#include "base/endian.h"
#include "base/file.h"
#include "base/pool.h"
#include "table/convert.h"
#include "table/infer.h"
#include "table/input.h"
#include "table/missing.h"
#include "table/npy_value.h"
#include "table/show.h"
#include <stdio.h>
#include <sys/stat.h>

#define BLOCKS 16                /* of a round */
#define BLOCK_BYTES (256U << 10) /* of a block, unless a row is longer */
#define BLOCK_ROWS 8192
#define ROW_MAX (64U << 20) /* bytes of a row */

struct block {
    uint64_t first; /* row */
    size_t rows;
    uint8_t *bytes;
    size_t capacity;
    char *texts;
    size_t text_capacity, text_used;
    struct typed typed;
    size_t misfit, misfit_column;
};

struct npy_input {
    struct input input;
    char *name;
    int fd;
    bool count_misfits;
    struct npy_header header;
    struct npy_fields fields; /* one for each column that is read */
    uint64_t rows, columns;   /* of the array; of one dimension it has one column */
    uint64_t next;            /* row */
    size_t block_rows;
    struct block blocks[BLOCKS];
    struct batch batches[BLOCKS];
};

static void npy_close(struct input *input)
{
    struct npy_input *npy = (struct npy_input *)input;
    for (size_t i = 0; i < BLOCKS; i++) {
        free(npy->blocks[i].bytes);
        free(npy->blocks[i].texts);
        typed_clear(&npy->blocks[i].typed);
    }
    npy_fields_clear(&npy->fields);
    header_clear(&npy->input.header);
    fd_close(&npy->fd);
    free(npy->name);
    free(npy);
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* In Fortran's order a column's values stand together. */
static bool by_column(const struct npy_input *npy)
{
    return npy->header.fortran_order && npy->header.dimensions == 2;
}

static int read_block(const struct npy_input *npy, struct block *block, struct mlops_error *err)
{
    size_t width = (size_t)npy->header.item_width, row_width = width * (size_t)npy->columns;
    uint64_t data = npy->header.data_offset;
    if (!by_column(npy))
        return fd_pread_full(npy->fd, block->bytes, block->rows * row_width,
                             data + block->first * row_width, err);
    for (size_t i = 0; i < npy->columns; i++)
        TRY(fd_pread_full(npy->fd, block->bytes + i * block->rows * width, block->rows * width,
                          data + (i * npy->rows + block->first) * width, err));
    return MLOPS_OK;
}

/* A column's first value in a block, and how far the next is from it. */
static const uint8_t *values_of(const struct npy_input *npy, const struct block *block, size_t i,
                                size_t *step)
{
    size_t width = (size_t)npy->header.item_width, place = npy->input.header.places[i];
    const struct npy_field *field = &npy->fields.items[i];
    *step = by_column(npy) ? width : width * (size_t)npy->columns;
    if (npy->header.dimensions != 2) /* one item a row: the field says where in it */
        return block->bytes + field->offset;
    return block->bytes + place * width * (by_column(npy) ? block->rows : 1);
}

static struct text_view text_of(const struct npy_field *field, const uint8_t *value,
                                struct block *block)
{
    char *memory = block->texts + block->text_used;
    uint32_t length = npy_text(field, value, memory);
    block->text_used += length;
    return (struct text_view){memory, length};
}

/* Room for the texts of all values that are read as such. */
static void reserve_texts(const struct npy_input *npy, struct block *block)
{
    size_t needed = 0;
    for (size_t i = 0; i < npy->fields.count; i++)
        needed += npy_text_max(&npy->fields.items[i]) * block->rows;
    block->text_used = 0;
    if (needed <= block->text_capacity)
        return;
    free(block->texts);
    block->texts = xmalloc(needed);
    block->text_capacity = needed;
}

struct value {
    double number;
    int64_t time_ns;
    struct text_view text;
};

/* What a value is missing as; MISSING_NOT where `*value` is it, as the column wants it. */
static uint8_t take(const struct npy_field *field, const struct column *column,
                    const uint8_t *bytes, struct block *block, struct value *value)
{
    bool is_text = field->kind == 'S' || field->kind == 'U', is_time = field->kind == 'M';
    if (!is_text && npy_absent(field, bytes))
        return cell_missing((struct text_view){field->kind == 'f' ? "NaN" : "NaT", 3});
    if (column->times && is_time)
        return npy_time(field, bytes, &value->time_ns) ? MISSING_NOT : MISSING_MISFIT;
    if (column->numbers && !is_text && !is_time) {
        value->number = npy_number(field, bytes);
        bool fits = column->type != COLUMN_BOOL || value->number == 0 || value->number == 1;
        return fits ? MISSING_NOT : MISSING_MISFIT;
    }
    value->text = text_of(field, bytes, block); /* as a cell of CSV */
    uint8_t missing = cell_missing(value->text);
    if (missing || column->texts)
        return missing;
    return !is_time && cell_convert(value->text, column->type, &value->number, &value->time_ns)
               ? MISSING_NOT
               : MISSING_MISFIT;
}

static void convert_column(const struct npy_input *npy, struct block *block, size_t i)
{
    static const struct value none = {.text = {"", 0}};
    struct column *column = &block->typed.columns[i];
    uint8_t *missing = (uint8_t *)(uintptr_t)column->missing;
    double *numbers = (double *)(uintptr_t)column->numbers;
    int64_t *times = (int64_t *)(uintptr_t)column->times;
    struct text_view *texts = (struct text_view *)(uintptr_t)column->texts;
    size_t step;
    const uint8_t *bytes = values_of(npy, block, i, &step);
    for (size_t row = 0; row < block->rows; row++, bytes += step) {
        struct value value = none;
        missing[row] = take(&npy->fields.items[i], column, bytes, block, &value);
        if (missing[row])
            value = none;
        if (missing[row] == MISSING_MISFIT && row < block->misfit) {
            block->misfit = row;
            block->misfit_column = i;
        }
        if (texts)
            texts[row] = value.text;
        else if (times)
            times[row] = value.time_ns;
        else
            numbers[row] = value.number;
    }
}

static int take_block(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct npy_input *npy = context;
    struct block *block = &npy->blocks[index];
    (void)worker;
    TRY(read_block(npy, block, err));
    reserve_texts(npy, block);
    typed_begin(&block->typed, &npy->input.header.schema, block->rows);
    block->misfit = SIZE_MAX;
    for (size_t i = 0; i < npy->fields.count; i++)
        convert_column(npy, block, i);
    return MLOPS_OK;
}

static void begin_block(const struct npy_input *npy, struct block *block, uint64_t first)
{
    uint64_t left = npy->rows - first;
    size_t bytes = npy->block_rows * (size_t)(npy->header.item_width * npy->columns);
    block->first = first;
    block->rows = left < npy->block_rows ? (size_t)left : npy->block_rows;
    if (bytes > block->capacity) {
        free(block->bytes);
        block->bytes = xmalloc(bytes);
        block->capacity = bytes;
    }
}

static int refuse_misfit(struct npy_input *npy, struct block *block, struct mlops_error *err)
{
    char shown[CELL_SHOWN_SIZE];
    size_t step, i = block->misfit_column;
    const uint8_t *value = values_of(npy, block, i, &step) + block->misfit * step;
    const struct column_schema *schema = &npy->input.header.schema.columns[i];
    block->text_used = 0;
    cell_show(text_of(&npy->fields.items[i], value, block), shown);
    return mlops_fail(err, MLOPS_INVALID, "%s:%llu: '%s' in column '%s' is not of its type, %s",
                      npy->name, (unsigned long long)(block->first + block->misfit + 1), shown,
                      schema->name, column_type_name(schema->type));
}

static int npy_next(struct input *input, const struct batch **batches, size_t *count,
                    struct mlops_error *err)
{
    struct npy_input *npy = (struct npy_input *)input;
    size_t begun = 0;
    for (; begun < BLOCKS && npy->next < npy->rows; begun++) {
        begin_block(npy, &npy->blocks[begun], npy->next);
        npy->next += npy->blocks[begun].rows;
    }
    if (pool_run(begun, take_block, npy, err))
        return mlops_wrap(err, "%s", npy->name);
    for (size_t i = 0; i < begun; i++) {
        if (npy->blocks[i].misfit != SIZE_MAX && !npy->count_misfits)
            return refuse_misfit(npy, &npy->blocks[i], err);
        npy->batches[i] = npy->blocks[i].typed.batch;
    }
    *batches = npy->batches;
    *count = begun;
    return MLOPS_OK;
}

static uint64_t npy_line(const struct input *input, size_t batch, size_t row)
{
    return ((const struct npy_input *)input)->blocks[batch].first + row + 1;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int refuse(const struct npy_input *npy, const char *why, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INVALID, "%s: its header %s", npy->name, why);
}

/* The header, held against the size of the file. */
static int read_header(struct npy_input *npy, struct npy_fields *fields, struct mlops_error *err)
{
    uint8_t start[NPY_START];
    struct stat status;
    const char *why;
    uint64_t length;
    if (fstat(npy->fd, &status) != 0 || status.st_size < NPY_START)
        return refuse(npy, "is cut off", err);
    uint64_t size = (uint64_t)status.st_size;
    TRY(fd_pread_full(npy->fd, start, sizeof(start), 0, err));
    if (!npy_version_known(start))
        return refuse(npy, "is of a version that numpy does not have", err);
    length = npy_header_length(start);
    npy->header.data_offset = npy_prefix(start) + length;
    if (length > NPY_HEADER_MAX || npy->header.data_offset > size)
        return refuse(npy, "is cut off or too long", err);
    _cleanup_(free_string) char *text = xmalloc(length + 1);
    TRY(fd_pread_full(npy->fd, text, length, npy_prefix(start), err));
    if (!npy_parse_header(text, length, &npy->header, fields, &why))
        return refuse(npy, why, err);
    if (npy->header.objects)
        return refuse(npy, "says that Python objects follow, as a pickle, which is not read", err);
    if (npy->header.item_width == 0)
        return refuse(npy, "says that an item has no bytes", err);
    if (__builtin_mul_overflow(npy->header.items, npy->header.item_width, &length) ||
        length != size - npy->header.data_offset)
        return refuse(npy, "promises another number of bytes than follow it", err);
    return MLOPS_OK;
}

static int find_shape(struct npy_input *npy, const struct npy_fields *fields,
                      struct mlops_error *err)
{
    if (fields->count == 0)
        return refuse(npy, "has no fields", err);
    bool structure = fields->count != 1 || fields->items[0].name;
    if (npy->header.dimensions == 0 || npy->header.dimensions > (structure ? 1 : 2))
        return mlops_fail(err, MLOPS_INVALID, "%s: an array of %u dimensions is no table%s",
                          npy->name, npy->header.dimensions,
                          structure ? " where its items are structures" : "");
    npy->columns = npy->header.dimensions == 2 ? npy->header.columns : 1;
    if (npy->columns == 0 || npy->columns > NPY_FIELDS_MAX ||
        npy->header.item_width * npy->columns > ROW_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s: rows of %llu columns and %llu bytes are not read",
                          npy->name, (unsigned long long)npy->columns,
                          (unsigned long long)(npy->header.item_width * npy->columns));
    npy->rows = npy->header.items / npy->columns;
    size_t width = (size_t)(npy->header.item_width * npy->columns);
    npy->block_rows = width < BLOCK_BYTES / BLOCK_ROWS ? BLOCK_ROWS : BLOCK_BYTES / width;
    if (npy->block_rows == 0)
        npy->block_rows = 1;
    return MLOPS_OK;
}

/* The columns that are wanted, which must be ones that can be read. */
static int choose(struct npy_input *npy, const struct npy_fields *fields, struct mlops_error *err)
{
    struct header *header = &npy->input.header;
    npy->fields.items = xcalloc(header->schema.count + 1, sizeof(*npy->fields.items));
    for (size_t i = 0; i < header->schema.count; i++) {
        size_t place = npy->header.dimensions == 2 ? 0 : header->places[i];
        struct npy_field *field = &npy->fields.items[npy->fields.count++];
        enum column_type type;
        const char *why;
        *field = fields->items[place];
        field->name = NULL; /* the header has it */
        if (!npy_readable(field, &type, &why))
            return mlops_fail(err, MLOPS_INVALID, "%s: column '%s' %s", npy->name,
                              header->schema.columns[i].name, why);
        if (!header->given[i])
            header->schema.columns[i].type = type;
    }
    return MLOPS_OK;
}

static int read_names(struct npy_input *npy, const struct npy_fields *fields,
                      const struct table_options *options, const struct table_schema *layout,
                      struct mlops_error *err)
{
    bool numbered = npy->header.dimensions == 2 || !fields->items[0].name;
    size_t count = numbered ? (size_t)npy->columns : fields->count;
    struct text_view *names = xcalloc(count, sizeof(*names));
    char(*numbers)[24] = xcalloc(count, sizeof(*numbers));
    for (size_t i = 0; i < count; i++) {
        if (numbered)
            snprintf(numbers[i], sizeof(numbers[i]), "%zu", i);
        const char *name = numbered ? numbers[i] : fields->items[i].name;
        names[i] = name_view(name);
    }
    int code =
        header_read(names, count, 1, npy->name, options, layout, &npy->input.header, err);
    free(numbers);
    free(names);
    return code;
}

/* What only values tell, from the first block: texts that are times or categories, whole numbers
 * that are times. */
static int infer(struct npy_input *npy, struct mlops_error *err)
{
    struct block *block = &npy->blocks[0];
    begin_block(npy, block, 0);
    if (read_block(npy, block, err))
        return mlops_wrap(err, "%s", npy->name);
    reserve_texts(npy, block);
    struct text_view *views = xcalloc(block->rows + 1, sizeof(*views));
    for (size_t i = 0; i < npy->fields.count; i++) {
        struct column_schema *schema = &npy->input.header.schema.columns[i];
        bool texts = schema->type == COLUMN_TEXT;
        if (npy->input.header.given[i] || (!texts && schema->type != COLUMN_INTEGER))
            continue;
        size_t step;
        const uint8_t *value = values_of(npy, block, i, &step);
        for (size_t row = 0; row < block->rows; row++, value += step)
            views[row] = text_of(&npy->fields.items[i], value, block);
        if (texts)
            schema->type = infer_text_type(views, 1, block->rows);
        else if (infer_epoch(schema->name, views, 1, block->rows))
            schema->type = COLUMN_TIME;
    }
    free(views);
    return MLOPS_OK;
}

int npy_input_open(int fd, const char *name, const struct table_options *options,
                   const struct table_schema *layout, struct input **input,
                   struct mlops_error *err)
{
    static const struct input_kind kind = {.next = npy_next, .line = npy_line, .close = npy_close};
    struct npy_input *npy = xcalloc(1, sizeof(*npy));
    _cleanup_(input_close_ptr) struct input *opened = &npy->input;
    _cleanup_(npy_fields_clear) struct npy_fields fields = {0};
    npy->input.kind = &kind;
    npy->fd = fd;
    npy->name = xstrdup(name);
    npy->count_misfits = options->count_misfits;
    TRY(read_header(npy, &fields, err));
    TRY(find_shape(npy, &fields, err));
    TRY(read_names(npy, &fields, options, layout, err));
    TRY(choose(npy, &fields, err));
    if (npy->rows == 0 && !layout)
        return mlops_fail(err, MLOPS_INVALID, "%s has columns and no rows", npy->name);
    if (npy->rows > 0)
        TRY(infer(npy, err));
    *input = TAKE_PTR(opened);
    return MLOPS_OK;
}
