/* lib/trial/predictions.c - predictions into metrics: the rows of a view, by the suite's task. */
#include "trial/predictions.h"
#include "trial/series.h"
#include <math.h>

#define SLICES_MAX 200       /* of one column */
#define NAMED_CLASSES_MAX 50 /* with more classes only averages are told */

/* Some of the rows, or all of them. */
struct view {
    const struct project_suite *suite;
    const struct series_table *table;
    uint32_t positive;  /* binary: the class that is a yes */
    const size_t *rows; /* NULL: all */
    size_t count;
};

static size_t row_of(const struct view *view, size_t i)
{
    return view->rows ? view->rows[i] : i;
}

static int allocate(const struct view *view, size_t count, size_t size, void *out,
                    struct mlops_error *err)
{
    void *memory = calloc(count + 1, size);
    memcpy(out, &memory, sizeof(memory));
    if (memory)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_IO, "not enough memory for %zu predictions", view->count);
}

/* NULL stays where the suite does not name the column. */
static int pick_numbers(const struct view *view, const struct series *series, double **out,
                        struct mlops_error *err)
{
    if (!series->name)
        return MLOPS_OK;
    TRY(allocate(view, view->count, sizeof(**out), out, err));
    for (size_t i = 0; i < view->count; i++)
        (*out)[i] = series->numbers[row_of(view, i)];
    return MLOPS_OK;
}

static int pick_classes(const struct view *view, const struct series *series, uint32_t **out,
                        struct mlops_error *err)
{
    TRY(allocate(view, view->count, sizeof(**out), out, err));
    for (size_t i = 0; i < view->count; i++)
        (*out)[i] = series->classes[row_of(view, i)];
    return MLOPS_OK;
}

static int pick_bools(const struct view *view, const struct series *series, bool **out,
                      struct mlops_error *err)
{
    if (!series->name)
        return MLOPS_OK;
    TRY(allocate(view, view->count, sizeof(**out), out, err));
    for (size_t i = 0; i < view->count; i++)
        (*out)[i] = series->classes[row_of(view, i)] == view->positive;
    return MLOPS_OK;
}

static void free_bools(bool **bools)
{
    free(*bools);
}

static void free_numbers(double **numbers)
{
    free(*numbers);
}

static void free_classes(uint32_t **classes)
{
    free(*classes);
}

/* ---- tasks ---------------------------------------------------------------------------------- */

static int measure_binary(const struct view *view, const struct metric_options *options,
                          struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(free_bools) bool *labels = NULL;
    _cleanup_(free_bools) bool *decided = NULL;
    _cleanup_(free_numbers) double *scores = NULL;
    _cleanup_(free_numbers) double *weights = NULL;
    TRY(pick_bools(view, &view->table->label, &labels, err));
    TRY(pick_bools(view, &view->table->prediction, &decided, err));
    TRY(pick_numbers(view, &view->table->score, &scores, err));
    TRY(pick_numbers(view, &view->table->weight, &weights, err));
    const struct binary_rows rows = {.labels = labels,
                                     .scores = scores,
                                     .decisions = decided,
                                     .weights = weights,
                                     .count = view->count};
    return metrics_binary(&rows, options, list, err);
}

static int measure_regression(const struct view *view, const struct metric_options *options,
                              struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(free_numbers) double *labels = NULL;
    _cleanup_(free_numbers) double *predictions = NULL;
    _cleanup_(free_numbers) double *weights = NULL;
    TRY(pick_numbers(view, &view->table->label, &labels, err));
    TRY(pick_numbers(view, &view->table->prediction, &predictions, err));
    TRY(pick_numbers(view, &view->table->weight, &weights, err));
    const struct number_rows rows = {
        .labels = labels, .predictions = predictions, .weights = weights, .count = view->count};
    return metrics_regression(&rows, options, list, err);
}

static int measure_ranking(const struct view *view, const struct metric_options *options,
                           struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(free_numbers) double *relevance = NULL;
    _cleanup_(free_numbers) double *scores = NULL;
    _cleanup_(free_classes) uint32_t *groups = NULL;
    TRY(pick_numbers(view, &view->table->label, &relevance, err));
    TRY(pick_numbers(view, &view->table->score, &scores, err));
    TRY(pick_classes(view, &view->table->group, &groups, err));
    const struct ranked_rows rows = {.groups = groups,
                                     .relevance = relevance,
                                     .scores = scores,
                                     .count = view->count,
                                     .group_count = classes_count(view->table->groups)};
    return metrics_ranking(&rows, options, list, err);
}

