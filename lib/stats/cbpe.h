/*
 * lib/stats/cbpe.h - how well a binary model does where no labels are known, by its own calibrated
 * scores: a prediction of 1 at a probability of 0.9 is right in nine of ten cases. As NannyML's
 * confidence-based performance estimation (nannyml.readthedocs.io, "How it works"). It holds while
 * the scores stay calibrated: drift of the data is seen, drift of the concept is not.
 *
 * With p the calibrated score, a prediction of 1 counts as p of a true and 1 - p of a false
 * positive, one of 0 as p of a false and 1 - p of a true negative; the figures are those of the
 * confusion matrix of these sums. The AUC is the area below the curve that the sums of p and 1 - p
 * make from the highest score down, by trapezoids.
 */
#ifndef STATS_CBPE_H
#define STATS_CBPE_H
#include "stats/isotonic.h"

struct cbpe_answer {
    double score;    /* as the model gave it, finite */
    bool prediction; /* as it was served */
};

/* NaN where one is not defined. */
struct cbpe {
    double accuracy, precision, recall, fpr, auc;
};

/* Sorts `answers`. */
void cbpe_estimate(struct cbpe_answer *answers, size_t count, const struct isotonic *calibration,
                   struct cbpe *estimate);

#endif
