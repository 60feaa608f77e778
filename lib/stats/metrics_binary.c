/* lib/stats/metrics_binary.c - binary decisions: the confusion matrix, ranking, probabilities. */
#include "stats/metrics.h"
#include "stats/ranking.h"
#include "stats/sum.h"
#include <float.h>

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0; /* zero_division=0 */
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
    metric_list_add(list, "log_loss", probabilities ? sum_of(&loss) / n : NAN);
    metric_list_add(list, "brier", probabilities ? sum_of(&squares) / n : NAN);
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
    _cleanup_(ranking_clear) struct ranking ranking = {0};
    if (count == 0)
        return mlops_fail(err, MLOPS_INVALID, "there are no predictions to judge");
    if (scores)
        TRY(ranking_make(labels, scores, count, &ranking, err));
    size_t cells[2][2] = {{0}}; /* [label][prediction] */
    for (size_t i = 0; i < count; i++)
        cells[labels[i]][predictions ? predictions[i] : scores[i] >= threshold]++;
    add_decisions(list, (double)cells[1][1], (double)cells[0][1], (double)cells[0][0],
                  (double)cells[1][0]);
    if (scores) {
        metric_list_add(list, "auc", ranking_auc(&ranking));
        metric_list_add(list, "pr_auc", ranking_average_precision(&ranking));
        add_probabilities(list, labels, scores, count);
    }
    return MLOPS_OK;
}
