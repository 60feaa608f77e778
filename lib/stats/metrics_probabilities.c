/* lib/stats/metrics_probabilities.c - several classes by their probabilities: log loss, and the
 * AUC of each class against the rest. */
#include "stats/delong.h"
#include "stats/multiclass.h"
#include "stats/sample.h"
#include "stats/sum.h"
#include <float.h>

#define TOTAL_TOLERANCE 1e-5 /* of probabilities that should add up to 1 */

static int check(const struct class_rows *rows, struct mlops_error *err)
{
    for (size_t i = 0; i < rows->count; i++) {
        double total = 0;
        for (uint32_t c = 0; c < rows->classes; c++) {
            double p = rows->probabilities[i * rows->classes + c];
            if (!(p >= 0 && p <= 1))
                return mlops_fail(err, MLOPS_INVALID,
                                  "a probability in row %zu is not between 0 and 1", i + 1);
            total += p;
        }
        if (fabs(total - 1) > TOTAL_TOLERANCE)
            return mlops_fail(err, MLOPS_INVALID,
                              "the probabilities of row %zu add up to %.6g, not to 1", i + 1,
                              total);
    }
    return MLOPS_OK;
}

/* ---- log loss ------------------------------------------------------------------------------- */

/* Clipped to [ε, 1 - ε] and then made to add up to 1, as sklearn.metrics.log_loss does. */
static double loss_of(const struct class_rows *rows, size_t row)
{
    const double *p = rows->probabilities + row * rows->classes;
    double total = 0, own = 0;
    for (uint32_t c = 0; c < rows->classes; c++) {
        double clipped = fmin(fmax(p[c], DBL_EPSILON), 1 - DBL_EPSILON);
        total += clipped;
        own = c == rows->labels[row] ? clipped : own;
    }
    return -log(own / total);
}

static void evaluate_loss(const void *context, const size_t *chosen, const uint32_t *times,
                          size_t count, double *values)
{
    const struct class_rows *rows = context;
    struct sum loss = {0}, weight = {0};
    for (size_t i = 0; i < count; i++) {
        double w = (rows->weights ? rows->weights[chosen[i]] : 1) * times[i];
        if (!(w > 0))
            continue;
        sum_add(&loss, w * loss_of(rows, chosen[i]));
        sum_add(&weight, w);
    }
    values[0] = sum_of(&loss) / sum_of(&weight);
}

static int add_log_loss(const struct class_rows *rows, const struct metric_options *options,
                        struct metric_list *list, struct mlops_error *err)
{
    struct sum loss = {0}, weight = {0};
    for (size_t i = 0; i < rows->count; i++) {
        double w = rows->weights ? rows->weights[i] : 1;
        sum_add(&loss, w * loss_of(rows, i));
        sum_add(&weight, w);
    }
    double value = sum_of(&loss) / sum_of(&weight);
    struct metric *metric = metric_list_add(list, "log_loss", value);
    const struct sample sample = {.rows = rows->count,
                                  .evaluate = evaluate_loss,
                                  .context = rows,
                                  .values = 1,
                                  .point = &value,
                                  .options = options};
    if (options->confidence > 0)
        TRY(sample_intervals(&sample, &metric->interval, err));
    return MLOPS_OK;
}

/* ---- AUC ------------------------------------------------------------------------------------ */

/* One class against the rest, as columns; and what each row adds to the averages. */
struct versus {
    bool *labels;
    double *scores, *placements, *influence[2]; /* of the mean, of the mean by weight of class */
};

static void versus_clear(struct versus *versus)
{
    free(versus->labels);
    free(versus->scores);
    free(versus->placements);
    free(versus->influence[0]);
    free(versus->influence[1]);
}

static int versus_make(size_t count, struct versus *versus, struct mlops_error *err)
{
    *versus = (struct versus){
        .labels = calloc(count, sizeof(bool)),
        .scores = calloc(count, sizeof(double)),
        .placements = calloc(count, sizeof(double)),
        .influence = {calloc(count, sizeof(double)), calloc(count, sizeof(double))}};
    if (versus->labels && versus->scores && versus->placements && versus->influence[0] &&
        versus->influence[1])
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_IO, "not enough memory for %zu predictions", count);
}

