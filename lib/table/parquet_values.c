/* lib/table/parquet_values.c - vectors of DuckDB into columns. */
#include "base/number.h"
#include "table/infer.h"
#include "table/missing.h"
#include "table/parquet.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define EXACT (1LL << 53) /* whole numbers up to it are doubles */
#define DAY_NS 86400000000000LL

__extension__ typedef __int128 huge;

struct hugeint {
    uint64_t lower;
    int64_t upper;
};

/* ---- one value ------------------------------------------------------------------------------ */

static huge whole_at(const struct parquet_vector *vector, size_t row)
{
    switch (vector->field->type) {
    case DUCKDB_BOOLEAN:
    case DUCKDB_UTINYINT:
        return ((const uint8_t *)vector->data)[row];
    case DUCKDB_TINYINT:
        return ((const int8_t *)vector->data)[row];
    case DUCKDB_SMALLINT:
        return ((const int16_t *)vector->data)[row];
    case DUCKDB_INTEGER:
        return ((const int32_t *)vector->data)[row];
    case DUCKDB_BIGINT:
        return ((const int64_t *)vector->data)[row];
    case DUCKDB_USMALLINT:
        return ((const uint16_t *)vector->data)[row];
    case DUCKDB_UINTEGER:
        return ((const uint32_t *)vector->data)[row];
    case DUCKDB_UBIGINT:
        return (huge)((const uint64_t *)vector->data)[row];
    default: {
        const struct hugeint *value = &((const struct hugeint *)vector->data)[row];
        return (huge)value->upper * ((huge)1 << 64) + (huge)value->lower;
    }
    }
}

/* Decimal digits of a whole number, with a sign; `end` is behind their last byte. */
static char *put_whole(huge value, char *end)
{
    bool negative = value < 0;
    do {
        int digit = (int)(value % 10);
        *--end = (char)('0' + (negative ? -digit : digit));
        value /= 10;
    } while (value != 0);
    if (negative)
        *--end = '-';
    return end;
}

/* A decimal, correctly rounded: one division where both are exact, else as the text of it. */
static double scaled(huge value, uint8_t scale)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    if (value >= -EXACT && value <= EXACT && scale < ARRAY_LENGTH(powers))
        return (double)value / powers[scale];
    char text[PARQUET_SHOWN + 8], *end = text + PARQUET_SHOWN, *begin = put_whole(value, end);
    end += sprintf(end, "e-%d", scale);
    double number = 0;
    (void)number_parse(begin, (size_t)(end - begin), &number); /* it is a number */
    return number;
}

static bool time_at(const struct parquet_vector *vector, size_t row, int64_t *time_ns)
{
    int64_t unit_ns = 1000, value;
    if (vector->field->type == DUCKDB_DATE) {
        unit_ns = DAY_NS;
        value = ((const int32_t *)vector->data)[row];
    } else {
        value = ((const int64_t *)vector->data)[row];
    }
    if (vector->field->type == DUCKDB_TIMESTAMP_S)
        unit_ns = 1000000000;
    else if (vector->field->type == DUCKDB_TIMESTAMP_MS)
        unit_ns = 1000000;
    else if (vector->field->type == DUCKDB_TIMESTAMP_NS)
        unit_ns = 1;
    return !__builtin_mul_overflow(value, unit_ns, time_ns);
}

static inline struct text_view text_at(const struct parquet_vector *vector, size_t row)
{
    const struct duckdb_text *text = &((const struct duckdb_text *)vector->data)[row];
    return (struct text_view){
        text->length <= DUCKDB_INLINED_MAX ? text->inlined : text->rest.pointer, text->length};
}

struct text_view parquet_show(const struct parquet_vector *vector, size_t row, char *memory)
{
    if (parquet_class(vector->field) == PARQUET_TEXTS)
        return text_at(vector, row);
    int length = 0;
    int64_t time_ns = 0;
    enum column_type type = parquet_type(vector->field);
    if (type == COLUMN_TIME)
        length = time_at(vector, row, &time_ns) ? sprintf(memory, "%" PRId64 " ns", time_ns)
                                                : sprintf(memory, "a time far off");
    else if (vector->field->type == DUCKDB_FLOAT)
        length = sprintf(memory, "%.9g", (double)((const float *)vector->data)[row]);
    else if (vector->field->type == DUCKDB_DOUBLE)
        length = sprintf(memory, "%.17g", ((const double *)vector->data)[row]);
    else if (vector->field->scale > 0)
        length =
            sprintf(memory, "%.17g", scaled(whole_at(vector, row), vector->field->scale));
    if (length > 0)
        return (struct text_view){memory, (uint32_t)length};
    char *end = memory + PARQUET_SHOWN, *begin = put_whole(whole_at(vector, row), end);
    return (struct text_view){begin, (uint32_t)(end - begin)};
}

/* ---- columns -------------------------------------------------------------------------------- */

/* A row at a time is slow where there is a branch for the type: one loop for each of those that
 * are frequent. */
