/*
 * lib/drift/method.h - how a column of two profiles is compared. docs/drift.md has the formulas and
 * how the thresholds came about.
 */
#ifndef DRIFT_METHOD_H
#define DRIFT_METHOD_H
#include "drift/pair.h"
#include <mlops/error.h>

struct drift_method {
    const char *name;
    bool numeric, categorical;
    bool binned;      /* looks at counts in cells alone, not at distribution functions */
    bool small;       /* holds for few rows, too: pair_make_small */
    double grows; /* with this power of nm/(n+m), as test statistics do; so does the threshold */
    double threshold; /* from which on it is worth a look, however many rows there are */
    double (*statistic)(const struct pair *pair);
    /* What noise alone reaches with probability alpha at the sizes of the two samples, at most. */
    double (*noise)(const struct pair *pair, double alpha);
    /* What sketches that had to leave values out may add, by errors of their own. */
    double (*sketch)(const struct pair *pair);
    /* Its p-value; NULL: it is no test. */
    double (*p)(const struct pair *pair);
};

/* Fisher's test, which is for what has too few rows for any other method for texts. */
const struct drift_method *method_fisher(void);

/* Has one of the tables so few values of the column that neither draws nor limits decide alone? A
 * statistic has few values then, each with a large chance, and the sample of rows has each a little
 * off its place: one that lies on the threshold in the draws is above it in half of the cases. */
bool method_has_few(const struct pair *pair);

/* The statistic of `ks`, max |F - G|, of which many are computed at once. */
double method_ks(const struct pair *pair);

/* The method called `name` for such columns; NULL: the default. Errors: MLOPS_INVALID. */
int method_find(const char *name, bool numeric, const struct drift_method **method,
                struct mlops_error *err);

/* The effect from which on it is worth a look, at the sizes of this pair. */
double method_threshold(const struct drift_method *method, const struct pair *pair);

/* The p-value of the method where it is a test, else of Kolmogorov-Smirnov's or chi-square; NaN
 * where there is none. */
double method_p(const struct drift_method *method, const struct pair *pair);

#endif
