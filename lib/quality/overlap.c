/* lib/quality/overlap.c - keys of rows gathered from one table or two, and those that meet. */
#include "quality/overlap.h"
#include "quality/row_keys.h"
#include "table/missing.h"
#include "table/show.h"
#include <stdio.h>

#define KEYS_MEMORY (32U << 20) /* sorting takes as much again */

/* The columns that make a key, and how they are compared in both tables. */
struct key_columns {
    const char **names;
    enum column_type *types;
    size_t count;
    bool named; /* in the project file */
};

static void key_columns_clear(struct key_columns *columns)
{
    free(columns->names);
    free(columns->types);
}

struct gathering {
    const struct key_columns *columns;
    struct row_keys *keys;
    bool other;
    uint64_t judged;
    struct buffer key;
    const atomic_bool *stop;
};

static void gathering_clear(struct gathering *gathering)
{
    buffer_clear(&gathering->key);
}

static int take_row(struct gathering *gathering, const struct batch *batch, size_t row,
                    uint64_t number, struct mlops_error *err)
{
    struct digest digest;
    const struct key_columns *columns = gathering->columns;
    buffer_reset(&gathering->key);
    for (size_t i = 0; i < columns->count; i++) {
        const struct column *column = &batch->columns[i];
        bool missing = column->missing[row] != MISSING_NOT;
        if (missing && columns->named)
            return MLOPS_OK;
        cell_key(column->texts[row], missing, columns->types[i], &gathering->key);
    }
    gathering->judged++;
    sha256_of_two(gathering->key.data, gathering->key.length, "", 0, &digest);
    return row_keys_add(gathering->keys, &digest, gathering->other, number, err);
}

static int take_batch(void *context, const struct batch *batch, struct table_reader *reader,
                      uint64_t first_row, struct mlops_error *err)
{
    struct gathering *gathering = context;
    (void)reader; /* lines are looked up for a few rows only, later */
    if (atomic_load_explicit(gathering->stop, memory_order_relaxed))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while reading a table");
    for (size_t row = 0; row < batch->rows; row++)
        TRY(take_row(gathering, batch, row, first_row + row, err));
    return MLOPS_OK;
}

/* ---- which rows ------------------------------------------------------------------------------ */

/* The first rows that are as another one, in their order. */
struct found {
    bool leakage;
    uint64_t unexpected;
    uint64_t rows[EXAMPLES_MAX];
    size_t count;
};

static void note(struct found *found, uint64_t row)
{
    size_t at = found->count < EXAMPLES_MAX ? found->count++ : EXAMPLES_MAX - 1;
    found->unexpected++;
    if (at == EXAMPLES_MAX - 1 && found->unexpected > EXAMPLES_MAX && found->rows[at] < row)
        return;
    for (; at > 0 && found->rows[at - 1] > row; at--)
        found->rows[at] = found->rows[at - 1];
    found->rows[at] = row;
}

static void visit(void *context, const struct row_group *group, uint64_t row)
{
    struct found *found = context;
    if (found->leakage ? group->any_other : group->rows > 1)
        note(found, row);
}

/* ---- what stands in them --------------------------------------------------------------------- */

struct lookup {
    const struct key_columns *columns;
    const struct found *found;
    struct mlops_expectation_result *result;
};

static void show_row(const struct lookup *lookup, const struct batch *batch, size_t row,
                     uint64_t line)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    for (size_t i = 0; i < lookup->columns->count; i++) {
        char shown[CELL_SHOWN_SIZE];
        bool missing = batch->columns[i].missing[row] != MISSING_NOT;
        cell_show(missing ? (struct text_view){.data = ""} : batch->columns[i].texts[row], shown);
        buffer_printf(&text, "%s%s", i ? ", " : "", shown);
    }
    judged_example(lookup->result, line,
                   (struct text_view){.data = text.data, .length = (uint32_t)text.length});
}

static int look_up(void *context, const struct batch *batch, struct table_reader *reader,
                   uint64_t first_row, struct mlops_error *err)
{
    struct lookup *lookup = context;
    const struct found *found = lookup->found;
    (void)err;
    while (lookup->result->example_count < found->count) {
        uint64_t next = found->rows[lookup->result->example_count];
        if (next >= first_row + batch->rows)
            return MLOPS_OK;
        size_t row = (size_t)(next - first_row);
        show_row(lookup, batch, row, table_line(reader, row));
    }
    return MLOPS_CANCELLED; /* all are there: no need to read on */
}

