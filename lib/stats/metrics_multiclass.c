/* lib/stats/metrics_multiclass.c - several classes: averages, each class, their intervals.
 * Probabilities are in metrics_probabilities.c. */
#include "base/pool.h"
#include "stats/classes_table.h"
#include "stats/multiclass.h"
#include "stats/random.h"
#include "stats/sum.h"
#include <stdio.h>

enum { PRECISION, RECALL, F1, KINDS };
enum { ACCURACY, BALANCED, MCC, MACRO, MICRO = MACRO + KINDS, WEIGHTED = MICRO + KINDS };
enum { AVERAGES = WEIGHTED + KINDS };

static const char *const average_names[AVERAGES] = {
    "accuracy",        "balanced_accuracy", "mcc",          "precision_macro", "recall_macro",
    "f1_macro",        "precision_micro",   "recall_micro", "f1_micro",        "precision_weighted",
    "recall_weighted", "f1_weighted"};
static const char *const kind_names[KINDS] = {"precision", "recall", "f1"};

/* What a class weighs where it was right, labelled and predicted. */
struct tally {
    double hit, labelled, predicted;
    bool present;
};

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0; /* zero_division=0 */
}

static void class_values(const struct tally *tally, double values[KINDS])
{
    values[PRECISION] = ratio(tally->hit, tally->predicted);
    values[RECALL] = ratio(tally->hit, tally->labelled);
    values[F1] = ratio(2 * tally->hit, tally->labelled + tally->predicted);
}

/* Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient". */
static double correlation(double hit, double all, double labelled_predicted, double labelled,
                          double predicted)
{
    double spread = (all * all - predicted) * (all * all - labelled);
    return spread > 0 ? (hit * all - labelled_predicted) / sqrt(spread) : 0;
}

/* Averages, then the three values of each class where `each` asks for them. */
static void compute(const struct tally *tallies, uint32_t classes, bool each, double *values)
{
    struct sum macro[KINDS] = {0}, weighted[KINDS] = {0}, hit = {0}, all = {0}, squares[3] = {0};
    double present = 0, labelled_classes = 0;
    for (uint32_t c = 0; c < classes; c++) {
        double own[KINDS];
        const struct tally *tally = &tallies[c];
        class_values(tally, own);
        sum_add(&hit, tally->hit);
        sum_add(&all, tally->labelled);
        sum_add(&squares[0], tally->labelled * tally->predicted);
        sum_add(&squares[1], tally->labelled * tally->labelled);
        sum_add(&squares[2], tally->predicted * tally->predicted);
        present += tally->present;
        labelled_classes += tally->labelled > 0;
        for (size_t kind = 0; kind < KINDS; kind++) {
            sum_add(&macro[kind], own[kind]);
            sum_add(&weighted[kind], own[kind] * tally->labelled);
            if (each)
                values[AVERAGES + c * KINDS + kind] = own[kind];
        }
    }
    values[ACCURACY] = sum_of(&hit) / sum_of(&all);
    values[BALANCED] = sum_of(&macro[RECALL]) / labelled_classes;
    values[MCC] = correlation(sum_of(&hit), sum_of(&all), sum_of(&squares[0]), sum_of(&squares[1]),
                              sum_of(&squares[2]));
    for (size_t kind = 0; kind < KINDS; kind++) {
        values[MACRO + kind] = sum_of(&macro[kind]) / present;
        values[MICRO + kind] = values[ACCURACY];
        values[WEIGHTED + kind] = sum_of(&weighted[kind]) / sum_of(&all);
    }
}

/* ---- the bootstrap -------------------------------------------------------------------------- */

struct bootstrap {
    const struct class_rows *rows;
    const struct classes_table *table;
    const struct metric_options *options;
    const struct tally *tallies; /* of the rows as they are */
    const struct half_tables *tables;
    const uint64_t *cumulative; /* rows before each cell */
    bool each;
    size_t values, count;
    double *replicates; /* [value][replicate] */
};

/* The cells of one label, `first` to `end`, drawn anew among themselves. */
static void draw_label(const struct bootstrap *bootstrap, size_t first, size_t end,
                       uint64_t *counts, struct tally *tallies, struct random *random)
{
    const uint64_t *cumulative = bootstrap->cumulative + first;
    random_multinomial(random, cumulative[end - first] - cumulative[0], cumulative, end - first,
                       counts);
    for (size_t i = first; i < end; i++) {
        const struct class_cell *cell = &bootstrap->table->cells[i];
        uint64_t drawn = counts[i - first];
        double weight = bootstrap->rows->weights
                            ? random_weight(random, drawn, cell->rows, cell->weight, cell->square)
                            : (double)drawn;
        tallies[cell->label].labelled += weight;
        tallies[cell->prediction].predicted += weight;
        if (cell->label == cell->prediction)
            tallies[cell->label].hit += weight;
    }
}

