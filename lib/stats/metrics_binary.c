/* lib/stats/metrics_binary.c - binary decisions: the confusion matrix, ranking, probabilities. */
#include "stats/metrics.h"
#include <float.h>
#include <math.h>

struct ranked {
    double score;
    bool label;
};

static int by_falling_score(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->score, y = ((const struct ranked *)b)->score;
    return (x < y) - (x > y);
}

/* Neumaier's compensated sum, so that ten million terms lose nothing. */
struct sum {
    double value, lost;
};
static void sum_add(struct sum *sum, double term)
{
    double next = sum->value + term;
    sum->lost +=
        fabs(sum->value) >= fabs(term) ? (sum->value - next) + term : (term - next) + sum->value;
    sum->value = next;
}
static double sum_of(struct sum sum)
{
    return sum.value + sum.lost;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0; /* zero_division=0 */
}

/*
 * ROC AUC by trapezoids, and average precision Σ (R_n - R_{n-1}) P_n, both over groups of equal
 * scores (sklearn.metrics.roc_auc_score, average_precision_score). Doubled areas are whole numbers.
 */
static void add_ranking(struct metric_list *list, const bool *labels, const double *scores,
                        size_t count)
{
    struct ranked *ranked = xcalloc(count, sizeof(*ranked));
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){scores[i], labels[i]};
    qsort(ranked, count, sizeof(*ranked), by_falling_score);
    double tp = 0, fp = 0, positives = 0, doubled_area = 0;
    struct sum precision = {0};
    for (size_t i = 0; i < count; i++)
        positives += labels[i];
    for (size_t i = 0; i < count;) {
        double group_tp = 0, group_fp = 0, score = ranked[i].score;
        for (; i < count && ranked[i].score == score; i++) {
            group_tp += ranked[i].label;
            group_fp += !ranked[i].label;
        }
        doubled_area += group_fp * (2 * tp + group_tp);
        tp += group_tp;
        fp += group_fp;
        sum_add(&precision, group_tp * (tp / (tp + fp)));
    }
    free(ranked);
    double negatives = (double)count - positives;
    bool both = positives > 0 && negatives > 0;
    metric_list_add(list, "auc", both ? doubled_area / (2 * positives * negatives) : NAN);
    metric_list_add(list, "pr_auc", positives > 0 ? sum_of(precision) / positives : NAN);
}

/* Mean of -ln of the probability given to what happened, and of the squared error. Probabilities
 * are clipped to [ε, 1 - ε], ε of a double, as scikit-learn does from 1.2 on
 * (sklearn.metrics.log_loss, eps="auto"). */
static void add_probabilities(struct metric_list *list, const bool *labels, const double *scores,
                              size_t count)
{
    static const double eps = DBL_EPSILON;
    struct sum loss = {0}, squares = {0};
    bool probabilities = true;
    for (size_t i = 0; i < count; i++) {
        double p = fmin(fmax(scores[i], eps), 1 - eps);
        probabilities = probabilities && scores[i] >= 0 && scores[i] <= 1;
        sum_add(&loss, labels[i] ? -log(p) : -log(1 - p));
        double error = scores[i] - labels[i];
        sum_add(&squares, error * error);
    }
    double n = (double)count;
    metric_list_add(list, "log_loss", probabilities ? sum_of(loss) / n : NAN);
    metric_list_add(list, "brier", probabilities ? sum_of(squares) / n : NAN);
}

static void add_decisions(struct metric_list *list, double tp, double fp, double tn, double fn)
{
    double recall = ratio(tp, tp + fn), specificity = ratio(tn, tn + fp);
    double classes = (tp + fn > 0) + (tn + fp > 0);
    double balanced = (recall + specificity) / classes; /* over the classes that are there */
    double spread = sqrt(tp + fp) * sqrt(tp + fn) * sqrt(tn + fp) * sqrt(tn + fn);
    metric_list_add(list, "n", tp + fp + tn + fn);
    metric_list_add(list, "accuracy", (tp + tn) / (tp + fp + tn + fn));
    metric_list_add(list, "precision", ratio(tp, tp + fp));
    metric_list_add(list, "recall", recall);
    metric_list_add(list, "f1", ratio(2 * tp, 2 * tp + fp + fn));
    metric_list_add(list, "fpr", ratio(fp, fp + tn));
    metric_list_add(list, "specificity", specificity);
    metric_list_add(list, "balanced_accuracy", balanced);
    metric_list_add(list, "mcc", ratio(tp * tn - fp * fn, spread));
    metric_list_add(list, "tp", tp);
    metric_list_add(list, "fp", fp);
    metric_list_add(list, "tn", tn);
    metric_list_add(list, "fn", fn);
}

int metrics_binary(const bool *labels, const double *scores, const bool *predictions, size_t count,
                   double threshold, struct metric_list *list, struct mlops_error *err)
{
    if (count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    double cells[2][2] = {{0}}; /* [label][prediction] */
    for (size_t i = 0; i < count; i++) {
        if (scores && isnan(scores[i]))
            return mlops_fail(err, MLOPS_INVALID, "the score in row %zu is not a number", i + 1);
        bool prediction = predictions ? predictions[i] : scores[i] >= threshold;
        cells[labels[i]][prediction]++;
    }
    add_decisions(list, cells[1][1], cells[0][1], cells[0][0], cells[1][0]);
    if (scores) {
        add_ranking(list, labels, scores, count);
        add_probabilities(list, labels, scores, count);
    }
    return MLOPS_OK;
}
