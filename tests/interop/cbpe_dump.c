/* tests/interop/cbpe_dump.c - estimates of what stands on standard input, for cbpe.py: "r SCORE
 * LABEL" of the reference, then chunks of "a SCORE PREDICTION", each ended by "e". */
#include "stats/cbpe.h"
#include <stdio.h>

int main(void)
{
    double *scores = NULL, *labels = NULL, score, value;
    struct cbpe_answer *answers = NULL;
    struct isotonic calibration = {.x = NULL};
    size_t references = 0, count = 0, score_capacity = 0, label_capacity = 0, capacity = 0;
    bool fitted = false;
    char kind;
    while (scanf(" %c", &kind) == 1) {
        if (kind != 'r' && !fitted) {
            isotonic_fit(&calibration, scores, labels, references);
            fitted = true;
        }
        if (kind == 'e') {
            struct cbpe estimate;
            cbpe_estimate(answers, count, &calibration, &estimate);
            printf("%.17g %.17g %.17g %.17g %.17g\n", estimate.auc, estimate.accuracy,
                   estimate.precision, estimate.recall, 1 - estimate.fpr);
            count = 0;
            continue;
        }
        if (scanf("%lf %lf", &score, &value) != 2)
            return 2;
        if (kind == 'r') {
            GROW(scores, references, &score_capacity);
            GROW(labels, references, &label_capacity);
            scores[references] = score;
            labels[references++] = value;
        } else {
            GROW(answers, count, &capacity);
            answers[count++] = (struct cbpe_answer){score, value != 0};
        }
    }
    isotonic_clear(&calibration);
    free(scores);
    free(labels);
    free(answers);
    return 0;
}
