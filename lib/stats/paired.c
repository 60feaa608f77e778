/* lib/stats/paired.c - McNemar's and DeLong's tests of two models on the same rows. */
#include "stats/paired.h"
#include "stats/delong.h"
#include "stats/tail.h"
#include <math.h>

/* Below this share of the sum, what is still to come changes no digit. */
#define NEGLIGIBLE 1e-18

struct mcnemar mcnemar(uint64_t only_a, uint64_t only_b)
{
    uint64_t least = only_a < only_b ? only_a : only_b;
    double n = (double)only_a + (double)only_b, k = (double)least;
    if (only_a == only_b)
        return (struct mcnemar){.exact = 1, .mid_p = 1};
    /* the binomial's lower tail from its largest term down: P(k - 1) = P(k) k / (n - k + 1) */
    double at = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * M_LN2);
    double tail = 0, term = at;
    for (double i = k; term > NEGLIGIBLE * tail && i >= 0; i--) {
        tail += term;
        term *= i / (n - i + 1);
    }
    return (struct mcnemar){.exact = fmin(1, 2 * tail), .mid_p = fmin(1, 2 * tail - at)};
}

static int place(const bool *labels, const double *scores, size_t count, double *placements[2],
                 size_t which, double *auc, struct mlops_error *err)
{
    placements[which] = reallocarray(NULL, count + 1, sizeof(double));
    if (!placements[which])
        return mlops_fail(err, MLOPS_IO, "not enough memory to compare %zu scores", count);
    return delong_placements(labels, scores, count, placements[which], auc, err);
}

int paired_auc(const bool *labels, const double *a, const double *b, size_t count,
               double confidence, struct auc_difference *difference, struct mlops_error *err)
{
    double *placements[2] = {NULL, NULL};
    *difference = (struct auc_difference){
        .a = NAN, .b = NAN, .interval = interval_none(), .z = NAN, .p = NAN};
    int code = place(labels, a, count, placements, 0, &difference->a, err);
    if (code == MLOPS_OK)
        code = place(labels, b, count, placements, 1, &difference->b, err);
    if (code == MLOPS_OK) {
        double variance = delong_covariance(labels, placements[0], placements[0], count) +
                          delong_covariance(labels, placements[1], placements[1], count) -
                          2 * delong_covariance(labels, placements[0], placements[1], count);
        double by = difference->a - difference->b;
        if (variance > 0) {
            double error = sqrt(variance);
            difference->interval =
                interval_normal(by, error, confidence, -1, 1, INTERVAL_DELONG);
            difference->z = by / error;
            difference->p = tail_normal_both(difference->z);
        }
    }
    free(placements[0]);
    free(placements[1]);
    return code;
}
