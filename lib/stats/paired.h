/* lib/stats/paired.h - two models on the same rows: is one better, and by how much? */
#ifndef STATS_PAIRED_H
#define STATS_PAIRED_H
#include "stats/interval.h"

/*
 * How likely so uneven a split is where both models are right equally often (McNemar, Psychometrika
 * 12, 1947): `only_a` rows only the first got right, `only_b` only the second. Two-sided.
 */
struct mcnemar {
    double exact; /* by the binomial distribution: R's binom.test */
    double mid_p; /* the same, of the split itself one half: closer to its level (Fagerland, Lydersen
                     and Laake, BMC Medical Research Methodology 13:91, 2013) */
};
struct mcnemar mcnemar(uint64_t only_a, uint64_t only_b);

/* The AUC of the first model less that of the second. */
struct auc_difference {
    double a, b;
    struct interval interval; /* of a - b; none where a class has fewer than two rows, or the two
                                 rank every row alike */
    double z, p;              /* two-sided; NaN where there is no interval */
};

/*
 * Compare two scores of `count` rows by DeLong's test for correlated ROC curves (stats/delong.h);
 * pROC's roc.test(paired = TRUE). Scores are finite. Errors: MLOPS_IO not enough memory.
 */
int paired_auc(const bool *labels, const double *a, const double *b, size_t count,
               double confidence, struct auc_difference *difference, struct mlops_error *err);

#endif
