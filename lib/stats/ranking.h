/*
 * lib/stats/ranking.h - the scores of positives and of negatives, each sorted once: whatever looks
 * at all thresholds (ROC AUC, average precision) walks over them.
 */
#ifndef STATS_RANKING_H
#define STATS_RANKING_H
#include "base/util.h"

/* Scores as keys of which the smallest is the highest score; equal scores have equal keys. */
struct ranking {
    uint64_t *positive, *negative; /* ascending, so by falling score */
    size_t positives, negatives;
};

/* Sort; the caller clears `ranking`, also after an error. Time grows as `count`.
 * Errors: MLOPS_INVALID a score that is NaN or infinite; MLOPS_IO not enough memory. */
int ranking_make(const bool *labels, const double *scores, size_t count, struct ranking *ranking,
                 struct mlops_error *err);
void ranking_clear(struct ranking *ranking);

/* Area under the ROC curve by trapezoids, so that a tie counts one half
 * (sklearn.metrics.roc_auc_score); NaN where one of the classes is missing. */
double ranking_auc(const struct ranking *ranking);

/* Σ (R_n - R_{n-1}) P_n over the thresholds (sklearn.metrics.average_precision_score); NaN without
 * positives, where scikit-learn warns and says 0. */
double ranking_average_precision(const struct ranking *ranking);

#endif