/* Which column of the suite's `scores` speaks of each class: every class needs one. */
static int match_scores(const struct view *view, size_t *columns, struct mlops_error *err)
{
    const struct series_table *table = view->table;
    for (uint32_t c = 0; c < classes_count(table->names); c++) {
        const char *name = classes_name(table->names, c);
        size_t found = 0;
        while (found < table->score_count &&
               !str_equal(view->suite->measurement.scores[found].name, name))
            found++;
        if (found == table->score_count)
            return mlops_fail(err, MLOPS_INVALID, "'scores' names no column for the class '%s'",
                              name);
        columns[c] = found;
    }
    if (table->score_count != classes_count(table->names))
        return mlops_fail(err, MLOPS_INVALID, "'scores' has %zu classes, and the data has %u",
                          table->score_count, classes_count(table->names));
    return MLOPS_OK;
}

static int pick_probabilities(const struct view *view, double **out, struct mlops_error *err)
{
    const struct series_table *table = view->table;
    size_t classes = classes_count(table->names), columns[MLOPS_NAME_MAX + 1];
    if (table->score_count == 0)
        return MLOPS_OK;
    if (classes > ARRAY_LENGTH(columns))
        return mlops_fail(err, MLOPS_INVALID, "probabilities of more than %zu classes",
                          ARRAY_LENGTH(columns));
    TRY(match_scores(view, columns, err));
    TRY(allocate(view, view->count, classes * sizeof(**out), out, err));
    for (size_t i = 0; i < view->count; i++)
        for (size_t c = 0; c < classes; c++)
            (*out)[i * classes + c] = table->scores[columns[c]].numbers[row_of(view, i)];
    return MLOPS_OK;
}

static int measure_multiclass(const struct view *view, const struct metric_options *options,
                              struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(free_classes) uint32_t *labels = NULL;
    _cleanup_(free_classes) uint32_t *predictions = NULL;
    _cleanup_(free_numbers) double *weights = NULL;
    _cleanup_(free_numbers) double *probabilities = NULL;
    const char *names[NAMED_CLASSES_MAX];
    uint32_t classes = classes_count(view->table->names);
    for (uint32_t c = 0; c < classes && c < NAMED_CLASSES_MAX; c++)
        names[c] = classes_name(view->table->names, c);
    TRY(pick_classes(view, &view->table->label, &labels, err));
    TRY(pick_classes(view, &view->table->prediction, &predictions, err));
    TRY(pick_numbers(view, &view->table->weight, &weights, err));
    TRY(pick_probabilities(view, &probabilities, err));
    const struct class_rows rows = {.labels = labels,
                                    .predictions = predictions,
                                    .probabilities = probabilities,
                                    .weights = weights,
                                    .count = view->count,
                                    .classes = classes,
                                    .names = classes <= NAMED_CLASSES_MAX ? names : NULL};
    return metrics_multiclass(&rows, options, list, err);
}

static int pick_labels(const struct view *view, const struct series *series, bool *out,
                       struct mlops_error *err)
{
    size_t width = view->table->label_count;
    for (size_t label = 0; label < width; label++)
        for (size_t i = 0; i < view->count; i++) {
            double value = series[label].numbers[row_of(view, i)];
            if (value != 0 && value != 1)
                return mlops_fail(err, MLOPS_INVALID,
                                  "%s: column '%s' is neither 0 nor 1 in row %zu",
                                  view->table->path, series[label].name, row_of(view, i) + 1);
            out[i * width + label] = value == 1;
        }
    return MLOPS_OK;
}

static int measure_multilabel(const struct view *view, const struct metric_options *options,
                              struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(free_bools) bool *labels = NULL;
    _cleanup_(free_bools) bool *predictions = NULL;
    _cleanup_(free_numbers) double *weights = NULL;
    const char *names[NAMED_CLASSES_MAX];
    size_t width = view->table->label_count;
    for (size_t i = 0; i < width && i < NAMED_CLASSES_MAX; i++)
        names[i] = view->suite->measurement.labels[i].name;
    TRY(allocate(view, view->count, width * sizeof(*labels), &labels, err));
    TRY(allocate(view, view->count, width * sizeof(*predictions), &predictions, err));
    TRY(pick_labels(view, view->table->truths, labels, err));
    TRY(pick_labels(view, view->table->guesses, predictions, err));
    TRY(pick_numbers(view, &view->table->weight, &weights, err));
    const struct label_rows rows = {.labels = labels,
                                    .predictions = predictions,
                                    .weights = weights,
                                    .count = view->count,
                                    .width = width,
                                    .names = width <= NAMED_CLASSES_MAX ? names : NULL};
    return metrics_multilabel(&rows, options, list, err);
}

static int measure(const struct view *view, struct metric_list *list, struct mlops_error *err)
{
    static const struct {
        const char *task;
        int (*measure)(const struct view *view, const struct metric_options *options,
                       struct metric_list *list, struct mlops_error *err);
    } tasks[] = {{"binary", measure_binary},
                 {"multiclass", measure_multiclass},
                 {"multilabel", measure_multilabel},
                 {"regression", measure_regression},
                 {"ranking", measure_ranking}};
    struct metric_options options = view->suite->measurement.options;
    options.threshold = view->suite->threshold;
    list->confidence = options.confidence;
    for (size_t i = 0; i < ARRAY_LENGTH(tasks); i++)
        if (str_equal(tasks[i].task, view->suite->task))
            return tasks[i].measure(view, &options, list, err);
    return mlops_fail(err, MLOPS_INVALID, "there is no task '%s'", view->suite->task);
}

