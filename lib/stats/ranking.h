/*
 * lib/stats/ranking.h - the scores of positives and of negatives, each sorted once: whatever looks
 * at all thresholds (ROC AUC, average precision, KS) walks over them.
 */
#ifndef STATS_RANKING_H
#define STATS_RANKING_H
#include "base/util.h"

/* Rows of a binary task, as columns. */
struct binary_rows {
    const bool *labels;    /* true for the positive class */
    const double *scores;  /* NULL: there are none. A score need not be a probability */
    const bool *decisions; /* NULL: score >= threshold */
    const double *weights; /* NULL: each row counts 1 */
    size_t count;
};

/* Scores as keys of which the smallest is the highest score; equal scores have equal keys. */
struct ranking {
    uint64_t *positive, *negative;             /* ascending, so by falling score */
    double *positive_weight, *negative_weight; /* beside them; NULL: each counts 1 */
    size_t positives, negatives;
    double positive_total, negative_total; /* of weights */
};

/* Sort; rows of weight 0 are left out. The caller clears `ranking`, also after an error. Time grows
 * as the count of rows. Weights are finite and not below 0. Errors: MLOPS_INVALID a score that is
 * NaN or infinite; MLOPS_IO not enough memory. */
int ranking_make(const struct binary_rows *rows, struct ranking *ranking, struct mlops_error *err);
void ranking_clear(struct ranking *ranking);

/* The rows that share a score, one threshold after the other from the highest. Begin with the
 * ranking alone set. */
struct ranking_walk {
    const struct ranking *ranking;
    uint64_t key;              /* of the score */
    size_t tp, fp;             /* rows above it */
    size_t group_tp, group_fp; /* rows on it */
};
bool ranking_next(struct ranking_walk *walk);

/* The weights on the score where the walk stands. */
double ranking_group_tp(const struct ranking_walk *walk);
double ranking_group_fp(const struct ranking_walk *walk);

/* Area under the ROC curve by trapezoids, so that a tie counts one half
 * (sklearn.metrics.roc_auc_score); NaN where one of the classes is missing. */
double ranking_auc(const struct ranking *ranking);

#endif
