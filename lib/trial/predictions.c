/* lib/trial/predictions.c - predictions into metrics. */
#include "trial/predictions.h"
#include "table/table.h"
#include "trial/classes.h"
#include <math.h>

/* One column that the suite names. */
struct series {
    const char *name; /* NULL: not asked for */
    bool numeric;     /* read into `numbers`, otherwise into `classes` */
    size_t column;
    double *numbers;
    uint32_t *classes;
};

struct predictions {
    const char *path;
    bool binary;
    struct series label, score, prediction;
    size_t count, capacity;
    struct classes *names;
};

static void predictions_clear(struct predictions *p)
{
    struct series *all[] = {&p->label, &p->score, &p->prediction};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        free(all[i]->numbers);
        free(all[i]->classes);
    }
    classes_free(p->names);
}

/* ---- columns -------------------------------------------------------------------------------- */

static int find_column(const struct predictions *p, const struct table_schema *schema,
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

static int find_columns(struct predictions *p, const struct table_schema *schema,
                        struct mlops_error *err)
{
    const struct series *all[] = {&p->label, &p->score, &p->prediction};
    TRY(find_column(p, schema, &p->label, err));
    TRY(find_column(p, schema, &p->score, err));
    TRY(find_column(p, schema, &p->prediction, err));
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        for (size_t j = 0; j < i; j++)
            if (all[i]->name && all[j]->name && all[i]->column == all[j]->column)
                return mlops_fail(err, MLOPS_INVALID,
                                  "%s: label, score and prediction must be columns of their own, "
                                  "and '%s' stands for two of them",
                                  p->path, all[i]->name);
    return MLOPS_OK;
}

/* The table's columns, each with the type that it is to be read as. That of a column which nobody
 * asked for is text, so that it can hold anything. */
static int choose_types(struct predictions *p, struct table_schema *schema, struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    const struct table_options options = {0};
    TRY(table_open(p->path, &options, &reader, err));
    const struct table_schema *found = table_schema(reader);
    TRY(find_columns(p, found, err));
    schema->columns = xcalloc(found->count, sizeof(*schema->columns));
    for (; schema->count < found->count; schema->count++)
        schema->columns[schema->count] = (struct column_schema){
            .name = xstrdup(found->columns[schema->count].name), .type = COLUMN_TEXT};
    const struct series *all[] = {&p->label, &p->score, &p->prediction};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (all[i]->name && all[i]->numeric)
            schema->columns[all[i]->column].type = COLUMN_FLOAT;
    return MLOPS_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Where the cell is that `err` speaks of. */
static int at_cell(const struct predictions *p, const struct series *series, uint64_t line,
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

static int take_class(const struct predictions *p, const struct column *column, size_t row,
                      uint32_t *class, struct mlops_error *err)
{
    struct binary_classes binary;
    uint32_t known = classes_count(p->names);
    TRY(classes_number(p->names, column->texts[row], class, err));
    if (!p->binary || *class < known || classes_binary(p->names, &binary, err) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_hint(err, "a binary task has two classes; for more say 'task: multiclass'");
}

static int take_column(struct predictions *p, struct series *series,
                       const struct table_reader *reader, const struct batch *batch,
                       struct mlops_error *err)
{
    if (!series->name)
        return MLOPS_OK;
    const struct column *column = &batch->columns[series->column];
    for (size_t row = 0; row < batch->rows; row++) {
        int code = MLOPS_OK;
        if (column->missing[row])
            code = mlops_fail(err, MLOPS_INVALID, "the value is missing");
        else if (series->numeric)
            code = take_number(column, row, &series->numbers[p->count + row], err);
        else
            code = take_class(p, column, row, &series->classes[p->count + row], err);
        if (code)
            return at_cell(p, series, table_line(reader, row), err);
    }
    return MLOPS_OK;
}

/* How many rows there are is for the suite to say: too many is an error. */
static int reserve(struct predictions *p, size_t extra, struct mlops_error *err)
{
    if (p->count + extra <= p->capacity)
        return MLOPS_OK;
    size_t capacity = (p->count + extra) * 2;
    struct series *all[] = {&p->label, &p->score, &p->prediction};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        struct series *series = all[i];
        if (!series->name)
            continue;
        size_t size = series->numeric ? sizeof(*series->numbers) : sizeof(*series->classes);
        void *memory = reallocarray(
            series->numeric ? (void *)series->numbers : (void *)series->classes, capacity, size);
        if (!memory)
            return mlops_fail(err, MLOPS_IO, "not enough memory for more than %zu predictions",
                              p->count);
        if (series->numeric)
            series->numbers = memory;
        else
            series->classes = memory;
    }
    p->capacity = capacity;
    return MLOPS_OK;
}

static int read_all(struct predictions *p, struct mlops_error *err)
{
    _cleanup_(table_schema_clear) struct table_schema schema = {0};
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    TRY(choose_types(p, &schema, err));
    const struct table_options options = {.expected = &schema};
    TRY(table_open(p->path, &options, &reader, err));
    for (;;) {
        const struct batch *batch;
        bool more;
        TRY(table_next(reader, &batch, &more, err));
        if (!more)
            return MLOPS_OK;
        TRY(reserve(p, batch->rows, err));
        TRY(take_column(p, &p->label, reader, batch, err));
        TRY(take_column(p, &p->score, reader, batch, err));
        TRY(take_column(p, &p->prediction, reader, batch, err));
        p->count += batch->rows;
    }
}

/* ---- tasks ---------------------------------------------------------------------------------- */

static void free_bools(bool **bools)
{
    free(*bools);
}

static int to_bools(const struct predictions *p, const struct series *series, uint32_t positive,
                    bool **out, struct mlops_error *err)
{
    if (!series->name)
        return MLOPS_OK;
    *out = reallocarray(NULL, p->count, sizeof(**out));
    if (!*out)
        return mlops_fail(err, MLOPS_IO, "not enough memory for %zu predictions", p->count);
    for (size_t i = 0; i < p->count; i++)
        (*out)[i] = series->classes[i] == positive;
    return MLOPS_OK;
}

static int measure_binary(const struct predictions *p, double threshold,
                          struct predictions_report *report, struct mlops_error *err)
{
    _cleanup_(free_bools) bool *labels = NULL;
    _cleanup_(free_bools) bool *decided = NULL;
    struct binary_classes binary;
    TRY(classes_binary(p->names, &binary, err));
    if (binary.named && binary.positive == CLASSES_MAX) {
        mlops_fail(err, MLOPS_INVALID,
                   "%s: '%s' is the only class, so that nobody can tell whether it is the positive "
                   "one",
                   p->path, classes_name(p->names, 0));
        return mlops_hint(err, "write 0 and 1 for the classes");
    }
    if (binary.named)
        report->positive = xstrdup(classes_name(p->names, binary.positive));
    TRY(to_bools(p, &p->label, binary.positive, &labels, err));
    TRY(to_bools(p, &p->prediction, binary.positive, &decided, err));
    const struct binary_rows rows = {
        .labels = labels, .scores = p->score.numbers, .decisions = decided, .count = p->count};
    const struct metric_options options = {.threshold = threshold};
    return metrics_binary(&rows, &options, &report->metrics, err);
}

void predictions_report_clear(struct predictions_report *report)
{
    metric_list_clear(&report->metrics);
    free(report->positive);
    *report = (struct predictions_report){0};
}

int predictions_measure(const char *path, const struct project_suite *suite,
                        struct predictions_report *report, struct mlops_error *err)
{
    bool regression = str_equal(suite->task, "regression");
    _cleanup_(predictions_clear) struct predictions p = {
        .path = path,
        .binary = str_equal(suite->task, "binary"),
        .label = {.name = suite->label, .numeric = regression},
        .score = {.name = suite->score, .numeric = true},
        .prediction = {.name = suite->prediction, .numeric = regression},
        .names = classes_new()};
    TRY(read_all(&p, err));
    if (p.binary)
        return measure_binary(&p, suite->threshold, report, err);
    const struct metric_options options = {0};
    const struct number_rows numbers = {
        .labels = p.label.numbers, .predictions = p.prediction.numbers, .count = p.count};
    const struct class_rows classes = {.labels = p.label.classes,
                                       .predictions = p.prediction.classes,
                                       .count = p.count,
                                       .classes = classes_count(p.names)};
    return regression ? metrics_regression(&numbers, &options, &report->metrics, err)
                      : metrics_multiclass(&classes, &options, &report->metrics, err);
}
