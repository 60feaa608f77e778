/* lib/table/partition_input.c - a file of a partitioned table: its columns, and the values that the
 * names of its folders say, the same in every row. */
#include "table/convert.h"
#include "table/infer.h"
#include "table/input.h"
#include "table/partition.h"

/* What a key is in this file. */
struct constant {
    const char *name;
    uint8_t missing;
    double number;
    int64_t time_ns;
    struct text_view text;
};

struct partition_input {
    struct input input;
    struct input *inner;
    size_t *places; /* of the columns of `inner` that are kept */
    size_t kept;
    struct constant constants[PARTITION_KEYS_MAX];
    size_t count;
    struct table_schema keys; /* of the constants; names are the partitions' */
    struct typed typed;       /* as many rows of them as the longest batch had */
    size_t rows;
    const struct batch *found; /* of `inner` */
    size_t found_count;
    struct column *columns; /* of all batches */
    struct batch *batches;
    size_t capacity; /* batches that there is room for */
};

struct input *partition_input_inner(const struct input *input)
{
    return ((const struct partition_input *)input)->inner;
}

static void close_input(struct input *input)
{
    struct partition_input *partition = (struct partition_input *)input;
    input_close(partition->inner);
    header_clear(&partition->input.header);
    free(partition->keys.columns);
    typed_clear(&partition->typed);
    free(partition->places);
    free(partition->columns);
    free(partition->batches);
    free(partition);
}