static int add_examples(const struct snapshot_table *table, const struct lookup *lookup,
                        struct mlops_error *err)
{
    struct mlops_error ended = {0};
    if (lookup->found->count == 0)
        return MLOPS_OK;
    int code = snapshot_table_read(table, lookup->columns->names, lookup->columns->count, look_up,
                                   (void *)(uintptr_t)lookup, &ended);
    if (code == MLOPS_OK || code == MLOPS_CANCELLED)
        return MLOPS_OK;
    *err = ended;
    return code;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* As both tables see it; where they differ, cells are compared as they are written. */
static enum column_type common_type(enum column_type a, enum column_type b)
{
    if (a == b)
        return a;
    if (a == COLUMN_BOOL || b == COLUMN_BOOL)
        return COLUMN_TEXT;
    return column_is_numeric(a) && column_is_numeric(b) ? COLUMN_FLOAT : COLUMN_TEXT;
}

static void add_column(struct key_columns *columns, const struct snapshot_table *table,
                       const struct snapshot_table *other, const char *name)
{
    const struct column_profile *own = profile_column(table->profile, name);
    const struct column_profile *theirs = other ? profile_column(other->profile, name) : own;
    columns->names[columns->count] = name;
    columns->types[columns->count++] = common_type(own->type, theirs->type);
}

/* Those that are named, or all that both have; false where one is not there, or there is none. */
static bool choose_columns(const struct snapshot_table *table, const struct snapshot_table *other,
                           const struct expectation *expectation, struct key_columns *columns,
                           struct mlops_expectation_result *result)
{
    size_t most = table->profile->column_count;
    for (char **name = expectation->columns; name && *name; name++)
        most++;
    columns->names = xcalloc(most, sizeof(*columns->names));
    columns->types = xcalloc(most, sizeof(*columns->types));
    columns->named = expectation->columns;
    for (char **name = expectation->columns; name && *name; name++) {
        const struct snapshot_table *lacking =
            snapshot_table_place(table, *name) == SIZE_MAX             ? table
            : other && snapshot_table_place(other, *name) == SIZE_MAX ? other
                                                                      : NULL;
        if (lacking) {
            judged_say(result, false, "%s has no column '%s'", lacking->shown, *name);
            return false;
        }
        add_column(columns, table, other, *name);
    }
    for (size_t i = 0; i < table->profile->column_count && !columns->named; i++) {
        const char *name = table->profile->columns[i].name;
        if (!other || snapshot_table_place(other, name) != SIZE_MAX)
            add_column(columns, table, other, name);
    }
    if (columns->count == 0)
        judged_say(result, false, "%s and %s have no column in common", table->shown, other->shown);
    return columns->count > 0;
}

static int gather(const struct snapshot_table *table, struct gathering *gathering,
                  struct mlops_error *err)
{
    gathering->judged = 0;
    return snapshot_table_read(table, gathering->columns->names, gathering->columns->count,
                               take_batch, gathering, err);
}

int overlap_judge(const struct snapshot_table *table, const struct snapshot_table *other,
                  const struct expectation *expectation, const char *folder,
                  struct mlops_expectation_result *result, const atomic_bool *stop,
                  struct mlops_error *err)
{
    _cleanup_(key_columns_clear) struct key_columns columns = {0};
    if (!choose_columns(table, other, expectation, &columns, result))
        return MLOPS_OK;
    _cleanup_(row_keys_free_ptr) struct row_keys *keys = row_keys_new(folder, KEYS_MEMORY);
    _cleanup_(gathering_clear) struct gathering gathering = {
        .columns = &columns, .keys = keys, .other = true, .stop = stop};
    struct found found = {.leakage = other != NULL};
    if (other)
        TRY(gather(other, &gathering, err));
    gathering.other = false;
    TRY(gather(table, &gathering, err));
    TRY(row_keys_visit(keys, visit, &found, err));
    result->judged = gathering.judged;
    result->unexpected = found.unexpected;
    const struct lookup lookup = {.columns = &columns, .found = &found, .result = result};
    TRY(add_examples(table, &lookup, err));
    _cleanup_(free_string) char *noun =
        other ? xprintf("rows are in %s", other->shown) : xstrdup("rows repeat an earlier one");
    judged_count(expectation, noun, result);
    return MLOPS_OK;
}