static int draw(void *context, size_t replicate, size_t worker, struct mlops_error *err)
{
    const struct bootstrap *bootstrap = context;
    const struct classes_table *table = bootstrap->table;
    uint32_t classes = bootstrap->rows->classes;
    struct tally *tallies = xcalloc(classes, sizeof(*tallies));
    uint64_t *counts = xcalloc(table->count, sizeof(*counts));
    double *values = xcalloc(bootstrap->values, sizeof(*values));
    struct random random;
    (void)worker, (void)err;
    random_init(&random, bootstrap->options->seed, replicate, bootstrap->tables);
    for (uint32_t c = 0; c < classes; c++)
        tallies[c].present = bootstrap->tallies[c].present;
    for (size_t first = 0, end; first < table->count; first = end) {
        for (end = first + 1;
             end < table->count && table->cells[end].label == table->cells[first].label;)
            end++;
        draw_label(bootstrap, first, end, counts, tallies, &random);
    }
    compute(tallies, classes, bootstrap->each, values);
    for (size_t i = 0; i < bootstrap->values; i++)
        bootstrap->replicates[i * bootstrap->count + replicate] = values[i];
    free(tallies);
    free(counts);
    free(values);
    return MLOPS_OK;
}

static int resample(struct bootstrap *bootstrap, struct mlops_error *err)
{
    _cleanup_(half_tables_free_ptr) struct half_tables *tables = half_tables_new();
    size_t cells = bootstrap->table->count;
    uint64_t *cumulative = xcalloc(cells + 1, sizeof(*cumulative));
    for (size_t i = 0; i < cells; i++)
        cumulative[i + 1] = cumulative[i] + bootstrap->table->cells[i].rows;
    bootstrap->tables = tables;
    bootstrap->cumulative = cumulative;
    bootstrap->replicates = xcalloc(bootstrap->values * bootstrap->count, sizeof(double));
    int code = pool_run(bootstrap->count, draw, bootstrap, err);
    free(cumulative);
    return code;
}

/* ---- what is told --------------------------------------------------------------------------- */

/* How many rows a proportion is a share of; 0 where it is none. */
static double trials(const struct bootstrap *bootstrap, size_t value)
{
    if (bootstrap->rows->weights)
        return 0;
    if (value == ACCURACY || (value >= MICRO && value < WEIGHTED))
        return (double)bootstrap->rows->count;
    if (value < AVERAGES)
        return 0;
    const struct tally *tally = &bootstrap->tallies[(value - AVERAGES) / KINDS];
    size_t kind = (value - AVERAGES) % KINDS;
    return kind == PRECISION ? tally->predicted : kind == RECALL ? tally->labelled : 0;
}

static struct interval interval_of(const struct bootstrap *bootstrap, size_t value, double point)
{
    double n = trials(bootstrap, value), confidence = bootstrap->options->confidence;
    if (n > 0)
        return interval_wilson(round(point * n), n, confidence);
    struct interval interval = interval_percentile(bootstrap->replicates + value * bootstrap->count,
                                                   bootstrap->count, point, 0, 1, confidence);
    if (isnan(interval.low))
        return interval_none();
    interval.low = fmax(interval.low, value == MCC ? -1 : 0);
    interval.high = fmin(interval.high, 1);
    return interval;
}

static void add_values(const struct bootstrap *bootstrap, const double *values,
                       struct metric_list *list)
{
    for (size_t i = 0; i < bootstrap->values; i++) {
        char name[MLOPS_NAME_MAX + 1];
        if (i < AVERAGES)
            str_copy(name, sizeof(name), average_names[i]);
        else /* a long name is cut, as names of metrics are */
            (void)snprintf(name, sizeof(name), "%s[%.100s]", kind_names[(i - AVERAGES) % KINDS],
                           bootstrap->rows->names[(i - AVERAGES) / KINDS]);
        struct metric *metric = metric_list_add(list, name, values[i]);
        if (bootstrap->replicates)
            metric->interval = interval_of(bootstrap, i, values[i]);
    }
}

static struct tally *tally_cells(const struct class_rows *rows, const struct classes_table *table)
{
    struct tally *tallies = xcalloc(rows->classes, sizeof(*tallies));
    for (size_t i = 0; i < table->count; i++) {
        const struct class_cell *cell = &table->cells[i];
        tallies[cell->label].labelled += cell->weight;
        tallies[cell->prediction].predicted += cell->weight;
        tallies[cell->label].present = tallies[cell->prediction].present = true;
        if (cell->label == cell->prediction)
            tallies[cell->label].hit += cell->weight;
    }
    return tallies;
}

int metrics_multiclass(const struct class_rows *rows, const struct metric_options *options,
                       struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(classes_table_clear) struct classes_table table = {0};
    if (rows->count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    TRY(metric_weights_check(rows->weights, rows->count, err));
    TRY(classes_table_make(rows, &table, err));
    struct tally *tallies = tally_cells(rows, &table);
    struct bootstrap bootstrap = {
        .rows = rows,
        .table = &table,
        .options = options,
        .tallies = tallies,
        .each = rows->names,
        .values = AVERAGES + (rows->names ? (size_t)rows->classes * KINDS : 0),
        .count = options->replicates ? options->replicates : METRIC_REPLICATES};
    double *values = xcalloc(bootstrap.values, sizeof(*values));
    int code = options->confidence > 0 ? resample(&bootstrap, err) : MLOPS_OK;
    if (code == MLOPS_OK) {
        compute(tallies, rows->classes, bootstrap.each, values);
        metric_list_add(list, "n", (double)rows->count);
        add_values(&bootstrap, values, list);
    }
    free(bootstrap.replicates);
    free(tallies);
    free(values);
    TRY(code);
    return rows->probabilities ? multiclass_probabilities(rows, options, list, err) : MLOPS_OK;
}