static uint64_t line(const struct input *input, size_t batch, size_t row)
{
    const struct input *inner = partition_input_inner(input);
    return inner->kind->line(inner, batch, row);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* The constants, `rows` times each. */
static void repeat(struct partition_input *partition, size_t rows)
{
    if (rows <= partition->rows)
        return;
    typed_begin(&partition->typed, &partition->keys, rows);
    for (size_t i = 0; i < partition->count; i++) {
        const struct constant *constant = &partition->constants[i];
        const struct column *column = &partition->typed.columns[i];
        memset((uint8_t *)(uintptr_t)column->missing, constant->missing, rows);
        for (size_t row = 0; row < rows; row++)
            if (column->numbers)
                ((double *)(uintptr_t)column->numbers)[row] = constant->number;
            else if (column->times)
                ((int64_t *)(uintptr_t)column->times)[row] = constant->time_ns;
            else
                ((struct text_view *)(uintptr_t)column->texts)[row] = constant->text;
    }
    partition->rows = rows;
}

static void make_room(struct partition_input *partition, size_t count)
{
    size_t width = partition->kept + partition->count;
    if (count <= partition->capacity)
        return;
    free(partition->columns);
    free(partition->batches);
    partition->columns = xcalloc(count * width + 1, sizeof(*partition->columns));
    partition->batches = xcalloc(count, sizeof(*partition->batches));
    partition->capacity = count;
}

static int next(struct input *input, const struct batch **batches, size_t *count,
                struct mlops_error *err)
{
    struct partition_input *partition = (struct partition_input *)input;
    const struct batch *found;
    size_t width = partition->kept + partition->count, longest = 0;
    TRY(partition->inner->kind->next(partition->inner, &found, count, err));
    partition->input.ragged = partition->inner->ragged;
    make_room(partition, *count);
    for (size_t i = 0; i < *count; i++)
        longest = found[i].rows > longest ? found[i].rows : longest;
    repeat(partition, longest);
    for (size_t i = 0; i < *count; i++) {
        struct column *columns = partition->columns + i * width;
        for (size_t j = 0; j < partition->count; j++) {
            columns[partition->kept + j] = partition->typed.columns[j];
            columns[partition->kept + j].rows = found[i].rows;
        }
        partition->batches[i] = (struct batch){columns, width, found[i].rows};
    }
    partition->found = found;
    partition->found_count = *count;
    *batches = partition->batches;
    return MLOPS_OK;
}

static void fill(struct input *input, size_t column)
{
    struct partition_input *partition = (struct partition_input *)input;
    size_t width = partition->kept + partition->count;
    if (column >= partition->kept)
        return;
    size_t place = partition->places[column];
    if (partition->inner->kind->fill)
        partition->inner->kind->fill(partition->inner, place);
    for (size_t i = 0; i < partition->found_count; i++)
        partition->columns[i * width + column] = partition->found[i].columns[place];
}

static int filled(struct input *input, struct mlops_error *err)
{
    struct input *inner = ((struct partition_input *)input)->inner;
    return inner->kind->filled ? inner->kind->filled(inner, err) : MLOPS_OK;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int take_value(const char *value, const struct partition_key *key, const char *name,
                      const struct table_options *options, struct constant *constant,
                      struct mlops_error *err)
{
    const struct text_view cell = {value, (uint32_t)strlen(value)};
    *constant = (struct constant){.name = key->name};
    if (!*value)
        constant->missing = MISSING_NULL;
    else if (cell_convert(cell, key->type, &constant->number, &constant->time_ns))
        constant->text = cell;
    else if (options->count_misfits)
        constant->missing = MISSING_MISFIT;
    else
        return mlops_fail(err, MLOPS_INVALID,
                          "%s: '%.100s' of the partition '%s' is not of its "
                          "type, %s",
                          name, value, key->name, column_type_name(key->type));
    return MLOPS_OK;
}

static void add_column(struct table_schema *schema, const char *name, enum column_type type)
{
    schema->columns[schema->count++] = (struct column_schema){xstrdup(name), type};
}

static void add_unread(struct header *header, const char *name)
{
    for (size_t i = 0; i < header->unread_count; i++)
        if (str_equal(header->unread[i], name))
            return;
    header->unread = xrealloc(header->unread, header->unread_count + 1, sizeof(*header->unread));
    header->unread[header->unread_count++] = xstrdup(name);
}

/* The file's own columns, but those that a partition is called like. */
static void keep_columns(struct partition_input *partition, const struct partitions *partitions)
{
    struct header *header = &partition->input.header;
    const struct table_schema *own = &partition->inner->header.schema;
    header->schema.columns =
        xcalloc(own->count + partitions->count + 1, sizeof(*header->schema.columns));
    partition->places = xcalloc(own->count + 1, sizeof(*partition->places));
    for (size_t i = 0; i < own->count; i++) {
        bool hidden = false;
        for (size_t j = 0; j < partitions->count; j++)
            hidden = hidden || str_equal(own->columns[i].name, partitions->keys[j].name);
        if (hidden)
            continue;
        partition->places[partition->kept++] = i;
        add_column(&header->schema, own->columns[i].name, own->columns[i].type);
    }
    header->unread = TAKE_PTR(partition->inner->header.unread);
    header->unread_count = partition->inner->header.unread_count;
    partition->inner->header.unread_count = 0;
}

int partition_input_open(struct input *inner, const char *name, const struct partitions *partitions,
                         size_t file, const struct table_options *options, struct input **input,
                         struct mlops_error *err)
{
    static const struct input_kind kind = {next, fill, filled, line, close_input};
    struct partition_input *opened = xcalloc(1, sizeof(*opened));
    _cleanup_(input_close_ptr) struct input *owned = &opened->input;
    opened->input.kind = &kind;
    opened->inner = inner;
    opened->input.crew = inner->crew;
    keep_columns(opened, partitions);
    opened->keys.columns = xcalloc(partitions->count + 1, sizeof(*opened->keys.columns));
    for (size_t i = 0; i < partitions->count; i++) {
        const struct partition_key *key = &partitions->keys[i];
        if (!key->wanted) {
            add_unread(&opened->input.header, key->name);
            continue;
        }
        TRY(take_value(partitions->values[file * partitions->count + i], key, name, options,
                       &opened->constants[opened->count], err));
        opened->keys.columns[opened->keys.count++] = (struct column_schema){key->name, key->type};
        add_column(&opened->input.header.schema, key->name, key->type);
        opened->count++;
    }
    *input = TAKE_PTR(owned);
    return MLOPS_OK;
}
