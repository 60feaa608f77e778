/* lib/stats/metrics_regression.c - how far numbers are from what was true. */
#include "stats/radix.h"
#include "stats/sample.h"
#include "stats/sum.h"
#include <float.h>

enum { RMSE, MAE, MEDIAN, MAPE, PINBALL, R2, EXPLAINED, VALUES };

static const struct {
    const char *name;
    double least, most;
} described[VALUES] = {
    [RMSE] = {"rmse", 0, HUGE_VAL},
    [MAE] = {"mae", 0, HUGE_VAL},
    [MEDIAN] = {"median_ae", 0, HUGE_VAL},
    [MAPE] = {"mape", 0, HUGE_VAL},
    [PINBALL] = {"pinball", 0, HUGE_VAL},
    [R2] = {"r2", -HUGE_VAL, 1},
    [EXPLAINED] = {"explained_variance", -HUGE_VAL, 1},
};

struct regression {
    const struct number_rows *rows;
    const struct metric_options *options;
    const double *absolute; /* |error| of each row */
};

/* Rows as they are walked over: all, or some of them some times. */
struct view {
    const struct regression *regression;
    const size_t *rows;    /* in ascending order of |error| */
    const uint32_t *times; /* NULL: each once */
    size_t count;
};

static double weight_of(const struct view *view, size_t i)
{
    const double *weights = view->regression->rows->weights;
    return (weights ? weights[view->rows[i]] : 1) * (view->times ? view->times[i] : 1);
}

struct means {
    double weight, label, error; /* total weight, mean label, mean error */
    bool constant_label, constant_error;
};

static struct means mean_of(const struct view *view)
{
    const struct number_rows *rows = view->regression->rows;
    struct sum weight = {0}, label = {0}, error = {0};
    struct means means = {.constant_label = true, .constant_error = true};
    double first_label = NAN, first_error = NAN;
    for (size_t i = 0; i < view->count; i++) {
        double w = weight_of(view, i), y = rows->labels[view->rows[i]];
        double e = y - rows->predictions[view->rows[i]];
        if (!(w > 0))
            continue;
        if (isnan(first_label)) {
            first_label = y;
            first_error = e;
        }
        means.constant_label = means.constant_label && y == first_label;
        means.constant_error = means.constant_error && e == first_error;
        sum_add(&weight, w);
        sum_add(&label, w * y);
        sum_add(&error, w * e);
    }
    means.weight = sum_of(&weight);
    means.label = sum_of(&label) / means.weight;
    means.error = sum_of(&error) / means.weight;
    return means;
}

/* Without weights the mean of the middle two, as NumPy; with weights the first at which half of the
 * weight is reached, as scikit-learn. */
static double median_of(const struct view *view, double total)
{
    const double *absolute = view->regression->absolute;
    bool weighted = view->regression->rows->weights;
    struct sum reached = {0};
    double lower = NAN;
    for (size_t i = 0; i < view->count; i++) {
        double value = absolute[view->rows[i]];
        sum_add(&reached, weight_of(view, i));
        double so_far = sum_of(&reached);
        if (isnan(lower) && so_far >= total / 2) {
            if (weighted || so_far > total / 2)
                return value;
            lower = value;
        } else if (so_far > total / 2) {
            return (lower + value) / 2;
        }
    }
    return lower;
}

/* 1 for a perfect fit and 0 otherwise where there is nothing to explain (force_finite). */
static double explained(double rest, double variation)
{
    return variation > 0 ? 1 - rest / variation : rest > 0 ? 0 : 1;
}

static void compute(const struct view *view, double values[VALUES])
{
    const struct number_rows *rows = view->regression->rows;
    double quantile = view->regression->options->quantile;
    double alpha = quantile > 0 ? quantile : 0.5;
    struct means means = mean_of(view);
    struct sum squares = {0}, absolute = {0}, relative = {0}, pinball = {0}, spread = {0},
               scatter = {0};
    for (size_t i = 0; i < view->count; i++) {
        double w = weight_of(view, i), y = rows->labels[view->rows[i]];
        double e = y - rows->predictions[view->rows[i]];
        if (!(w > 0))
            continue;
        sum_add(&squares, w * (e * e));
        sum_add(&absolute, w * fabs(e));
        sum_add(&relative, w * (fabs(e) / fmax(fabs(y), DBL_EPSILON)));
        sum_add(&pinball, w * (e >= 0 ? alpha * e : (alpha - 1) * e));
        sum_add(&spread, w * ((y - means.label) * (y - means.label)));
        sum_add(&scatter, w * ((e - means.error) * (e - means.error)));
    }
    double variation = means.constant_label ? 0 : sum_of(&spread);
    values[RMSE] = sqrt(sum_of(&squares) / means.weight);
    values[MAE] = sum_of(&absolute) / means.weight;
    values[MEDIAN] = median_of(view, means.weight);
    values[MAPE] = sum_of(&relative) / means.weight;
    values[PINBALL] = sum_of(&pinball) / means.weight;
    values[R2] = explained(sum_of(&squares), variation);
    values[EXPLAINED] = explained(means.constant_error ? 0 : sum_of(&scatter), variation);
}

