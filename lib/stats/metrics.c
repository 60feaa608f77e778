/* lib/stats/metrics.c - lists of metrics, regression, many classes; binary ones have a file of
 * their own. */
#include "stats/metrics.h"
#include <math.h>

static const char *const all_names[] = {"n",
                                        "accuracy",
                                        "precision",
                                        "recall",
                                        "f1",
                                        "fpr",
                                        "specificity",
                                        "balanced_accuracy",
                                        "mcc",
                                        "tp",
                                        "fp",
                                        "tn",
                                        "fn",
                                        "auc",
                                        "pr_auc",
                                        "log_loss",
                                        "brier",
                                        "precision_macro",
                                        "recall_macro",
                                        "f1_macro",
                                        "precision_weighted",
                                        "recall_weighted",
                                        "f1_weighted",
                                        "rmse",
                                        "mae",
                                        "r2",
                                        NULL};

const char *const *metric_names(void)
{
    return all_names;
}

bool metric_lower_is_better(const char *name)
{
    static const char *const names[] = {"fpr", "log_loss", "brier", "rmse", "mae", "fp", "fn"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (str_equal(names[i], name))
            return true;
    return false;
}

void metric_list_add(struct metric_list *list, const char *name, double value)
{
    GROW(list->items, list->count, &list->capacity);
    struct metric *metric = &list->items[list->count++];
    str_copy(metric->name, sizeof(metric->name), name);
    metric->value = value;
}

const struct metric *metric_list_find(const struct metric_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i].name, name))
            return &list->items[i];
    return NULL;
}

void metric_list_clear(struct metric_list *list)
{
    free(list->items);
    *list = (struct metric_list){0};
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0; /* zero_division=0 */
}

int metrics_multiclass(const uint32_t *labels, const uint32_t *predictions, size_t count,
                       uint32_t classes, struct metric_list *list, struct mlops_error *err)
{
    if (count == 0 || classes == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    double *hit = xcalloc(classes, sizeof(*hit)), *labelled = xcalloc(classes, sizeof(*labelled)),
           *predicted = xcalloc(classes, sizeof(*predicted));
    double right = 0, present = 0, labelled_classes = 0, balanced = 0;
    double macro[3] = {0}, weighted[3] = {0};
    for (size_t i = 0; i < count; i++) {
        labelled[labels[i]]++;
        predicted[predictions[i]]++;
        hit[labels[i]] += labels[i] == predictions[i];
        right += labels[i] == predictions[i];
    }
    for (uint32_t c = 0; c < classes; c++) {
        if (labelled[c] + predicted[c] == 0)
            continue;
        double values[3] = {ratio(hit[c], predicted[c]), ratio(hit[c], labelled[c]),
                            ratio(2 * hit[c], labelled[c] + predicted[c])};
        present++;
        labelled_classes += labelled[c] > 0;
        balanced += values[1];
        for (int k = 0; k < 3; k++) {
            macro[k] += values[k];
            weighted[k] += values[k] * labelled[c];
        }
    }
    double n = (double)count;
    metric_list_add(list, "n", n);
    metric_list_add(list, "accuracy", right / n);
    metric_list_add(list, "balanced_accuracy", ratio(balanced, labelled_classes));
    static const char *const macro_names[] = {"precision_macro", "recall_macro", "f1_macro"};
    static const char *const weighted_names[] = {"precision_weighted", "recall_weighted",
                                                 "f1_weighted"};
    for (int k = 0; k < 3; k++) {
        metric_list_add(list, macro_names[k], macro[k] / present);
        metric_list_add(list, weighted_names[k], weighted[k] / n);
    }
    free(hit);
    free(labelled);
    free(predicted);
    return MLOPS_OK;
}

int metrics_regression(const double *labels, const double *predictions, size_t count,
                       struct metric_list *list, struct mlops_error *err)
{
    if (count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    double n = (double)count, mean = 0, squares = 0, absolute = 0, spread = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(labels[i]) || !isfinite(predictions[i]))
            return mlops_fail(err, MLOPS_INVALID, "row %zu is not a number", i + 1);
        mean += (labels[i] - mean) / (double)(i + 1);
    }
    for (size_t i = 0; i < count; i++) {
        double residual = labels[i] - predictions[i], deviation = labels[i] - mean;
        squares += residual * residual;
        absolute += fabs(residual);
        spread += deviation * deviation;
    }
    metric_list_add(list, "n", n);
    metric_list_add(list, "rmse", sqrt(squares / n));
    metric_list_add(list, "mae", absolute / n);
    /* sklearn.metrics.r2_score: 1 for a perfect fit and 0 otherwise where all labels are equal */
    double r2 = spread > 0 ? 1 - squares / spread : squares == 0 ? 1 : 0;
    metric_list_add(list, "r2", count < 2 ? NAN : r2);
    return MLOPS_OK;
}
