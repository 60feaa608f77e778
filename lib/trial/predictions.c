/* lib/trial/predictions.c - predictions into metrics: the rows of a view, by the suite's task. */
#include "trial/predictions.h"
#include "stats/classes_table.h"
#include "trial/series.h"
#include <math.h>
#include <mlops/text.h>
#include <stdio.h>

#define SLICES_MAX 200       /* of one column */
#define NAMED_CLASSES_MAX 50 /* with more classes only averages are told */

/* Some of the rows, or all of them. */
struct view {
    const struct project_suite *suite;
    const struct series_table *table;
    uint32_t positive;  /* binary: the class that is a yes */
    const size_t *rows; /* NULL: all */
    size_t count;
    const uint32_t *queries; /* ranking, beside `rows`: one that was drawn twice is two. NULL: as
                                they are */
    uint32_t query_count;
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

static int measure_threshold(const struct view *view, const struct metric_options *options,
                             struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(free_bools) bool *labels = NULL;
    _cleanup_(free_numbers) double *scores = NULL;
    _cleanup_(free_numbers) double *weights = NULL;
    TRY(pick_bools(view, &view->table->label, &labels, err));
    TRY(pick_numbers(view, &view->table->score, &scores, err));
    TRY(pick_numbers(view, &view->table->weight, &weights, err));
    const struct binary_rows rows = {
        .labels = labels, .scores = scores, .weights = weights, .count = view->count};
    return metrics_decisions(&rows, options, list, err);
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
    if (!view->queries)
        TRY(pick_classes(view, &view->table->group, &groups, err));
    const struct ranked_rows rows = {
        .groups = view->queries ? view->queries : groups,
        .relevance = relevance,
        .scores = scores,
        .count = view->count,
        .group_count = view->queries ? view->query_count : classes_count(view->table->groups)};
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

/* Rows of classes, and the memory that they stand in. */
struct picked_classes {
    uint32_t *labels, *predictions;
    double *weights, *probabilities;
    const char *names[NAMED_CLASSES_MAX];
    struct class_rows rows;
};
static void picked_clear(struct picked_classes *picked)
{
    free(picked->labels);
    free(picked->predictions);
    free(picked->weights);
    free(picked->probabilities);
}

static int pick_class_rows(const struct view *view, struct picked_classes *picked,
                           struct mlops_error *err)
{
    uint32_t classes = classes_count(view->table->names);
    for (uint32_t c = 0; c < classes && c < NAMED_CLASSES_MAX; c++)
        picked->names[c] = classes_name(view->table->names, c);
    TRY(pick_classes(view, &view->table->label, &picked->labels, err));
    TRY(pick_classes(view, &view->table->prediction, &picked->predictions, err));
    TRY(pick_numbers(view, &view->table->weight, &picked->weights, err));
    TRY(pick_probabilities(view, &picked->probabilities, err));
    picked->rows =
        (struct class_rows){.labels = picked->labels,
                            .predictions = picked->predictions,
                            .probabilities = picked->probabilities,
                            .weights = picked->weights,
                            .count = view->count,
                            .classes = classes,
                            .names = classes <= NAMED_CLASSES_MAX ? picked->names : NULL};
    return MLOPS_OK;
}

static int measure_multiclass(const struct view *view, const struct metric_options *options,
                              struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(picked_clear) struct picked_classes picked = {0};
    TRY(pick_class_rows(view, &picked, err));
    return metrics_multiclass(&picked.rows, options, list, err);
}

/* Names are cut for messages: two classes may have become one. */
static bool are_distinct(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_equal(names[i], names[j]))
                return false;
    return true;
}

static int measure_confusion(const struct view *all, struct predictions_report *report,
                             struct mlops_error *err)
{
    _cleanup_(picked_clear) struct picked_classes picked = {0};
    _cleanup_(classes_table_clear) struct classes_table table = {0};
    if (!str_equal(all->suite->task, "multiclass"))
        return MLOPS_OK;
    TRY(pick_class_rows(all, &picked, err));
    const struct class_rows *rows = &picked.rows;
    if (!rows->names || !are_distinct(rows->names, rows->classes))
        return MLOPS_OK;
    TRY(classes_table_make(rows, &table, err));
    report->confusion = xcalloc(rows->classes + 1, sizeof(*report->confusion));
    for (; report->confusion_count < rows->classes; report->confusion_count++) {
        struct slice_metrics *row = &report->confusion[report->confusion_count];
        row->name = xstrdup(rows->names[report->confusion_count]);
        for (uint32_t c = 0; c < rows->classes; c++)
            (void)metric_list_add(&row->metrics, rows->names[c], 0);
    }
    for (size_t i = 0; i < table.count; i++) {
        const struct class_cell *cell = &table.cells[i];
        report->confusion[cell->label].rows += cell->rows;
        report->confusion[cell->label].metrics.items[cell->prediction].value = cell->weight;
    }
    return MLOPS_OK;
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

static int measure(const struct view *view, double confidence, struct metric_list *list,
                   struct mlops_error *err)
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
    options.confidence = confidence;
    list->confidence = confidence;
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
    if (measure(&view, all->suite->measurement.options.confidence, &slice->metrics, err))
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

/* ---- thresholds ----------------------------------------------------------------------------- */

static int measure_thresholds(const struct view *all, struct predictions_report *report,
                              struct mlops_error *err)
{
    const struct measurement *measurement = &all->suite->measurement;
    report->thresholds = xcalloc(measurement->threshold_count + 1, sizeof(*report->thresholds));
    for (size_t i = 0; i < measurement->threshold_count; i++) {
        struct metric_options options = measurement->options;
        struct slice_metrics *at = &report->thresholds[report->threshold_count++];
        char name[32];
        options.threshold = measurement->thresholds[i];
        mlops_number_format(options.threshold, name);
        *at = (struct slice_metrics){.name = xstrdup(name), .rows = all->count};
        at->metrics.confidence = options.confidence;
        TRY(measure_threshold(all, &options, &at->metrics, err));
    }
    return MLOPS_OK;
}

/* ---- all of it ------------------------------------------------------------------------------ */

struct predictions {
    struct series_table table;
    struct view all;
    uint32_t *strata;                /* binary: 1 of positives; of other classes their label */
    size_t *query_from, *query_rows; /* ranking: the rows of each query, one behind another */
};

static int choose_positive(struct view *view, char **positive, struct mlops_error *err)
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
    if (binary.named && positive)
        *positive = xstrdup(classes_name(names, binary.positive));
    view->positive = binary.positive;
    return MLOPS_OK;
}

void predictions_report_clear(struct predictions_report *report)
{
    metric_list_clear(&report->metrics);
    slices_free(report->slices, report->slice_count);
    slices_free(report->thresholds, report->threshold_count);
    slices_free(report->confusion, report->confusion_count);
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
        TRY(choose_positive(&all, &report->positive, err));
    TRY(measure(&all, suite->measurement.options.confidence, &report->metrics, err));
    TRY(measure_thresholds(&all, report, err));
    TRY(measure_confusion(&all, report, err));
    return slice_all(&all, report, err);
}

/* ---- in memory ------------------------------------------------------------------------------ */

void predictions_free(struct predictions *predictions)
{
    if (!predictions)
        return;
    series_clear(&predictions->table);
    free(predictions->strata);
    free(predictions->query_from);
    free(predictions->query_rows);
    free(predictions);
}

/* The rows of each query beside one another, by counting; queries as they are numbered in `like`,
 * whose rows these are. */
static int gather_queries(struct predictions *p, const struct predictions *like,
                          struct mlops_error *err)
{
    const uint32_t *groups = like->table.group.classes;
    uint32_t count = classes_count(like->table.groups);
    p->query_from = xcalloc((size_t)count + 2, sizeof(*p->query_from));
    TRY(allocate(&p->all, p->all.count, sizeof(*p->query_rows), &p->query_rows, err));
    for (size_t row = 0; row < p->all.count; row++)
        p->query_from[groups[row] + 2]++;
    for (uint32_t i = 0; i < count; i++)
        p->query_from[i + 2] += p->query_from[i + 1];
    for (size_t row = 0; row < p->all.count; row++)
        p->query_rows[p->query_from[groups[row] + 1]++] = row;
    return MLOPS_OK;
}

static bool has_task(const struct predictions *p, const char *task)
{
    return str_equal(p->all.suite->task, task);
}

static bool has_ids(const struct predictions *p)
{
    return p && p->table.id.name && !p->table.set_id.name; /* a set's order is everybody's */
}

static int prepare(struct predictions *p, const struct predictions *like, struct mlops_error *err)
{
    bool aligned = has_ids(p) && has_ids(like);
    if (aligned)
        TRY(series_align(&p->table, &like->table, err));
    if (p->table.binary)
        TRY(choose_positive(&p->all, NULL, err));
    if (has_task(p, "ranking"))
        TRY(gather_queries(p, aligned ? like : p, err));
    if (!p->table.binary)
        return MLOPS_OK;
    TRY(allocate(&p->all, p->all.count, sizeof(*p->strata), &p->strata, err));
    for (size_t row = 0; row < p->all.count; row++)
        p->strata[row] = predictions_is_positive(p, row);
    return MLOPS_OK;
}

int predictions_read(const struct predictions_tables *tables, const struct project_suite *suite,
                     const struct predictions *like, struct predictions **predictions,
                     struct mlops_error *err)
{
    _cleanup_(predictions_free_ptr) struct predictions *p = xcalloc(1, sizeof(*p));
    TRY(series_read(tables, suite, &p->table, err));
    p->all = (struct view){.suite = suite, .table = &p->table, .count = p->table.count};
    TRY(prepare(p, like, err));
    *predictions = TAKE_PTR(p);
    return MLOPS_OK;
}

size_t predictions_units(const struct predictions *p)
{
    return p->query_from ? classes_count(p->table.groups) : p->all.count;
}

size_t predictions_rows(const struct predictions *p)
{
    return p->all.count;
}

const uint32_t *predictions_strata(const struct predictions *p, uint32_t *count)
{
    bool classes = has_task(p, "multiclass");
    *count = p->strata ? 2 : classes ? classes_count(p->table.names) : 1;
    return p->strata ? p->strata : classes ? p->table.label.classes : NULL;
}

/* Queries that were drawn, as rows. */
static int measure_queries(const struct predictions *p, const size_t *units, size_t count,
                           struct metric_list *metrics, struct mlops_error *err)
{
    size_t *rows = NULL, total = 0, at = 0;
    _cleanup_(free_classes) uint32_t *queries = NULL;
    for (size_t i = 0; i < count; i++)
        total += p->query_from[units[i] + 1] - p->query_from[units[i]];
    TRY(allocate(&p->all, total, sizeof(*queries), &queries, err));
    TRY(allocate(&p->all, total, sizeof(*rows), &rows, err));
    for (size_t i = 0; i < count; i++)
        for (size_t j = p->query_from[units[i]]; j < p->query_from[units[i] + 1]; j++) {
            queries[at] = (uint32_t)i;
            rows[at++] = p->query_rows[j];
        }
    struct view view = p->all;
    view.rows = rows;
    view.count = total;
    view.queries = queries;
    view.query_count = (uint32_t)count;
    int code = measure(&view, 0, metrics, err);
    free(rows);
    return code;
}

int predictions_measure_units(const struct predictions *p, const size_t *units, size_t count,
                              struct metric_list *metrics, struct mlops_error *err)
{
    struct view view = p->all;
    if (!units)
        return measure(&view, 0, metrics, err);
    if (p->query_from)
        return measure_queries(p, units, count, metrics, err);
    view.rows = units;
    view.count = count;
    return measure(&view, 0, metrics, err);
}

bool predictions_counts(const struct predictions *p)
{
    return !p->table.weight.name && (p->table.binary || has_task(p, "multiclass"));
}

bool predictions_is_positive(const struct predictions *p, size_t row)
{
    return p->table.label.classes[row] == p->all.positive;
}

bool predictions_is_right(const struct predictions *p, size_t row)
{
    if (p->table.prediction.name)
        return p->table.prediction.classes[row] == p->table.label.classes[row];
    bool decided = p->table.score.numbers[row] >= p->all.suite->threshold;
    return decided == predictions_is_positive(p, row);
}

const double *predictions_scores(const struct predictions *p)
{
    return p->table.score.name ? p->table.score.numbers : NULL;
}

/* ---- the same rows --------------------------------------------------------------------------- */

static int differ(size_t row, const char *what, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INVALID, "row %zu has another %s there", row + 1, what);
}

