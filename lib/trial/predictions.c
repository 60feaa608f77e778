/* lib/trial/predictions.c - predictions into metrics. */
#include "trial/predictions.h"
#include "table/table.h"
#include <math.h>
#include <stdio.h>

#define CLASSES_MAX 65536

/* The classes that labels and predictions name, numbered as they come. */
struct classes {
    char **names;
    size_t count, capacity;
};

/* One column that the suite names: numbers as they are, texts as class numbers. */
struct series {
    const char *name;
    size_t column;
    bool wanted, numeric;
    double *values;
    size_t count, capacity;
};

struct predictions {
    struct series label, score, prediction;
    struct classes classes;
};

static void predictions_clear(struct predictions *p)
{
    free(p->label.values);
    free(p->score.values);
    free(p->prediction.values);
    for (size_t i = 0; i < p->classes.count; i++)
        free(p->classes.names[i]);
    free(p->classes.names);
}

static int find_column(const char *path, const struct table_schema *schema, struct series *series,
                       struct mlops_error *err)
{
    if (!series->name)
        return MLOPS_OK;
    series->wanted = true;
    _cleanup_(buffer_clear) struct buffer names = {0};
    for (size_t i = 0; i < schema->count; i++) {
        buffer_printf(&names, "%s%s", i ? ", " : "", schema->columns[i].name);
        if (!str_equal(schema->columns[i].name, series->name))
            continue;
        series->column = i;
        series->numeric = column_is_numeric(schema->columns[i].type);
        return MLOPS_OK;
    }
    mlops_fail(err, MLOPS_INVALID, "%s has no column '%s'", path, series->name);
    return mlops_hint(err, "its columns are %s", names.data);
}

static int class_number(struct classes *classes, const char *name, size_t length, double *number,
                        struct mlops_error *err)
{
    for (size_t i = 0; i < classes->count; i++)
        if (strncmp(classes->names[i], name, length) == 0 && classes->names[i][length] == '\0') {
            *number = (double)i;
            return MLOPS_OK;
        }
    if (classes->count == CLASSES_MAX)
        return mlops_fail(err, MLOPS_INVALID, "there are more than %d classes", CLASSES_MAX);
    GROW(classes->names, classes->count, &classes->capacity);
    *number = (double)classes->count;
    classes->names[classes->count++] = xstrndup(name, length);
    return MLOPS_OK;
}

static int take_batch(struct predictions *p, struct series *series,
                      const struct table_reader *reader, const struct batch *batch,
                      const char *path, struct mlops_error *err)
{
    if (!series->wanted)
        return MLOPS_OK;
    const struct column *column = &batch->columns[series->column];
    for (size_t row = 0; row < batch->rows; row++) {
        if (column->missing[row] || column->times)
            return mlops_fail(err, MLOPS_INVALID, "%s:%llu: column '%s' %s", path,
                              (unsigned long long)table_line(reader, row), series->name,
                              column->times ? "holds times" : "is empty");
        double value = 0;
        if (column->numbers)
            value = column->numbers[row];
        else
            TRY(class_number(&p->classes, column->texts[row].data, column->texts[row].length,
                             &value, err));
        GROW(series->values, series->count, &series->capacity);
        series->values[series->count++] = value;
    }
    return MLOPS_OK;
}

static int read_all(const char *path, struct predictions *p, struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    struct table_options options = {0};
    TRY(table_open(path, &options, &reader, err));
    TRY(find_column(path, table_schema(reader), &p->label, err));
    TRY(find_column(path, table_schema(reader), &p->score, err));
    TRY(find_column(path, table_schema(reader), &p->prediction, err));
    for (;;) {
        const struct batch *batch;
        bool more;
        TRY(table_next(reader, &batch, &more, err));
        if (!more)
            return MLOPS_OK;
        TRY(take_batch(p, &p->label, reader, batch, path, err));
        TRY(take_batch(p, &p->score, reader, batch, path, err));
        TRY(take_batch(p, &p->prediction, reader, batch, path, err));
    }
}