static void take_numbers(const struct parquet_vector *vector, double *numbers)
{
    const void *data = vector->data;
    size_t rows = vector->rows;
    switch (vector->field->scale ? DUCKDB_DECIMAL : vector->field->type) {
    case DUCKDB_DOUBLE:
        memcpy(numbers, data, rows * sizeof(double));
        return;
    case DUCKDB_FLOAT:
        for (size_t row = 0; row < rows; row++)
            numbers[row] = ((const float *)data)[row];
        return;
    case DUCKDB_BOOLEAN:
        for (size_t row = 0; row < rows; row++)
            numbers[row] = ((const uint8_t *)data)[row];
        return;
    case DUCKDB_INTEGER:
        for (size_t row = 0; row < rows; row++)
            numbers[row] = ((const int32_t *)data)[row];
        return;
    case DUCKDB_BIGINT:
        for (size_t row = 0; row < rows; row++)
            numbers[row] = (double)((const int64_t *)data)[row];
        return;
    default: /* what stands in the place of a missing value is some number, too */
        for (size_t row = 0; row < rows; row++)
            numbers[row] = scaled(whole_at(vector, row), vector->field->scale);
    }
}

static bool any_nan(const double *numbers, size_t count)
{
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++)
        any |= (uint64_t)(numbers[i] != numbers[i]);
    return any != 0;
}

static void convert_numbers(const struct parquet_vector *vector, const struct column *column,
                            uint8_t *missing, double *numbers, size_t *misfit)
{
    const uint8_t nan = cell_missing((struct text_view){"NaN", 3});
    bool must_be_bool = column->type == COLUMN_BOOL && vector->field->type != DUCKDB_BOOLEAN;
    take_numbers(vector, numbers);
    bool may_be_nan =
        vector->field->type == DUCKDB_DOUBLE || vector->field->type == DUCKDB_FLOAT;
    if (!vector->validity && !must_be_bool && !(may_be_nan && any_nan(numbers, vector->rows))) {
        memset(missing, MISSING_NOT, vector->rows);
        return;
    }
    for (size_t row = 0; row < vector->rows; row++) {
        missing[row] = MISSING_NOT;
        if (!parquet_valid(vector, row))
            missing[row] = MISSING_NULL;
        else if (isnan(numbers[row]))
            missing[row] = nan;
        else if (must_be_bool && numbers[row] != 0 && numbers[row] != 1)
            missing[row] = MISSING_MISFIT;
        else
            continue;
        numbers[row] = 0;
        if (missing[row] == MISSING_MISFIT && *misfit == SIZE_MAX)
            *misfit = row;
    }
}

static void convert_times(const struct parquet_vector *vector, uint8_t *missing, int64_t *times,
                          size_t *misfit)
{
    for (size_t row = 0; row < vector->rows; row++) {
        times[row] = 0;
        missing[row] = MISSING_NULL;
        if (!parquet_valid(vector, row))
            continue;
        missing[row] = MISSING_NOT;
        if (time_at(vector, row, &times[row]))
            continue;
        times[row] = 0;
        missing[row] = MISSING_MISFIT;
        if (*misfit == SIZE_MAX)
            *misfit = row;
    }
}

static void convert_texts(const struct parquet_vector *vector, uint8_t *missing,
                          struct text_view *texts)
{
    for (size_t row = 0; row < vector->rows; row++) {
        struct text_view text = {"", 0};
        missing[row] = MISSING_NULL;
        if (parquet_valid(vector, row)) {
            text = text_at(vector, row);
            missing[row] = cell_missing(text);
        }
        texts[row] = missing[row] ? (struct text_view){"", 0} : text;
    }
}

/* Numbers and times as the cells of CSV have them: of texts, and whole numbers that are times. */
static void convert_cells(const struct parquet_vector *vector, const struct column *column,
                          uint8_t *missing, void *values, size_t *misfit)
{
    char memory[PARQUET_SHOWN];
    for (size_t row = 0; row < vector->rows; row++) {
        struct text_view cell = {"", 0};
        double number = 0;
        int64_t time_ns = 0;
        missing[row] = MISSING_NULL;
        if (parquet_valid(vector, row)) {
            cell = parquet_show(vector, row, memory);
            missing[row] = cell_missing(cell);
        }
        if (!missing[row] && !cell_convert(cell, column->type, &number, &time_ns)) {
            missing[row] = MISSING_MISFIT;
            if (*misfit == SIZE_MAX)
                *misfit = row;
        }
        if (column->times)
            ((int64_t *)values)[row] = missing[row] ? 0 : time_ns;
        else
            ((double *)values)[row] = missing[row] ? 0 : number;
    }
}

bool parquet_lend(const struct parquet_vector *vector, struct column *column)
{
    static const uint8_t none_missing[DUCKDB_VECTOR_ROWS];
    if (vector->field->type != DUCKDB_DOUBLE || vector->validity || !column->numbers ||
        column->type == COLUMN_BOOL || vector->rows > ARRAY_LENGTH(none_missing) ||
        any_nan(vector->data, vector->rows))
        return false;
    column->numbers = vector->data;
    column->missing = none_missing;
    return true;
}

void parquet_convert(const struct parquet_vector *vector, const struct column *column,
                     size_t *misfit)
{
    uint8_t *missing = (uint8_t *)(uintptr_t)column->missing;
    enum parquet_class class = parquet_class(vector->field);
    *misfit = SIZE_MAX;
    if (column->numbers && class == PARQUET_NUMBERS)
        convert_numbers(vector, column, missing, (double *)(uintptr_t)column->numbers, misfit);
    else if (column->times && class == PARQUET_TIMES)
        convert_times(vector, missing, (int64_t *)(uintptr_t)column->times, misfit);
    else if (column->numbers)
        convert_cells(vector, column, missing, (void *)(uintptr_t)column->numbers, misfit);
    else if (column->times)
        convert_cells(vector, column, missing, (void *)(uintptr_t)column->times, misfit);
    else /* what is no text is asked for as one (parquet_adapt) */
        convert_texts(vector, missing, (struct text_view *)(uintptr_t)column->texts);
}
