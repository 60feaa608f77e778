/*
 * lib/stats/metrics.h - how good predictions are: classification and regression metrics.
 *
 * Definitions are scikit-learn's (named with each function); tests compare with it to 1e-12.
 */
#ifndef STATS_METRICS_H
#define STATS_METRICS_H
#include "base/util.h"

struct metric {
    char name[MLOPS_NAME_MAX + 1];
    double value; /* NaN where it is not defined on this data */
};

struct metric_list {
    struct metric *items;
    size_t count, capacity;
};
void metric_list_add(struct metric_list *list, const char *name, double value);
const struct metric *metric_list_find(const struct metric_list *list, const char *name);
void metric_list_clear(struct metric_list *list);

/* Every name that the functions below can add, NULL-terminated; static storage. */
const char *const *metric_names(void);

/* Does a smaller value of this metric mean a better model (fpr, log_loss, brier, rmse, mae)? */
bool metric_lower_is_better(const char *name);

/*
 * Binary decisions. `labels[i]` true for the positive class; `scores` or NULL; `predictions` or
 * NULL, then score >= `threshold`. At least one of the two is given. A score need not be a
 * probability.
 * Adds n, accuracy, precision, recall, f1, fpr, specificity, balanced_accuracy, mcc, tp, fp, tn,
 * fn and, with scores, auc (ROC, ties by trapezoid), pr_auc (average precision), log_loss, brier.
 * Where a ratio has nothing below the line it is 0 (zero_division=0), but NaN are auc without both
 * classes, pr_auc without positives, and log_loss and brier where a score is not in 0…1.
 * Errors: MLOPS_INVALID no rows, a score that is not finite; MLOPS_IO not enough memory.
 */
int metrics_binary(const bool *labels, const double *scores, const bool *predictions, size_t count,
                   double threshold, struct metric_list *list, struct mlops_error *err);

/*
 * More than two classes, numbered 0 … classes-1. Adds n, accuracy, balanced_accuracy, and
 * precision, recall, f1 each as NAME_macro and NAME_weighted (zero_division=0), over the classes
 * that are labelled or predicted at least once.
 * Errors: MLOPS_INVALID no rows, a number out of bounds.
 */
int metrics_multiclass(const uint32_t *labels, const uint32_t *predictions, size_t count,
                       uint32_t classes, struct metric_list *list, struct mlops_error *err);

/* Adds n, rmse, mae, r2 (NaN for a single row; 0 where all labels are equal and the fit is not
 * perfect). Errors: MLOPS_INVALID no rows, a value that is not finite. */
int metrics_regression(const double *labels, const double *predictions, size_t count,
                       struct metric_list *list, struct mlops_error *err);

#endif
