/*
 * lib/drift/domain.h - can a classifier tell rows of the one table from rows of the other?
 *
 * It sees what columns alone do not show: that they go together otherwise. Over the samples of rows
 * of two profiles, up to 1,024 of each, Fisher's linear discriminant with ridge regularisation on
 * standardised columns, the most frequent values of texts, and products of pairs; cross-validated
 * over five folds, equal rows in one fold. Its AUC is about 0.5 where rows cannot be told apart.
 * Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.
 */
#ifndef DRIFT_DOMAIN_H
#define DRIFT_DOMAIN_H
#include "stats/profile.h"

struct domain {
    double auc;       /* NaN: the profiles have no samples of rows, or too few */
    double threshold; /* that chance exceeds in a share `far` of tables, at least DOMAIN_EFFECT */
};

#define DOMAIN_EFFECT 0.55

/* By the columns of both called `names`. */
struct domain domain_classify(const struct profile *reference, const struct profile *current,
                              const char *const *names, size_t count, double far);

#endif
