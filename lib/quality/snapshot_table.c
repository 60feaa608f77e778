/* lib/quality/snapshot_table.c - snapshots read as text, and when two cells are the same. */
#include "quality/snapshot_table.h"
#include "base/number.h"
#include "table/infer.h"
#include <math.h>
#include <stdio.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53 */

enum key_tag { KEY_MISSING, KEY_TEXT, KEY_WHOLE, KEY_NEGATIVE, KEY_NUMBER, KEY_TIME };

void snapshot_table_clear(struct snapshot_table *table)
{
    free(table->path);
    profile_free(table->profile);
    *table = (struct snapshot_table){0};
}

size_t snapshot_table_place(const struct snapshot_table *table, const char *name)
{
    const struct column_profile *column = profile_column(table->profile, name);
    return column ? (size_t)(column - table->profile->columns) : SIZE_MAX;
}

/* The columns of a batch in the order that they were asked for. */
struct ordered {
    size_t *places;
    struct column *columns;
};

static void ordered_clear(struct ordered *ordered)
{
    free(ordered->places);
    free(ordered->columns);
}

static int find_places(const struct snapshot_table *table, const struct table_schema *found,
                       const char *const *names, size_t count, struct ordered *ordered,
                       struct mlops_error *err)
{
    ordered->places = xcalloc(count + 1, sizeof(*ordered->places));
    ordered->columns = xcalloc(count + 1, sizeof(*ordered->columns));
    for (size_t i = 0; i < count; i++) {
        size_t *place = &ordered->places[i];
        while (*place < found->count && !str_equal(found->columns[*place].name, names[i]))
            (*place)++;
        if (*place == found->count)
            return mlops_fail(err, MLOPS_INVALID, "%s has no column '%s'", table->shown, names[i]);
    }
    return MLOPS_OK;
}

static int read_batches(struct table_reader *reader, const struct ordered *ordered, size_t count,
                        snapshot_table_take take, void *context, struct mlops_error *err)
{
    uint64_t row = 0;
    for (;;) {
        const struct batch *batch;
        bool more;
        TRY(table_next(reader, &batch, &more, err));
        if (!more)
            return MLOPS_OK;
        for (size_t i = 0; i < count; i++)
            ordered->columns[i] = batch->columns[ordered->places[i]];
        const struct batch wanted = {
            .columns = ordered->columns, .column_count = count, .rows = batch->rows};
        TRY(take(context, &wanted, reader, row, err));
        row += batch->rows;
    }
}

int snapshot_table_read(const struct snapshot_table *table, const char *const *names, size_t count,
                        snapshot_table_take take, void *context, struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    _cleanup_(ordered_clear) struct ordered ordered = {0};
    struct table_schema schema = {.columns = xcalloc(count + 1, sizeof(*schema.columns)),
                                  .count = count};
    for (size_t i = 0; i < count; i++)
        schema.columns[i] =
            (struct column_schema){.name = (char *)(uintptr_t)names[i], .type = COLUMN_TEXT};
    struct table_options options = {.expected = &schema, .only_expected = true};
    csv_keys_apply(table->csv, &options);
    int code = table_open(table->path, &options, &reader, err);
    free(schema.columns);
    TRY(code);
    TRY(find_places(table, table_schema(reader), names, count, &ordered, err));
    return read_batches(reader, &ordered, count, take, context, err);
}

static void add(struct buffer *key, enum key_tag tag, const void *data, size_t length)
{
    const uint32_t size = (uint32_t)length;
    buffer_putc(key, (char)tag);
    buffer_append(key, &size, sizeof(size)); /* lest "a", "bc" be "ab", "c" */
    buffer_append(key, data, length);
}

/* Digits as they are, without a sign that says nothing or zeros before them. */
static bool is_whole(struct text_view cell, struct text_view *digits, bool *negative)
{
    size_t at = 0;
    *negative = cell.length > 0 && cell.data[0] == '-';
    at += *negative || (cell.length > 0 && cell.data[0] == '+');
    while (at + 1 < cell.length && cell.data[at] == '0')
        at++;
    *digits = (struct text_view){.data = cell.data + at, .length = cell.length - (uint32_t)at};
    for (size_t i = 0; i < digits->length; i++)
        if (digits->data[i] < '0' || digits->data[i] > '9')
            return false;
    return digits->length > 0;
}

static bool add_number(struct text_view cell, struct buffer *key)
{
    struct text_view digits;
    bool negative;
    double value;
    char text[32];
    if (is_whole(cell, &digits, &negative)) {
        bool zero = digits.length == 1 && digits.data[0] == '0';
        add(key, negative && !zero ? KEY_NEGATIVE : KEY_WHOLE, digits.data, digits.length);
        return true;
    }
    if (!number_parse(cell.data, cell.length, &value))
        return false;
    if (value == floor(value) && fabs(value) < EXACT_MAX) {
        int length = snprintf(text, sizeof(text), "%.0f", fabs(value));
        add(key, value < 0 ? KEY_NEGATIVE : KEY_WHOLE, text, (size_t)length);
    } else
        add(key, KEY_NUMBER, &value, sizeof(value));
    return true;
}

void cell_key(struct text_view cell, bool missing, enum column_type type, struct buffer *key)
{
    double number;
    int64_t time_ns;
    if (missing)
        add(key, KEY_MISSING, "", 0);
    else if (type == COLUMN_TIME && cell_convert(cell, COLUMN_TIME, &number, &time_ns))
        add(key, KEY_TIME, &time_ns, sizeof(time_ns));
    else if (type == COLUMN_BOOL && cell_convert(cell, COLUMN_BOOL, &number, &time_ns))
        add(key, KEY_WHOLE, number > 0 ? "1" : "0", 1);
    else if (!column_is_numeric(type) || !add_number(cell, key))
        add(key, KEY_TEXT, cell.data, cell.length);
}
