/* lib/trial/series.c - columns of predictions read, cell by cell. */
#include "trial/series.h"
#include "table/table.h"
#include <math.h>

/* ---- columns -------------------------------------------------------------------------------- */

static int find_column(const struct series_table *p, const struct table_schema *schema,
                       struct series *series, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    if (!series->name)
        return MLOPS_OK;
    for (series->column = 0; series->column < schema->count; series->column++) {
        const char *name = schema->columns[series->column].name;
        if (str_equal(name, series->name))
            return MLOPS_OK;
        buffer_printf(&names, "%s%s", names.length ? ", " : "", name);
    }
    mlops_fail(err, MLOPS_INVALID, "%s has no column '%s'", p->path, series->name);
    return mlops_hint(err, "its columns are %s", names.data);
}

static bool is_wanted(const struct series_table *p, const struct series *series)
{
    return series->name && (p->part == SERIES_PARTS || series->part == p->part);
}

typedef int (*each_series)(struct series_table *p, struct series *series, void *context,
                           struct mlops_error *err);

/* All that are asked for of the part that is being read; of every part at its end. */
static int visit(struct series_table *p, each_series each, void *context, struct mlops_error *err)
{
    struct series *const single[] = {&p->label, &p->score, &p->prediction, &p->weight,
                                     &p->group, &p->id,    &p->set_id};
    struct series *const lists[] = {p->scores, p->truths, p->guesses, p->slices};
    const size_t counts[] = {p->score_count, p->label_count, p->label_count, p->slice_count};
    for (size_t i = 0; i < ARRAY_LENGTH(single); i++)
        if (is_wanted(p, single[i]))
            TRY(each(p, single[i], context, err));
    for (size_t list = 0; list < ARRAY_LENGTH(lists); list++)
        for (size_t i = 0; i < counts[list]; i++)
            if (is_wanted(p, &lists[list][i]))
                TRY(each(p, &lists[list][i], context, err));
    return MLOPS_OK;
}

static int find_one(struct series_table *p, struct series *series, void *context,
                    struct mlops_error *err)
{
    return find_column(p, context, series, err);
}

static int check_roles(const struct series_table *p, struct mlops_error *err)
{
    const struct series *all[] = {&p->label, &p->score, &p->prediction};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        for (size_t j = 0; j < i; j++)
            if (is_wanted(p, all[i]) && is_wanted(p, all[j]) && all[i]->column == all[j]->column)
                return mlops_fail(err, MLOPS_INVALID,
                                  "%s: label, score and prediction must be columns of their own, "
                                  "and '%s' stands for two of them",
                                  p->path, all[i]->name);
    return MLOPS_OK;
}

static int choose_type(struct series_table *p, struct series *series, void *context,
                       struct mlops_error *err)
{
    struct column_schema *column = &((struct table_schema *)context)->columns[series->column];
    (void)p, (void)err;
    if (series->numeric)
        column->type = COLUMN_FLOAT;
    return MLOPS_OK;
}

/* A column is read once, as one type: one that is a number here and a class there cannot be. */
static int check_type(struct series_table *p, struct series *series, void *context,
                      struct mlops_error *err)
{
    const struct table_schema *schema = context;
    if (series->numeric || schema->columns[series->column].type != COLUMN_FLOAT)
        return MLOPS_OK;
    return mlops_fail(
        err, MLOPS_INVALID,
        "%s: '%s' is asked for as a number and as a class; write it twice, as columns "
        "of two names",
        p->path, series->name);
}

/* The table's columns, each with the type that it is to be read as. That of a column which nobody
 * asked for is text, so that it can hold anything. */
