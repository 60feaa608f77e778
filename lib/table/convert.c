/* lib/table/convert.c - cells to values, column by column. */
#include "table/convert.h"
#include "base/number.h"
#include "table/infer.h"
#include "table/missing.h"
#include "table/short_numbers.h"
#include "table/show.h"

void typed_clear(struct typed *typed)
{
    free(typed->columns);
    free(typed->memory);
    *typed = (struct typed){0};
}

static size_t value_size(enum column_type type)
{
    return type == COLUMN_CATEGORY || type == COLUMN_TEXT ? sizeof(struct text_view)
                                                          : sizeof(double);
}

void typed_begin(struct typed *typed, const struct table_schema *schema, size_t rows)
{
    size_t needed = 0;
    for (size_t i = 0; i < schema->count; i++)
        needed += rows * value_size(schema->columns[i].type);
    if (needed + rows * schema->count > typed->capacity) {
        free(typed->memory);
        typed->capacity = needed + rows * schema->count;
        typed->memory = xmalloc(typed->capacity);
    }
    if (typed->column_count != schema->count)
        typed->columns = xrealloc(typed->columns, schema->count, sizeof(*typed->columns));
    typed->column_count = schema->count;
    char *values = typed->memory;
    uint8_t *missing = (uint8_t *)typed->memory + needed; /* behind all that must be aligned */
    for (size_t i = 0; i < schema->count; i++) {
        enum column_type type = schema->columns[i].type;
        struct column *column = &typed->columns[i];
        *column = (struct column){.type = type, .rows = rows, .missing = missing};
        if (column_is_numeric(type))
            column->numbers = (const double *)(const void *)values;
        else if (type == COLUMN_TIME)
            column->times = (const int64_t *)(const void *)values;
        else
            column->texts = (const struct text_view *)(const void *)values;
        values += rows * value_size(type);
        missing += rows;
    }
    typed->batch = (struct batch){typed->columns, schema->count, rows};
}

/* ---- values --------------------------------------------------------------------------------- */

/* One column on its way. */
struct job {
    struct cells *cells;
    const struct cell *cell; /* of the first row */
    const struct column_schema *schema;
    bool given, count_misfits;
    short_numbers_reader read_short;
    uint8_t *missing;
    void *values;
};

static int misfit(const struct job *job, size_t row, struct mlops_error *err)
{
    char shown[CELL_SHOWN_SIZE];
    if (job->count_misfits) {
        job->missing[row] = MISSING_MISFIT;
        return MLOPS_OK;
    }
    const struct cell *cell = job->cell + row * job->cells->width;
    job->cells->bad_line = job->cells->lines[row];
    cell_show(cell_text(job->cells, cell), shown);
    mlops_fail(err, MLOPS_INVALID, "'%s' in column '%s' is not of its type, %s", shown,
               job->schema->name, column_type_name(job->schema->type));
    if (!job->given)
        return mlops_hint(err, "the type was taken from the first rows; leave missing values "
                               "empty");
    return (int)err->code;
}

/* What a cell is missing as; MISSING_NOT where it has `*text`. */
static inline uint8_t look(const struct cells *cells, const struct cell *cell,
                           struct text_view *text)
{
    if (cell->at >= CELL_NULL) {
        *text = (struct text_view){"", 0};
        return cell->at == CELL_NULL ? MISSING_NULL : MISSING_ABSENT;
    }
    *text = cell_text(cells, cell);
    return cell_missing(*text);
}

/* Where a cell has spaces around it, what stands between them may be missing. */
static bool is_padded(const struct job *job, size_t row, const struct cell *cell,
                      struct text_view *text)
{
    struct text_view trimmed = cell_trimmed(*text);
    if (trimmed.length == text->length || cell->length & CELL_STRING)
        return false;
    *text = trimmed;
    job->missing[row] = cell_missing(trimmed);
    return true;
}