/* Values of a series as true and false. */
static int to_bools(const struct predictions *p, const struct series *series, bool **out,
                    struct mlops_error *err)
{
    size_t positive = 0;
    for (size_t i = 1; i < p->classes.count; i++)
        if (strcmp(p->classes.names[i], p->classes.names[positive]) > 0)
            positive = i;
    if (!series->numeric && p->classes.count > 2)
        return mlops_fail(err, MLOPS_INVALID,
                          "column '%s' has more than two classes; say 'task: "
                          "multiclass'",
                          series->name);
    bool *bools = xcalloc(series->count, sizeof(*bools));
    for (size_t i = 0; i < series->count; i++) {
        double value = series->values[i];
        if (series->numeric && value != 0 && value != 1) {
            free(bools);
            return mlops_fail(err, MLOPS_INVALID,
                              "row %zu: column '%s' is %g, and must be 0 or 1 for a binary task",
                              i + 1, series->name, value);
        }
        bools[i] = series->numeric ? value == 1 : value == (double)positive;
    }
    *out = bools;
    return MLOPS_OK;
}

static void free_bools(bool **bools)
{
    free(*bools);
}

static int measure_binary(const struct predictions *p, const struct project_suite *suite,
                          struct metric_list *metrics, struct mlops_error *err)
{
    _cleanup_(free_bools) bool *labels = NULL;
    _cleanup_(free_bools) bool *decided = NULL;
    if (p->score.wanted && !p->score.numeric)
        return mlops_fail(err, MLOPS_INVALID, "column '%s' is not numeric, and scores must be",
                          p->score.name);
    TRY(to_bools(p, &p->label, &labels, err));
    if (p->prediction.wanted)
        TRY(to_bools(p, &p->prediction, &decided, err));
    return metrics_binary(labels, p->score.wanted ? p->score.values : NULL, decided, p->label.count,
                          suite->threshold, metrics, err);
}

/* Numeric classes become texts first, so that labels and predictions share one numbering. */
static int to_classes(struct predictions *p, const struct series *series, uint32_t **out,
                      struct mlops_error *err)
{
    uint32_t *numbers = xcalloc(series->count, sizeof(*numbers));
    for (size_t i = 0; i < series->count; i++) {
        double number = series->values[i];
        if (series->numeric) {
            char text[40];
            (void)snprintf(text, sizeof(text), "%.17g", series->values[i]);
            if (class_number(&p->classes, text, strlen(text), &number, err)) {
                free(numbers);
                return (int)err->code;
            }
        }
        numbers[i] = (uint32_t)number;
    }
    *out = numbers;
    return MLOPS_OK;
}

static int measure_multiclass(struct predictions *p, struct metric_list *metrics,
                              struct mlops_error *err)
{
    uint32_t *labels = NULL, *predictions = NULL;
    int code = to_classes(p, &p->label, &labels, err);
    if (code == MLOPS_OK)
        code = to_classes(p, &p->prediction, &predictions, err);
    if (code == MLOPS_OK)
        code = metrics_multiclass(labels, predictions, p->label.count, (uint32_t)p->classes.count,
                                  metrics, err);
    free(labels);
    free(predictions);
    return code;
}

int predictions_measure(const char *path, const struct project_suite *suite,
                        struct metric_list *metrics, struct mlops_error *err)
{
    _cleanup_(predictions_clear) struct predictions p = {.label.name = suite->label,
                                                         .score.name = suite->score,
                                                         .prediction.name = suite->prediction};
    TRY(read_all(path, &p, err));
    if (str_equal(suite->task, "multiclass"))
        return measure_multiclass(&p, metrics, err);
    if (str_equal(suite->task, "binary"))
        return measure_binary(&p, suite, metrics, err);
    if (!p.label.numeric || !p.prediction.numeric)
        return mlops_fail(err, MLOPS_INVALID,
                          "%s: labels and predictions of a regression must be "
                          "numbers",
                          path);
    return metrics_regression(p.label.values, p.prediction.values, p.label.count, metrics, err);
}
