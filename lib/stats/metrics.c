/* lib/stats/metrics.c - lists of metrics, and what is known of their names. */
#include "stats/metrics.h"
#include "stats/sum.h"

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
                                        "fbeta",
                                        "cost",
                                        "cost_per_row",
                                        "auc",
                                        "pr_auc",
                                        "log_loss",
                                        "brier",
                                        "ece",
                                        "ks",
                                        "lift",
                                        "recall_at_fpr",
                                        "precision_at_fpr",
                                        "threshold_at_fpr",
                                        "precision_macro",
                                        "recall_macro",
                                        "f1_macro",
                                        "precision_micro",
                                        "recall_micro",
                                        "f1_micro",
                                        "precision_weighted",
                                        "recall_weighted",
                                        "f1_weighted",
                                        "auc_macro",
                                        "auc_weighted",
                                        "hamming_loss",
                                        "rmse",
                                        "mae",
                                        "median_ae",
                                        "max_error",
                                        "mape",
                                        "pinball",
                                        "r2",
                                        "explained_variance",
                                        "groups",
                                        "ndcg",
                                        "map",
                                        NULL};
/* Less of it is better. */
static const char *const falling[] = {
    "fpr",          "fp",   "fn",  "cost",      "cost_per_row", "log_loss", "brier",   "ece",
    "hamming_loss", "rmse", "mae", "median_ae", "max_error",    "mape",     "pinball", NULL};
/* Also told of each class. */
static const char *const of_classes[] = {"precision", "recall", "f1", NULL};

const char *const *metric_names(void)
{
    return all_names;
}

/* Is `name` one of `names`, or of a class of one? */
static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++) {
        size_t length = strlen(*names);
        if (strncmp(name, *names, length) == 0 && (!name[length] || name[length] == '['))
            return true;
    }
    return false;
}

bool metric_has_classes(const char *name)
{
    return is_one_of(name, of_classes);
}

bool metric_is_known(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; all_names[i]; i++)
        if (str_equal(all_names[i], name))
            return true;
    return metric_has_classes(name) && length > 0 && name[length - 1] == ']';
}

bool metric_lower_is_better(const char *name)
{
    return is_one_of(name, falling);
}

struct metric *metric_list_add(struct metric_list *list, const char *name, double value)
{
    GROW(list->items, list->count, &list->capacity);
    struct metric *metric = &list->items[list->count++];
    str_copy(metric->name, sizeof(metric->name), name);
    metric->value = value;
    metric->interval = interval_none();
    return metric;
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

int metric_weights_check(const double *weights, size_t count, struct mlops_error *err)
{
    bool any = !weights;
    for (size_t i = 0; weights && i < count; i++) {
        if (!(weights[i] >= 0 && isfinite(weights[i])))
            return mlops_fail(err, MLOPS_INVALID, "the weight in row %zu is not 0 or more", i + 1);
        any = any || weights[i] > 0;
    }
    return any ? MLOPS_OK : mlops_fail(err, MLOPS_INVALID, "all weights are 0");
}
