/* lib/stats/cbpe.c - expected confusion and expected area under the ROC curve. */
#include "stats/cbpe.h"
#include <math.h>

static int compare(const void *a, const void *b)
{
    double x = ((const struct cbpe_answer *)a)->score, y = ((const struct cbpe_answer *)b)->score;
    return (x < y) - (x > y);
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

void cbpe_estimate(struct cbpe_answer *answers, size_t count, const struct isotonic *calibration,
                   struct cbpe *estimate)
{
    double positives[2] = {0, 0}, negatives[2] = {0, 0}; /* expected, of those predicted 0 and 1 */
    double above = 0, below = 0, area = 0;               /* of those that are passed already */
    qsort(answers, count, sizeof(*answers), compare);
    for (size_t i = 0; i < count; i++) { /* down from the highest score; equal ones are collinear */
        double p = isotonic_value(calibration, answers[i].score);
        positives[answers[i].prediction] += p;
        negatives[answers[i].prediction] += 1 - p;
        area += (1 - p) * (above + p / 2);
        above += p;
        below += 1 - p;
    }
    *estimate = (struct cbpe){
        .accuracy = share(positives[1] + negatives[0], (double)count),
        .precision = share(positives[1], positives[1] + negatives[1]),
        .recall = share(positives[1], above),
        .fpr = share(negatives[1], below),
        .auc = share(area, above * below),
    };
}
