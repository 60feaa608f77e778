/* lib/stats/metrics.c - lists of metrics, regression, many classes; binary ones have a file of
 * their own. */
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

/* How often a class was right, labelled and predicted. */
struct tally {
    size_t hit, labelled, predicted;
};

static int count_classes(const uint32_t *labels, const uint32_t *predictions, size_t count,
                         uint32_t classes, struct tally *tallies, struct mlops_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (labels[i] >= classes || predictions[i] >= classes)
            return mlops_fail(err, MLOPS_INVALID, "row %zu is of no class below %u", i + 1,
                              classes);
        tallies[labels[i]].labelled++;
        tallies[predictions[i]].predicted++;
        tallies[labels[i]].hit += labels[i] == predictions[i];
    }
    return MLOPS_OK;
}

static void add_averages(struct metric_list *list, const struct tally *tallies, uint32_t classes,
                         size_t count)
{
    static const char *const names[][2] = {{"precision_macro", "precision_weighted"},
                                           {"recall_macro", "recall_weighted"},
                                           {"f1_macro", "f1_weighted"}};
    struct sum macro[3] = {0}, weighted[3] = {0};
    double n = (double)count, right = 0, present = 0, labelled_classes = 0;
    for (uint32_t c = 0; c < classes; c++) {
        double hit = (double)tallies[c].hit, labelled = (double)tallies[c].labelled,
               predicted = (double)tallies[c].predicted;
        double values[] = {ratio(hit, predicted), ratio(hit, labelled),
                           ratio(2 * hit, labelled + predicted)};
        right += hit;
        present += labelled + predicted > 0;
        labelled_classes += labelled > 0;
        for (size_t k = 0; k < ARRAY_LENGTH(values); k++) {
            sum_add(&macro[k], values[k]);
            sum_add(&weighted[k], values[k] * labelled);
        }
    }
    metric_list_add(list, "n", n);
    metric_list_add(list, "accuracy", right / n);
    metric_list_add(list, "balanced_accuracy", sum_of(&macro[1]) / labelled_classes);
    for (size_t k = 0; k < ARRAY_LENGTH(names); k++) {
        metric_list_add(list, names[k][0], sum_of(&macro[k]) / present);
        metric_list_add(list, names[k][1], sum_of(&weighted[k]) / n);
    }
}

int metrics_multiclass(const uint32_t *labels, const uint32_t *predictions, size_t count,
                       uint32_t classes, struct metric_list *list, struct mlops_error *err)
{
    if (count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    struct tally *tallies = xcalloc(classes, sizeof(*tallies));
    int code = count_classes(labels, predictions, count, classes, tallies, err);
    if (code == MLOPS_OK)
        add_averages(list, tallies, classes, count);
    free(tallies);
    return code;
}

int metrics_regression(const double *labels, const double *predictions, size_t count,
                       struct metric_list *list, struct mlops_error *err)
{
    if (count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    struct sum total = {0}, squares = {0}, absolute = {0}, spread = {0};
    bool constant = true; /* then rounding of the mean must not look like variation */
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(labels[i]) || !isfinite(predictions[i]))
            return mlops_fail(err, MLOPS_INVALID, "row %zu is not a finite number", i + 1);
        sum_add(&total, labels[i]);
        constant = constant && labels[i] == labels[0];
    }
    double n = (double)count, mean = sum_of(&total) / n;
    for (size_t i = 0; i < count; i++) {
        double residual = labels[i] - predictions[i], deviation = labels[i] - mean;
        sum_add(&squares, residual * residual);
        sum_add(&absolute, fabs(residual));
        sum_add(&spread, deviation * deviation);
    }
    double residuals = sum_of(&squares), variation = constant ? 0 : sum_of(&spread);
    metric_list_add(list, "n", n);
    metric_list_add(list, "rmse", sqrt(residuals / n));
    metric_list_add(list, "mae", sum_of(&absolute) / n);
    /* 1 for a perfect fit and 0 otherwise where all labels are equal (force_finite) */
    double r2 = variation > 0 ? 1 - residuals / variation : residuals > 0 ? 0 : 1;
    metric_list_add(list, "r2", count < 2 ? NAN : r2);
    return MLOPS_OK;
}