static int choose_types(struct series_table *p, struct table_schema *schema,
                        struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    const struct table_options options = {0};
    TRY(table_open(p->path, &options, &reader, err));
    const struct table_schema *found = table_schema(reader);
    TRY(visit(p, find_one, (void *)(uintptr_t)found, err));
    TRY(check_roles(p, err));
    schema->columns = xcalloc(found->count, sizeof(*schema->columns));
    for (; schema->count < found->count; schema->count++)
        schema->columns[schema->count] = (struct column_schema){
            .name = xstrdup(found->columns[schema->count].name), .type = COLUMN_TEXT};
    TRY(visit(p, choose_type, schema, err));
    return visit(p, check_type, schema, err);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Where the cell is that `err` speaks of. */
static int at_cell(const struct series_table *p, const struct series *series, uint64_t line,
                   struct mlops_error *err)
{
    return mlops_wrap(err, "%s:%llu: column '%s'", p->path, (unsigned long long)line, series->name);
}

static int take_number(const struct column *column, size_t row, double *value,
                       struct mlops_error *err)
{
    *value = column->numbers[row];
    if (!isfinite(*value))
        return mlops_fail(err, MLOPS_INVALID, "%g is not a finite number", *value);
    return MLOPS_OK;
}

static int take_class(const struct series_table *p, const struct series *series,
                      struct text_view cell, uint32_t *class, struct mlops_error *err)
{
    struct binary_classes binary;
    uint32_t known = classes_count(series->names);
    TRY(classes_number(series->names, cell, class, err));
    if (!p->binary || series->names != p->names || *class < known ||
        classes_binary(p->names, &binary, err) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_hint(err, "a binary task has two classes; for more say 'task: multiclass'");
}

struct rows {
    const struct table_reader *reader;
    const struct batch *batch;
};

static int take_column(struct series_table *p, struct series *series, void *context,
                       struct mlops_error *err)
{
    const struct rows *rows = context;
    const struct column *column = &rows->batch->columns[series->column];
    for (size_t row = 0; row < rows->batch->rows; row++) {
        int code = MLOPS_OK;
        size_t at = p->count + row;
        if (column->missing[row] && !series->optional)
            code = mlops_fail(err, MLOPS_INVALID, "the value is missing");
        else if (series->ids)
            code = row_ids_add(series->ids, column->texts[row], err);
        else if (column->missing[row] && series->numeric)
            series->numbers[at] = NAN;
        else if (column->missing[row])
            series->classes[at] = SERIES_NONE;
        else if (series->numeric)
            code = take_number(column, row, &series->numbers[at], err);
        else
            code = take_class(p, series, column->texts[row], &series->classes[at], err);
        if (code)
            return at_cell(p, series, table_line(rows->reader, row), err);
    }
    return MLOPS_OK;
}

static int grow(struct series_table *p, struct series *series, void *context,
                struct mlops_error *err)
{
    size_t size = series->numeric ? sizeof(*series->numbers) : sizeof(*series->classes);
    if (series->ids) /* which see to themselves */
        return MLOPS_OK;
    void *memory = reallocarray(series->numeric ? (void *)series->numbers : (void *)series->classes,
                                *(const size_t *)context, size);
    if (!memory)
        return mlops_fail(err, MLOPS_IO, "not enough memory for more than %zu predictions",
                          p->count);
    if (series->numeric)
        series->numbers = memory;
    else
        series->classes = memory;
    return MLOPS_OK;
}

/* How many rows there are is for the suite to say: too many is an error. */
static int reserve(struct series_table *p, size_t extra, struct mlops_error *err)
{
    if (p->count + extra <= p->capacity)
        return MLOPS_OK;
    size_t capacity = (p->count + extra) * 2;
    TRY(visit(p, grow, &capacity, err));
    p->capacity = capacity;
    return MLOPS_OK;
}

static int read_part(struct series_table *p, struct mlops_error *err)
{
    _cleanup_(table_schema_clear) struct table_schema schema = {0};
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    TRY(choose_types(p, &schema, err));
    const struct table_options options = {.expected = &schema};
    TRY(table_open(p->path, &options, &reader, err));
    for (;;) {
        struct rows rows = {.reader = reader};
        bool more;
        TRY(table_next(reader, &rows.batch, &more, err));
        if (!more)
            return MLOPS_OK;
        TRY(reserve(p, rows.batch->rows, err));
        TRY(visit(p, take_column, &rows, err));
        p->count += rows.batch->rows;
    }
}

/* No two rows are called alike. */
static int index_ids(struct series_table *p, struct mlops_error *err)
{
    if (p->id.name && row_ids_index(p->ids, err))
        return mlops_wrap(err, "%s", p->path);
    return MLOPS_OK;
}

/* ---- evaluation sets ------------------------------------------------------------------------ */

static bool is_withheld(const struct mlops_evaluation *set, const char *name)
{
    for (char **label = set->labels; *label; label++)
        if (str_equal(*label, name))
            return true;
    return false;
}

/* A column that the author must not be able to make up. */
static int withhold(const struct mlops_evaluation *set, struct series *series, const char *what,
                    struct mlops_error *err)
{
    if (!series->name)
        return MLOPS_OK;
    series->part = SERIES_LABELS;
    if (is_withheld(set, series->name))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "'%s' is no withheld column of the evaluation set '%s'",
               series->name, set->name);
    return mlops_hint(err, "on an evaluation set the %s is the set's own", what);
}

static int assign_parts(struct series_table *p, const struct mlops_evaluation *set,
                        struct mlops_error *err)
{
    bool labels = p->label_count > 0;
    if (!labels && !p->label.name)
        p->label.name = set->labels[0];
    if (!labels && !str_equal(p->label.name, set->labels[0])) {
        mlops_fail(err, MLOPS_INVALID, "the label of the evaluation set '%s' is '%s', not '%s'",
                   set->name, set->labels[0], p->label.name);
        return mlops_hint(err, "leave 'label' out of the suite");
    }
    TRY(withhold(set, &p->label, "label", err));
    TRY(withhold(set, &p->weight, "weight", err));
    TRY(withhold(set, &p->group, "group", err));
    for (size_t i = 0; i < p->label_count; i++)
        TRY(withhold(set, &p->truths[i], "truth", err));
    for (size_t i = 0; i < p->slice_count; i++)
        p->slices[i].part = is_withheld(set, p->slices[i].name) ? SERIES_LABELS : SERIES_ROWS;
    if (!p->id.name)
        return MLOPS_OK;
    p->set_ids = row_ids_new();
    p->set_id = (struct series){.name = p->id.name, .ids = p->set_ids, .part = SERIES_ROWS};
    if (is_withheld(set, p->id.name)) /* what the suite does not see it cannot write */
        return mlops_fail(err, MLOPS_INVALID, "the id '%s' is withheld in the evaluation set '%s'",
                          p->id.name, set->name);
    return MLOPS_OK;
}

static bool has_part(const struct series_table *p)
{
    const struct series *single[] = {&p->label, &p->weight, &p->group, &p->set_id};
    for (size_t i = 0; i < ARRAY_LENGTH(single); i++)
        if (is_wanted(p, single[i]))
            return true;
    for (size_t i = 0; i < p->slice_count; i++)
        if (is_wanted(p, &p->slices[i]))
            return true;
    return p->part == SERIES_PREDICTIONS || (p->part == SERIES_LABELS && p->label_count > 0);
}

/* ---- rows in another order ------------------------------------------------------------------ */

static int reorder(struct series_table *p, struct series *series, void *context,
                   struct mlops_error *err)
{
    const size_t *order = context;
    if (series->ids)
        return MLOPS_OK;
    size_t size = series->numeric ? sizeof(*series->numbers) : sizeof(*series->classes);
    void *moved = calloc(p->count + 1, size);
    if (!moved)
        return mlops_fail(err, MLOPS_IO, "not enough memory for %zu predictions", p->count);
    for (size_t row = 0; row < p->count; row++)
        if (series->numeric)
            ((double *)moved)[row] = series->numbers[order[row]];
        else
            ((uint32_t *)moved)[row] = series->classes[order[row]];
    if (series->numeric) {
        free(series->numbers);
        series->numbers = moved;
    } else {
        free(series->classes);
        series->classes = moved;
    }
    return MLOPS_OK;
}

/* The columns of `part`, or of all parts, into the order of `like`. */
static int reorder_part(struct series_table *p, enum series_part part, const struct row_ids *like,
                        const char *const names[2], struct mlops_error *err)
{
    size_t *order = NULL;
    TRY(row_ids_order(like, p->ids, names, &order, err));
    p->part = part;
    int code = visit(p, reorder, order, err);
    free(order);
    p->capacity = p->count;
    return code;
}

int series_align(struct series_table *table, const struct series_table *like,
                 struct mlops_error *err)
{
    return reorder_part(table, SERIES_PARTS, like->ids,
                        (const char *const[]){"our predictions", "theirs"}, err);
}

/* Predictions into the order of the set's rows. */
static int align_with_set(struct series_table *p, const struct predictions_tables *tables,
                          struct mlops_error *err)
{
    const char *const names[] = {"the evaluation set", tables->predictions};
    if (!p->id.name)
        return MLOPS_OK;
    if (row_ids_index(p->set_ids, err))
        return mlops_wrap(err, "the evaluation set '%s'", tables->evaluation->name);
    return reorder_part(p, SERIES_PREDICTIONS, p->set_ids, names, err);
}

/* Row i of each table is about the same: so each must have all. */
static int read_parts(struct series_table *p, const struct predictions_tables *tables,
                      struct mlops_error *err)
{
    const char *const paths[SERIES_PARTS] = {tables->predictions, tables->rows, tables->labels};
    const struct mlops_evaluation *set = tables->evaluation;
    TRY(assign_parts(p, set, err));
    for (p->part = 0; p->part < SERIES_PARTS; p->part++) {
        if (!has_part(p))
            continue;
        p->path = paths[p->part];
        p->count = p->capacity = 0;
        TRY(read_part(p, err));
        if (p->part == SERIES_PREDICTIONS)
            TRY(index_ids(p, err));
        if (p->count == set->rows)
            continue;
        mlops_fail(err, MLOPS_INVALID, "%s has %zu row%s, and the evaluation set '%s' has %llu",
                   p->path, p->count, p->count == 1 ? "" : "s", set->name, (unsigned long long)set->rows);
        return mlops_hint(err, "write one prediction for each row, in the order of the rows");
    }
    return align_with_set(p, tables, err);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int free_series(struct series_table *p, struct series *series, void *context,
                       struct mlops_error *err)
{
    (void)p, (void)context, (void)err;
    free(series->numbers);
    free(series->classes);
    return MLOPS_OK;
}

static void ask_for(struct series_table *p, const struct project_suite *suite)
{
    const struct measurement *measurement = &suite->measurement;
    bool ranking = str_equal(suite->task, "ranking");
    bool numeric = ranking || str_equal(suite->task, "regression");
    p->label = (struct series){.name = suite->label, .numeric = numeric, .names = p->names};
    p->score = (struct series){.name = suite->score, .numeric = true};
    p->prediction =
        (struct series){.name = suite->prediction, .numeric = numeric, .names = p->names};
    p->weight = (struct series){.name = measurement->weight, .numeric = true};
    p->group = (struct series){.name = measurement->group, .names = p->groups};
    p->id = (struct series){.name = measurement->id, .ids = p->ids};
    p->score_count = measurement->score_count;
    p->label_count = measurement->label_count;
    p->slice_count = measurement->slice_count;
    p->scores = xcalloc(p->score_count + 1, sizeof(*p->scores));
    p->truths = xcalloc(p->label_count + 1, sizeof(*p->truths));
    p->guesses = xcalloc(p->label_count + 1, sizeof(*p->guesses));
    p->slices = xcalloc(p->slice_count + 1, sizeof(*p->slices));
    p->slice_names = xcalloc(p->slice_count + 1, sizeof(struct classes *));
    for (size_t i = 0; i < p->score_count; i++)
        p->scores[i] = (struct series){.name = measurement->scores[i].predicted, .numeric = true};
    for (size_t i = 0; i < p->label_count; i++) {
        p->truths[i] = (struct series){.name = measurement->labels[i].truth, .numeric = true};
        p->guesses[i] = (struct series){.name = measurement->labels[i].predicted, .numeric = true};
    }
    for (size_t i = 0; i < p->slice_count; i++) {
        p->slice_names[i] = classes_new();
        p->slices[i] = (struct series){.name = measurement->slices[i].column,
                                       .numeric = measurement->slices[i].comparison[0],
                                       .optional = true,
                                       .names = p->slice_names[i]};
    }
}

void series_clear(struct series_table *table)
{
    struct mlops_error ignored = {0}; /* freeing does not fail */
    table->part = SERIES_PARTS;
    (void)visit(table, free_series, NULL, &ignored);
    for (size_t i = 0; i < table->slice_count; i++)
        classes_free(table->slice_names[i]);
    free(table->slice_names);
    free(table->scores);
    free(table->truths);
    free(table->guesses);
    free(table->slices);
    classes_free(table->names);
    classes_free(table->groups);
    row_ids_free(table->ids);
    row_ids_free(table->set_ids);
    *table = (struct series_table){0};
}

int series_read(const struct predictions_tables *tables, const struct project_suite *suite,
                struct series_table *table, struct mlops_error *err)
{
    *table = (struct series_table){.path = tables->predictions,
                                   .binary = str_equal(suite->task, "binary"),
                                   .names = classes_new(),
                                   .groups = classes_new(),
                                   .ids = row_ids_new()};
    ask_for(table, suite);
    if (tables->evaluation)
        return read_parts(table, tables, err);
    TRY(read_part(table, err));
    return index_ids(table, err);
}