/* An average of AUCs is a sum over rows to first order: how far a row's placement is from the AUC,
 * over the size of its class. The variance is the sum of squares (the infinitesimal jackknife,
 * which for a single AUC is DeLong's variance but for n - 1). */
static void add_influences(const struct class_rows *rows, struct versus *versus, double auc,
                           const double shares[2])
{
    double totals[2] = {0, 0};
    for (size_t i = 0; i < rows->count; i++)
        totals[versus->labels[i]]++;
    for (size_t i = 0; i < rows->count; i++) {
        double own = (versus->placements[i] - auc) / totals[versus->labels[i]];
        versus->influence[0][i] += shares[0] * own;
        versus->influence[1][i] += shares[1] * own;
    }
}

static double auc_of(const struct class_rows *rows, struct versus *versus, int *code,
                     struct mlops_error *err)
{
    double auc = NAN;
    const struct binary_rows binary = {.labels = versus->labels,
                                       .scores = versus->scores,
                                       .weights = rows->weights,
                                       .count = rows->count};
    if (!rows->weights) {
        *code = delong_placements(versus->labels, versus->scores, rows->count, versus->placements,
                                  &auc, err);
        return auc;
    }
    _cleanup_(ranking_clear) struct ranking ranking = {0};
    *code = ranking_make(&binary, &ranking, err);
    return *code ? NAN : ranking_auc(&ranking);
}

static double class_weight(const struct class_rows *rows, struct versus *versus, uint32_t class)
{
    struct sum weight = {0};
    for (size_t i = 0; i < rows->count; i++) {
        versus->labels[i] = rows->labels[i] == class;
        versus->scores[i] = rows->probabilities[i * rows->classes + class];
        if (versus->labels[i])
            sum_add(&weight, rows->weights ? rows->weights[i] : 1);
    }
    return sum_of(&weight);
}

static struct interval interval_of(double value, const double *influence, size_t count,
                                   double confidence)
{
    struct sum squares = {0};
    for (size_t i = 0; i < count; i++)
        sum_add(&squares, influence[i] * influence[i]);
    return interval_normal(value, sqrt(sum_of(&squares)), confidence, 0, 1, INTERVAL_DELONG);
}

static int add_auc(const struct class_rows *rows, const struct metric_options *options,
                   struct metric_list *list, struct mlops_error *err)
{
    static const char *const names[] = {"auc_macro", "auc_weighted"};
    _cleanup_(versus_clear) struct versus versus = {0};
    struct sum all = {0}, means[2] = {0};
    int code = MLOPS_OK;
    TRY(versus_make(rows->count, &versus, err));
    for (size_t i = 0; i < rows->count; i++)
        sum_add(&all, rows->weights ? rows->weights[i] : 1);
    for (uint32_t c = 0; c < rows->classes; c++) {
        double weight = class_weight(rows, &versus, c);
        double shares[2] = {1 / (double)rows->classes, weight / sum_of(&all)};
        double auc = auc_of(rows, &versus, &code, err);
        TRY(code);
        sum_add(&means[0], shares[0] * auc);
        sum_add(&means[1], shares[1] * auc);
        if (!rows->weights)
            add_influences(rows, &versus, auc, shares);
    }
    for (int k = 0; k < 2; k++) {
        struct metric *metric = metric_list_add(list, names[k], sum_of(&means[k]));
        if (options->confidence > 0 && !rows->weights)
            metric->interval =
                interval_of(metric->value, versus.influence[k], rows->count, options->confidence);
    }
    return MLOPS_OK;
}

int multiclass_probabilities(const struct class_rows *rows, const struct metric_options *options,
                             struct metric_list *list, struct mlops_error *err)
{
    TRY(check(rows, err));
    TRY(add_log_loss(rows, options, list, err));
    return add_auc(rows, options, list, err);
}