/* Classes are numbered as they come: the same rows number them alike, unless predictions came
 * between; names decide. */
static int match_classes(const struct series *ours, const struct series *theirs, size_t count,
                         const char *what, struct mlops_error *err)
{
    for (size_t row = 0; ours->name && theirs->name && row < count; row++)
        if (!str_equal(classes_name(ours->names, ours->classes[row]),
                       classes_name(theirs->names, theirs->classes[row])))
            return differ(row, what, err);
    return MLOPS_OK;
}

static int match_numbers(const struct series *ours, const struct series *theirs, size_t count,
                         const char *what, struct mlops_error *err)
{
    for (size_t row = 0; ours->name && theirs->name && row < count; row++)
        if (ours->numbers[row] != theirs->numbers[row])
            return differ(row, what, err);
    return MLOPS_OK;
}

int predictions_match(const struct predictions *ours, const struct predictions *theirs,
                      struct mlops_error *err)
{
    const struct series_table *a = &ours->table, *b = &theirs->table;
    size_t count = ours->all.count;
    if (count != theirs->all.count)
        return mlops_fail(err, MLOPS_INVALID, "there are %zu predictions here and %zu there", count,
                          theirs->all.count);
    if (a->label_count != b->label_count || !a->weight.name != !b->weight.name)
        return mlops_fail(err, MLOPS_INVALID, "the two suites measure differently");
    for (size_t i = 0; i < a->label_count; i++)
        TRY(match_numbers(&a->truths[i], &b->truths[i], count, "label", err));
    for (size_t row = 0; a->binary && row < count; row++)
        if (predictions_is_positive(ours, row) != predictions_is_positive(theirs, row))
            return differ(row, "label", err);
    if (a->label.numeric)
        TRY(match_numbers(&a->label, &b->label, count, "label", err));
    else if (!a->binary)
        TRY(match_classes(&a->label, &b->label, count, "label", err));
    TRY(match_numbers(&a->weight, &b->weight, count, "weight", err));
    return match_classes(&a->group, &b->group, count, "query", err);
}