/* A cell that is no short number. */
static int convert_number(const struct job *job, size_t row, double *number,
                          struct mlops_error *err)
{
    const struct cell *cell = job->cell + row * job->cells->width;
    bool is_bool = job->schema->type == COLUMN_BOOL;
    struct text_view text;
    int64_t time_ns;
    *number = 0;
    job->missing[row] = look(job->cells, cell, &text);
    if (job->missing[row] || (is_padded(job, row, cell, &text) && job->missing[row]))
        return MLOPS_OK;
    if ((!(cell->length & CELL_STRING) || is_bool) &&
        cell_convert(text, job->schema->type, number, &time_ns))
        return MLOPS_OK;
    *number = 0;
    return misfit(job, row, err);
}

static int convert_numbers(const struct job *job, struct mlops_error *err)
{
    double *numbers = job->values;
    size_t rows = job->cells->rows, left = rows;
    if (job->schema->type == COLUMN_BOOL)
        memset(job->missing, SHORT_NUMBERS_LEFT, rows);
    else
        left = job->read_short(job->cells, job->cell, rows, numbers, job->missing);
    for (size_t row = 0; left > 0; row++)
        if (job->missing[row] == SHORT_NUMBERS_LEFT) {
            TRY(convert_number(job, row, &numbers[row], err));
            left--;
        }
    return MLOPS_OK;
}

static int convert_times(const struct job *job, struct mlops_error *err)
{
    int64_t *times = job->values;
    const struct cell *cell = job->cell;
    for (size_t row = 0; row < job->cells->rows; row++, cell += job->cells->width) {
        struct text_view text;
        double number;
        times[row] = 0;
        job->missing[row] = look(job->cells, cell, &text);
        if (!job->missing[row] && is_padded(job, row, cell, &text) && job->missing[row])
            continue;
        if (!job->missing[row] && !cell_convert(text, COLUMN_TIME, &number, &times[row]))
            TRY(misfit(job, row, err));
    }
    return MLOPS_OK;
}

static void convert_texts(const struct job *job)
{
    struct text_view *texts = job->values;
    const struct cell *cell = job->cell;
    for (size_t row = 0; row < job->cells->rows; row++, cell += job->cells->width) {
        job->missing[row] = look(job->cells, cell, &texts[row]);
        if (job->missing[row])
            texts[row] = (struct text_view){"", 0};
    }
}

int convert(struct cells *cells, const struct header *header, bool count_misfits,
            struct typed *typed, struct mlops_error *err)
{
    short_numbers_reader read_short = short_numbers_choose();
    typed_begin(typed, &header->schema, cells->rows);
    for (size_t i = 0; i < header->schema.count && cells->rows > 0; i++) {
        struct column *column = &typed->columns[i];
        /* the memory is the unit's own: only readers see it as constant */
        struct job job = {.cells = cells,
                          .cell = cells->cells + header->places[i],
                          .schema = &header->schema.columns[i],
                          .given = header->given[i],
                          .count_misfits = count_misfits,
                          .read_short = read_short,
                          .missing = (uint8_t *)(uintptr_t)column->missing};
        if (column->numbers) {
            job.values = (void *)(uintptr_t)column->numbers;
            TRY(convert_numbers(&job, err));
        } else if (column->times) {
            job.values = (void *)(uintptr_t)column->times;
            TRY(convert_times(&job, err));
        } else {
            job.values = (void *)(uintptr_t)column->texts;
            convert_texts(&job);
        }
    }
    return MLOPS_OK;
}

void convert_infer(const struct cells *cells, struct header *header)
{
    struct text_view *views = xcalloc(cells->rows, sizeof(*views));
    for (size_t i = 0; i < header->schema.count; i++) {
        struct column_schema *schema = &header->schema.columns[i];
        bool strings = false;
        if (header->given[i])
            continue;
        for (size_t row = 0; row < cells->rows; row++) {
            const struct cell *cell = cells->cells + row * cells->width + header->places[i];
            strings |= !look(cells, cell, &views[row]) && cell->length & CELL_STRING;
        }
        schema->type = (strings ? infer_text_type : infer_type)(views, 1, cells->rows);
        if (schema->type == COLUMN_INTEGER && infer_epoch(schema->name, views, 1, cells->rows))
            schema->type = COLUMN_TIME;
    }
    free(views);
}
