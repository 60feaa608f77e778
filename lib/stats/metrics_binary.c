/* lib/stats/metrics_binary.c - a binary task: decisions, thresholds, probabilities. */
#include "stats/curve.h"
#include "stats/decisions.h"

static const char *const curve_names[CURVE_VALUES] = {
    [CURVE_AUC] = "auc",
    [CURVE_PR_AUC] = "pr_auc",
    [CURVE_LOG_LOSS] = "log_loss",
    [CURVE_BRIER] = "brier",
    [CURVE_ECE] = "ece",
    [CURVE_KS] = "ks",
    [CURVE_LIFT] = "lift",
    [CURVE_RECALL_AT_FPR] = "recall_at_fpr",
    [CURVE_PRECISION_AT_FPR] = "precision_at_fpr",
    [CURVE_THRESHOLD_AT_FPR] = "threshold_at_fpr",
};

static int add_curve(const struct binary_rows *rows, const struct metric_options *options,
                     struct metric_list *list, struct mlops_error *err)
{
    _cleanup_(ranking_clear) struct ranking ranking = {0};
    _cleanup_(curve_clear) struct curve curve = {0};
    struct interval intervals[CURVE_VALUES];
    TRY(ranking_make(rows, &ranking, err));
    curve_make(&ranking, options, &curve);
    if (options->confidence > 0)
        TRY(curve_intervals(&curve, intervals, err));
    for (size_t value = 0; value < CURVE_VALUES; value++) {
        if (value >= CURVE_RECALL_AT_FPR && !(options->at_fpr > 0))
            continue;
        struct metric *metric = metric_list_add(list, curve_names[value], curve.values[value]);
        if (options->confidence > 0)
            metric->interval = intervals[value];
    }
    return MLOPS_OK;
}

int metrics_decisions(const struct binary_rows *rows, const struct metric_options *options,
                      struct metric_list *list, struct mlops_error *err)
{
    struct confusion confusion;
    if (rows->count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    TRY(metric_weights_check(rows->weights, rows->count, err));
    for (size_t i = 0; rows->scores && i < rows->count; i++)
        if (!(rows->scores[i] - rows->scores[i] == 0))
            return mlops_fail(err, MLOPS_INVALID, "the score in row %zu is not a finite number",
                              i + 1);
    confusion_count(rows, options->threshold, &confusion);
    metric_list_add(list, "n", (double)rows->count);
    confusion_add_metrics(&confusion, options, list);
    return MLOPS_OK;
}

int metrics_binary(const struct binary_rows *rows, const struct metric_options *options,
                   struct metric_list *list, struct mlops_error *err)
{
    TRY(metrics_decisions(rows, options, list, err));
    return rows->scores ? add_curve(rows, options, list, err) : MLOPS_OK;
}
