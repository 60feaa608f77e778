/* lib/stats/decisions.c - confusion matrix, rates, correlation, cost; their intervals. */
#include "stats/decisions.h"
#include "stats/random.h"
#include "stats/sum.h"

/* What is computed of the four cells, in the order in which it is told. */
enum { ACCURACY, PRECISION, RECALL, F1, FPR, SPECIFICITY, BALANCED, MCC, FBETA, COST, COST_MEAN };
enum { VALUES = COST_MEAN + 1 };

static const struct {
    const char *name;
    double least, most;
} described[VALUES] = {
    {"accuracy", 0, 1},
    {"precision", 0, 1},
    {"recall", 0, 1},
    {"f1", 0, 1},
    {"fpr", 0, 1},
    {"specificity", 0, 1},
    {"balanced_accuracy", 0, 1},
    {"mcc", -1, 1},
    {"fbeta", 0, 1},
    {"cost", -HUGE_VAL, HUGE_VAL},
    {"cost_per_row", -HUGE_VAL, HUGE_VAL},
};

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0; /* zero_division=0 */
}

/* `cell` by label, then by decision. */
static void compute(const double cell[4], const struct metric_options *options,
                    double values[VALUES])
{
    double tn = cell[0], fp = cell[1], fn = cell[2], tp = cell[3];
    double all = tp + fp + tn + fn, squared = options->beta * options->beta;
    double classes = (tp + fn > 0) + (tn + fp > 0);
    double spread = sqrt(tp + fp) * sqrt(tp + fn) * sqrt(tn + fp) * sqrt(tn + fn);
    values[ACCURACY] = (tp + tn) / all;
    values[PRECISION] = ratio(tp, tp + fp);
    values[RECALL] = ratio(tp, tp + fn);
    values[F1] = ratio(2 * tp, 2 * tp + fp + fn);
    values[FPR] = ratio(fp, fp + tn);
    values[SPECIFICITY] = ratio(tn, tn + fp);
    values[BALANCED] = (values[RECALL] + values[SPECIFICITY]) / classes; /* that are there */
    values[MCC] = ratio(tp * tn - fp * fn, spread);
    values[FBETA] = ratio((1 + squared) * tp, (1 + squared) * tp + squared * fn + fp);
    values[COST] = options->cost_fp * fp + options->cost_fn * fn;
    values[COST_MEAN] = values[COST] / all;
}

void confusion_count(const struct binary_rows *rows, double threshold, struct confusion *confusion)
{
    struct sum weight[2][2] = {0}, square[2][2] = {0};
    *confusion = (struct confusion){.weighted = rows->weights};
    for (size_t i = 0; i < rows->count; i++) {
        bool label = rows->labels[i];
        bool decided = rows->decisions ? rows->decisions[i] : rows->scores[i] >= threshold;
        if (rows->weights && !(rows->weights[i] > 0))
            continue;
        confusion->rows[label][decided]++;
        if (!rows->weights)
            continue;
        sum_add(&weight[label][decided], rows->weights[i]);
        sum_add(&square[label][decided], rows->weights[i] * rows->weights[i]);
    }
    for (int label = 0; label < 2; label++)
        for (int decided = 0; decided < 2; decided++) {
            double count = (double)confusion->rows[label][decided];
            confusion->weight[label][decided] =
                rows->weights ? sum_of(&weight[label][decided]) : count;
            confusion->square[label][decided] =
                rows->weights ? sum_of(&square[label][decided]) : count;
        }
}

static double weigh(const struct confusion *confusion, int label, int decided, uint64_t drawn,
                    struct random *random)
{
    if (!confusion->weighted)
        return (double)drawn;
    return random_weight(random, drawn, confusion->rows[label][decided],
                         confusion->weight[label][decided], confusion->square[label][decided]);
}

/* Rows of each label are drawn anew among themselves: of the four counts two are binomial. */
static void resample(const struct confusion *confusion, const struct metric_options *options,
                     double *replicates, size_t count)
{
    _cleanup_(half_tables_free_ptr) struct half_tables *tables = half_tables_new();
    for (size_t r = 0; r < count; r++) {
        struct random random;
        double cell[4], values[VALUES];
        random_init(&random, options->seed, r, tables);
        for (int label = 0; label < 2; label++) {
            uint64_t no = confusion->rows[label][0], yes = confusion->rows[label][1];
            uint64_t drawn = no + yes ? random_binomial(&random, no + yes, yes, no + yes) : 0;
            cell[2 * label + 1] = weigh(confusion, label, 1, drawn, &random);
            cell[2 * label] = weigh(confusion, label, 0, no + yes - drawn, &random);
        }
        compute(cell, options, values);
        for (size_t k = 0; k < VALUES; k++)
            replicates[k * count + r] = values[k];
    }
}

/* Of how many rows `value` is a share; 0 where it is no proportion. */
static double trials(const struct confusion *confusion, size_t value)
{
    const uint64_t(*rows)[2] = confusion->rows;
    uint64_t counts[VALUES] = {
        [ACCURACY] = rows[0][0] + rows[0][1] + rows[1][0] + rows[1][1],
        [PRECISION] = rows[0][1] + rows[1][1],
        [RECALL] = rows[1][0] + rows[1][1],
        [FPR] = rows[0][0] + rows[0][1],
        [SPECIFICITY] = rows[0][0] + rows[0][1],
    };
    return (double)counts[value];
}

static struct interval interval_of(const struct confusion *confusion, size_t value, double point,
                                   double *replicates, const struct metric_options *options)
{
    bool proportion = value == ACCURACY || value == PRECISION || value == RECALL || value == FPR ||
                      value == SPECIFICITY;
    size_t count = options->replicates ? options->replicates : METRIC_REPLICATES;
    if (proportion && !confusion->weighted) {
        double n = trials(confusion, value);
        return interval_wilson(round(point * n), n, options->confidence);
    }
    struct interval interval =
        interval_percentile(replicates + value * count, count, point, 0, 1, options->confidence);
    if (isnan(interval.low) || isnan(point))
        return interval_none();
    interval.low = fmax(interval.low, described[value].least);
    interval.high = fmin(interval.high, described[value].most);
    return interval;
}

static bool is_asked_for(size_t value, const struct metric_options *options)
{
    return value == FBETA ? options->beta > 0 : value < COST || options->costs;
}

void confusion_add_metrics(const struct confusion *confusion, const struct metric_options *options,
                           struct metric_list *list)
{
    double values[VALUES], *replicates = NULL;
    size_t count = options->replicates ? options->replicates : METRIC_REPLICATES;
    compute((const double[]){confusion->weight[0][0], confusion->weight[0][1],
                             confusion->weight[1][0], confusion->weight[1][1]},
            options, values);
    if (options->confidence > 0) {
        replicates = xcalloc(count * VALUES, sizeof(*replicates));
        resample(confusion, options, replicates, count);
    }
    for (size_t value = 0; value < VALUES; value++) {
        if (!is_asked_for(value, options))
            continue;
        struct metric *metric = metric_list_add(list, described[value].name, values[value]);
        if (replicates)
            metric->interval = interval_of(confusion, value, values[value], replicates, options);
    }
    metric_list_add(list, "tp", confusion->weight[1][1]);
    metric_list_add(list, "fp", confusion->weight[0][1]);
    metric_list_add(list, "tn", confusion->weight[0][0]);
    metric_list_add(list, "fn", confusion->weight[1][0]);
    free(replicates);
}