static void evaluate(const void *context, const size_t *rows, const uint32_t *times, size_t count,
                     double *values)
{
    const struct view view = {.regression = context, .rows = rows, .times = times, .count = count};
    compute(&view, values);
}

/* All rows in ascending order of |error|, which `absolute` is filled with. */
static size_t *sort_rows(const struct number_rows *rows, double *absolute, struct mlops_error *err)
{
    struct keyed *items = reallocarray(NULL, 2 * rows->count, sizeof(*items));
    size_t *order = reallocarray(NULL, rows->count, sizeof(*order));
    if (!items || !order) {
        free(items);
        free(order);
        mlops_fail(err, MLOPS_IO, "not enough memory for %zu predictions", rows->count);
        return NULL;
    }
    for (size_t i = 0; i < rows->count; i++) {
        absolute[i] = fabs(rows->labels[i] - rows->predictions[i]);
        items[i] = (struct keyed){.key = falling_key(-absolute[i]), .row = i};
    }
    radix_sort_keyed(items, items + rows->count, rows->count);
    for (size_t i = 0; i < rows->count; i++)
        order[i] = (size_t)items[i].row;
    free(items);
    return order;
}

static double largest_error(const struct view *view)
{
    for (size_t i = view->count; i-- > 0;)
        if (weight_of(view, i) > 0)
            return view->regression->absolute[view->rows[i]];
    return NAN;
}

static int add_all(const struct view *view, struct metric_list *list, struct mlops_error *err)
{
    const struct regression *regression = view->regression;
    double values[VALUES];
    struct interval intervals[VALUES];
    bool wanted = regression->options->confidence > 0;
    compute(view, values);
    if (view->count < 2)
        values[R2] = NAN;
    const struct sample sample = {.rows = view->count,
                                  .order = regression->absolute,
                                  .evaluate = evaluate,
                                  .context = regression,
                                  .values = VALUES,
                                  .point = values,
                                  .options = regression->options};
    if (wanted)
        TRY(sample_intervals(&sample, intervals, err));
    metric_list_add(list, "n", (double)view->count);
    metric_list_add(list, "max_error", largest_error(view));
    for (size_t i = 0; i < VALUES; i++) {
        struct metric *metric = metric_list_add(list, described[i].name, values[i]);
        if (!wanted || isnan(intervals[i].low))
            continue;
        metric->interval = intervals[i];
        metric->interval.low = fmax(metric->interval.low, described[i].least);
        metric->interval.high = fmin(metric->interval.high, described[i].most);
    }
    return MLOPS_OK;
}

int metrics_regression(const struct number_rows *rows, const struct metric_options *options,
                       struct metric_list *list, struct mlops_error *err)
{
    if (rows->count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    TRY(metric_weights_check(rows->weights, rows->count, err));
    for (size_t i = 0; i < rows->count; i++)
        if (!isfinite(rows->labels[i]) || !isfinite(rows->predictions[i]))
            return mlops_fail(err, MLOPS_INVALID, "row %zu is not a finite number", i + 1);
    double *absolute = reallocarray(NULL, rows->count, sizeof(*absolute));
    if (!absolute)
        return mlops_fail(err, MLOPS_IO, "not enough memory for %zu predictions", rows->count);
    size_t *order = sort_rows(rows, absolute, err);
    const struct regression regression = {.rows = rows, .options = options, .absolute = absolute};
    const struct view view = {.regression = &regression, .rows = order, .count = rows->count};
    int code = order ? add_all(&view, list, err) : MLOPS_IO;
    free(order);
    free(absolute);
    return code;
}
