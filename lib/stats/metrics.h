/*
 * lib/stats/metrics.h - how good predictions are, and how certain that is.
 *
 * Definitions are scikit-learn's where it has the metric (docs/metrics.md names each, with its
 * source); tests compare with it to 1e-12.
 */
#ifndef STATS_METRICS_H
#define STATS_METRICS_H
#include "stats/interval.h"
#include "stats/ranking.h"

struct metric {
    char name[MLOPS_NAME_MAX + 1];
    double value;             /* NaN where it is not defined on this data */
    struct interval interval; /* NaN where there is none */
};

struct metric_list {
    struct metric *items;
    size_t count, capacity;
    double confidence; /* of the intervals; 0: not known */
};
/* Without an interval; the metric stays where it is until the next one is added. */
struct metric *metric_list_add(struct metric_list *list, const char *name, double value);
const struct metric *metric_list_find(const struct metric_list *list, const char *name);
void metric_list_clear(struct metric_list *list);

/* Every name that the functions below can add, NULL-terminated; static storage. Some also come
 * with a class in brackets, NAME[CLASS]: metric_has_classes. */
const char *const *metric_names(void);
bool metric_has_classes(const char *name);
/* Is it one of them, or NAME[CLASS] of one that comes with classes? */
bool metric_is_known(const char *name);

/* Does a smaller value of this metric mean a better model (fpr, log_loss, cost …)? */
bool metric_lower_is_better(const char *name);

/* Errors: MLOPS_INVALID a weight that is negative or not finite, or all are 0. NULL is fine. */
int metric_weights_check(const double *weights, size_t count, struct mlops_error *err);

/* What some metrics need to know. Zero is the default of every member but `threshold`. */
struct metric_options {
    double threshold;  /* binary, without decisions: the score from which on it is a yes */
    double beta;       /* 0: no fbeta */
    double at_fpr;     /* 0: no recall_at_fpr, precision_at_fpr, threshold_at_fpr */
    double lift_share; /* of the rows with the highest scores; 0: one tenth */
    bool costs;        /* cost and cost_per_row, in money: */
    double cost_fp, cost_fn;
    double quantile;   /* of the pinball loss; 0: the median's */
    uint64_t cutoff;   /* ranks that ndcg and map look at; 0: all */
    double confidence; /* of intervals, 0.95; 0: none are computed */
    uint64_t seed;     /* of the bootstrap: the same seed, the same intervals, on every machine */
    size_t replicates; /* 0: METRIC_REPLICATES */
};
#define METRIC_REPLICATES 1000

/*
 * Binary decisions. At least one of scores and decisions is there.
 * Adds n, accuracy, precision, recall, f1, fpr, specificity, balanced_accuracy, mcc, tp, fp, tn,
 * fn, fbeta, cost and cost_per_row as asked for; with scores, auc (ROC, ties by trapezoid), pr_auc
 * (average precision), log_loss, brier, ece, ks, lift and, as asked for, NAME_at_fpr.
 * Where a ratio has nothing below the line it is 0 (zero_division=0), but NaN are auc and ks
 * without both classes, pr_auc and lift without positives, and log_loss, brier and ece where a
 * score is not in 0…1.
 * Intervals: DeLong for auc, Wilson for proportions, and the bootstrap, stratified by label, for
 * the rest and for everything that is weighted. n, tp, fp, tn and fn have none.
 * Errors: MLOPS_INVALID no rows, a score that is not finite, weights that are negative or all 0;
 * MLOPS_IO not enough memory.
 */
int metrics_binary(const struct binary_rows *rows, const struct metric_options *options,
                   struct metric_list *list, struct mlops_error *err);

/* Of these only n and what is computed of decisions, at the threshold of `options`: for looking at
 * one model at several thresholds. Errors: as metrics_binary. */
int metrics_decisions(const struct binary_rows *rows, const struct metric_options *options,
                      struct metric_list *list, struct mlops_error *err);

/* Rows of a task of several classes, numbered 0 … classes-1. */
struct class_rows {
    const uint32_t *labels, *predictions;
    const double *probabilities; /* of each row, one a class; NULL: there are none */
    const double *weights;       /* NULL: each row counts 1 */
    size_t count;
    uint32_t classes;
    const char *const *names; /* of classes, for NAME[CLASS]; NULL: only averages are told */
};

/*
 * Adds n, accuracy, balanced_accuracy, mcc, and precision, recall, f1 each as NAME_macro,
 * NAME_micro and NAME_weighted (zero_division=0), over the classes that are labelled or predicted
 * at least once, and with names as NAME[CLASS]; with probabilities log_loss, auc_macro and
 * auc_weighted, each class against the rest, not defined where a class is not labelled.
 * Intervals: Wilson for accuracy, micro averages and the precision and recall of a class; DeLong's
 * influences for auc; the bootstrap, stratified by label, for the rest.
 * Errors: MLOPS_INVALID no rows, a number out of bounds, a probability that is not in 0…1,
 * probabilities that do not add up to 1, bad weights; MLOPS_IO not enough memory.
 */
int metrics_multiclass(const struct class_rows *rows, const struct metric_options *options,
                       struct metric_list *list, struct mlops_error *err);

/* Rows of which each has any number of labels: `labels[row * width + label]`. */
struct label_rows {
    const bool *labels, *predictions;
    const double *weights; /* NULL: each row counts 1 */
    size_t count, width;
    const char *const *names; /* of labels, for NAME[LABEL]; NULL: only averages are told */
};

/*
 * Adds n, accuracy (of whole sets), hamming_loss, and precision, recall, f1 each as NAME_macro,
 * NAME_micro, NAME_weighted and, with names, NAME[LABEL] (zero_division=0). Intervals: Wilson for
 * accuracy, the bootstrap of rows for the rest.
 * Errors: MLOPS_INVALID no rows or labels, bad weights; MLOPS_IO.
 */
int metrics_multilabel(const struct label_rows *rows, const struct metric_options *options,
                       struct metric_list *list, struct mlops_error *err);

struct number_rows {
    const double *labels, *predictions;
    const double *weights; /* NULL: each row counts 1 */
    size_t count;
};

/* Adds n, rmse, mae, median_ae, max_error, mape, pinball, r2 (NaN for a single row; 0 where all
 * labels are equal and the fit is not perfect) and explained_variance. Intervals by the bootstrap
 * of rows; max_error has none, for a bootstrap never sees beyond the largest.
 * Errors: MLOPS_INVALID no rows, a value that is not finite, bad weights; MLOPS_IO. */
int metrics_regression(const struct number_rows *rows, const struct metric_options *options,
                       struct metric_list *list, struct mlops_error *err);

/* Items to be ranked, those of a query with the same group, 0 … groups-1. */
struct ranked_rows {
    const uint32_t *groups;
    const double *relevance; /* 0 or more */
    const double *scores;
    size_t count;
    uint32_t group_count;
};

/* Adds n, groups, ndcg (linear gain, ties averaged; 0 for a group without relevant items) and map
 * (items are relevant or not; groups without relevant ones are left out). Intervals by the
 * bootstrap of groups. Errors: MLOPS_INVALID no rows, a value that is not finite or below 0;
 * MLOPS_IO not enough memory. */
int metrics_ranking(const struct ranked_rows *rows, const struct metric_options *options,
                    struct metric_list *list, struct mlops_error *err);

#endif
