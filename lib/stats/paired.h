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

/*
 * The interval of the difference of two proportions of the same `count` rows, of which `only_a`
 * count for the first model alone and `only_b` for the second: only_a/count - only_b/count. It is
 * the score interval of Tango (Statistics in Medicine 17, 1998), whose test of no difference is
 * McNemar's and which is that test with a margin; R's PropCIs::scoreci.mp. Where fewer than 25 rows
 * differ, it also has in it the interval that follows from the exact binomial one (Clopper and
 * Pearson) of the split, so that it has 0 in it wherever McNemar's exact test sees no difference.
 * None without rows.
 */
struct interval paired_proportions(uint64_t only_a, uint64_t only_b, uint64_t count,
                                   double confidence);

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