/* ---- slices --------------------------------------------------------------------------------- */

static int add_slice(const struct view *all, const char *name, const size_t *rows, size_t count,
                     struct predictions_report *report, struct mlops_error *err)
{
    struct view view = *all;
    if (count == 0)
        return MLOPS_OK;
    view.rows = rows;
    view.count = count;
    report->slices = xrealloc(report->slices, report->slice_count + 1, sizeof(*report->slices));
    struct slice_metrics *slice = &report->slices[report->slice_count++];
    *slice = (struct slice_metrics){.name = xstrdup(name), .rows = count};
    if (measure(&view, &slice->metrics, err))
        return mlops_wrap(err, "the slice '%s'", name);
    return MLOPS_OK;
}

static bool is_true(const struct measurement_slice *slice, double value)
{
    const char *comparison = slice->comparison;
    bool equal = value == slice->bound;
    if (comparison[0] == '>')
        return value > slice->bound || (comparison[1] && equal);
    if (comparison[0] == '<')
        return value < slice->bound || (comparison[1] && equal);
    return equal;
}

static int slice_by_value(const struct view *all, size_t index, size_t *rows,
                          struct predictions_report *report, struct mlops_error *err)
{
    const struct series *series = &all->table->slices[index];
    uint32_t values = classes_count(series->names);
    if (values > SLICES_MAX)
        return mlops_fail(err, MLOPS_INVALID,
                          "'%s' has %u values, and a column is cut into %d slices at most",
                          series->name, values, SLICES_MAX);
    for (uint32_t value = 0; value < values; value++) {
        _cleanup_(free_string) char *name =
            xprintf("%s = %s", series->name, classes_name(series->names, value));
        size_t count = 0;
        for (size_t i = 0; i < all->count; i++)
            if (series->classes[i] == value)
                rows[count++] = i;
        TRY(add_slice(all, name, rows, count, report, err));
    }
    _cleanup_(free_string) char *name = xprintf("%s is missing", series->name);
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++)
        if (series->classes[i] == SERIES_NONE)
            rows[count++] = i;
    return add_slice(all, name, rows, count, report, err);
}

static int slice_all(const struct view *all, struct predictions_report *report,
                     struct mlops_error *err)
{
    const struct measurement *measurement = &all->suite->measurement;
    size_t *rows = NULL;
    int code = MLOPS_OK;
    if (measurement->slice_count == 0)
        return MLOPS_OK;
    TRY(allocate(all, all->count, sizeof(*rows), &rows, err));
    for (size_t i = 0; i < measurement->slice_count && code == MLOPS_OK; i++) {
        const struct measurement_slice *slice = &measurement->slices[i];
        size_t count = 0;
        if (!slice->comparison[0]) {
            code = slice_by_value(all, i, rows, report, err);
            continue;
        }
        for (size_t row = 0; row < all->count; row++)
            if (is_true(slice, all->table->slices[i].numbers[row]))
                rows[count++] = row;
        code = add_slice(all, slice->text, rows, count, report, err);
    }
    free(rows);
    return code;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int choose_positive(struct view *view, struct predictions_report *report,
                           struct mlops_error *err)
{
    struct binary_classes binary;
    const struct classes *names = view->table->names;
    TRY(classes_binary(names, &binary, err));
    if (binary.named && binary.positive == CLASSES_MAX) {
        mlops_fail(err, MLOPS_INVALID,
                   "%s: '%s' is the only class, so that nobody can tell whether it is the positive "
                   "one",
                   view->table->path, classes_name(names, 0));
        return mlops_hint(err, "write 0 and 1 for the classes");
    }
    if (binary.named)
        report->positive = xstrdup(classes_name(names, binary.positive));
    view->positive = binary.positive;
    return MLOPS_OK;
}

void predictions_report_clear(struct predictions_report *report)
{
    metric_list_clear(&report->metrics);
    for (size_t i = 0; i < report->slice_count; i++) {
        free(report->slices[i].name);
        metric_list_clear(&report->slices[i].metrics);
    }
    free(report->slices);
    free(report->positive);
    *report = (struct predictions_report){0};
}

int predictions_measure(const struct predictions_tables *tables, const struct project_suite *suite,
                        struct predictions_report *report, struct mlops_error *err)
{
    _cleanup_(series_clear) struct series_table table = {0};
    TRY(series_read(tables, suite, &table, err));
    struct view all = {.suite = suite, .table = &table, .count = table.count};
    if (table.binary)
        TRY(choose_positive(&all, report, err));
    TRY(measure(&all, &report->metrics, err));
    return slice_all(&all, report, err);
}
