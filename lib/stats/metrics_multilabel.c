/* lib/stats/metrics_multilabel.c - rows of which each has any number of labels. */
#include "stats/sample.h"
#include "stats/sum.h"
#include <stdio.h>

enum { PRECISION, RECALL, F1, KINDS };
enum { ACCURACY, HAMMING, MACRO, MICRO = MACRO + KINDS, WEIGHTED = MICRO + KINDS };
enum { AVERAGES = WEIGHTED + KINDS };

static const char *const average_names[AVERAGES] = {
    "accuracy",           "hamming_loss",    "precision_macro", "recall_macro",
    "f1_macro",           "precision_micro", "recall_micro",    "f1_micro",
    "precision_weighted", "recall_weighted", "f1_weighted"};
static const char *const kind_names[KINDS] = {"precision", "recall", "f1"};

struct tally {
    double hit, labelled, predicted;
};

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0; /* zero_division=0 */
}

static void label_values(const struct tally *tally, double values[KINDS])
{
    values[PRECISION] = ratio(tally->hit, tally->predicted);
    values[RECALL] = ratio(tally->hit, tally->labelled);
    values[F1] = ratio(2 * tally->hit, tally->labelled + tally->predicted);
}

/* Averages over labels, then the values of each label where it has a name. */
static void compute_labels(const struct label_rows *rows, const struct tally *tallies,
                           double *values)
{
    struct tally all = {0};
    struct sum macro[KINDS] = {0}, weighted[KINDS] = {0};
    for (size_t label = 0; label < rows->width; label++) {
        const struct tally *tally = &tallies[label];
        double own[KINDS];
        label_values(tally, own);
        all.hit += tally->hit;
        all.labelled += tally->labelled;
        all.predicted += tally->predicted;
        for (size_t kind = 0; kind < KINDS; kind++) {
            sum_add(&macro[kind], own[kind]);
            sum_add(&weighted[kind], own[kind] * tally->labelled);
            if (rows->names)
                values[AVERAGES + label * KINDS + kind] = own[kind];
        }
    }
    label_values(&all, values + MICRO);
    for (size_t kind = 0; kind < KINDS; kind++) {
        values[MACRO + kind] = sum_of(&macro[kind]) / (double)rows->width;
        values[WEIGHTED + kind] = ratio(sum_of(&weighted[kind]), all.labelled);
    }
}

/* `chosen` NULL: every row once. */
static void evaluate(const void *context, const size_t *chosen, const uint32_t *times, size_t count,
                     double *values)
{
    const struct label_rows *rows = context;
    struct tally *tallies = xcalloc(rows->width, sizeof(*tallies));
    struct sum whole = {0}, wrong = {0}, all = {0};
    for (size_t i = 0; i < count; i++) {
        size_t row = chosen ? chosen[i] : i, differ = 0;
        double w = (rows->weights ? rows->weights[row] : 1) * (times ? times[i] : 1);
        if (!(w > 0))
            continue;
        for (size_t label = 0; label < rows->width; label++) {
            bool labelled = rows->labels[row * rows->width + label];
            bool predicted = rows->predictions[row * rows->width + label];
            tallies[label].hit += labelled && predicted ? w : 0;
            tallies[label].labelled += labelled ? w : 0;
            tallies[label].predicted += predicted ? w : 0;
            differ += labelled != predicted;
        }
        sum_add(&whole, differ ? 0 : w);
        sum_add(&wrong, w * (double)differ);
        sum_add(&all, w);
    }
    values[ACCURACY] = sum_of(&whole) / sum_of(&all);
    values[HAMMING] = sum_of(&wrong) / (sum_of(&all) * (double)rows->width);
    compute_labels(rows, tallies, values);
    free(tallies);
}

static void add_values(const struct label_rows *rows, const double *values, size_t count,
                       const struct interval *intervals, struct metric_list *list)
{
    for (size_t i = 0; i < count; i++) {
        char name[MLOPS_NAME_MAX + 1];
        if (i < AVERAGES)
            str_copy(name, sizeof(name), average_names[i]);
        else /* a long name is cut, as names of metrics are */
            (void)snprintf(name, sizeof(name), "%s[%.100s]", kind_names[(i - AVERAGES) % KINDS],
                           rows->names[(i - AVERAGES) / KINDS]);
        struct metric *metric = metric_list_add(list, name, values[i]);
        if (!intervals || isnan(intervals[i].low))
            continue;
        metric->interval = intervals[i];
        metric->interval.low = fmax(metric->interval.low, 0);
        metric->interval.high = fmin(metric->interval.high, 1);
    }
}

int metrics_multilabel(const struct label_rows *rows, const struct metric_options *options,
                       struct metric_list *list, struct mlops_error *err)
{
    if (rows->count == 0 || rows->width == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    TRY(metric_weights_check(rows->weights, rows->count, err));
    size_t count = AVERAGES + (rows->names ? rows->width * KINDS : 0);
    double *values = xcalloc(count, sizeof(*values));
    struct interval *intervals = NULL;
    int code = MLOPS_OK;
    evaluate(rows, NULL, NULL, rows->count, values);
    if (options->confidence > 0) {
        intervals = xcalloc(count, sizeof(*intervals));
        const struct sample sample = {.rows = rows->count,
                                      .evaluate = evaluate,
                                      .context = rows,
                                      .values = count,
                                      .point = values,
                                      .options = options};
        code = sample_intervals(&sample, intervals, err);
        if (!rows->weights)
            intervals[ACCURACY] = interval_wilson(round(values[ACCURACY] * (double)rows->count),
                                                  (double)rows->count, options->confidence);
    }
    if (code == MLOPS_OK) {
        metric_list_add(list, "n", (double)rows->count);
        add_values(rows, values, count, intervals, list);
    }
    free(values);
    free(intervals);
    return code;
}
