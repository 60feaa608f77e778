/*
 * lib/drift/domain.h - do rows of the one table differ from rows of the other as wholes?
 *
 * That shows what columns alone do not: that they go together otherwise. Over the samples of rows
 * of two profiles, up to 1,024 of each, two things are measured: how well a classifier tells the
 * rows apart (Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017), and of
 * which pair of columns the correlation changed most, each pair by what it varies by chance.
 *
 * What chance makes of both is seen by dealing the rows of both tables out to them anew, at random,
 * and measuring these (Pitman 1937): that is right for any data, however correlated columns and
 * folds are. A share `far` of the deals exceeds one of the thresholds or both (Westfall and Young
 * 1993).
 */
#ifndef DRIFT_DOMAIN_H
#define DRIFT_DOMAIN_H
#include "stats/profile.h"

struct domain {
    double auc, auc_threshold; /* about 0.5 where rows cannot be told apart */
    /* Of the pair that changed most: by how many deviations of chance Fisher's z of its correlation
     * differs. NaN: there are no pairs. */
    double bond, bond_threshold;
    double correlations[2]; /* of that pair in both tables */
    const char *pair[2];    /* its columns; of `names`, or NULL */
};

#define DOMAIN_EFFECT 0.55 /* an AUC below it is too small to matter */

/* By the columns of both called `names`, for `far` not below DOMAIN_FAR_MIN; `any_effect`: chance
 * alone sets the thresholds. All is NaN where the profiles have no samples of rows, or too few. */
#define DOMAIN_FAR_MIN 0.0005
struct domain domain_classify(const struct profile *reference, const struct profile *current,
                              const char *const *names, size_t count, double far, bool any_effect);

#endif
