/*
 * lib/drift/domain_classifier.h - how well rows of two tables are told apart: Fisher's linear
 * discriminant with ridge regularisation over the features of domain_rows.h, learnt from four folds
 * and tried on the fifth. What does not depend on which table a row belongs to is computed once.
 */
#ifndef DRIFT_DOMAIN_CLASSIFIER_H
#define DRIFT_DOMAIN_CLASSIFIER_H
#include "drift/domain_deal.h"

struct classifier {
    const struct domain_rows *rows;
    double *factors; /* of each fold: Cholesky's of the covariance of the others; see `solve` */
    double *totals;  /* of each fold: the sum of its rows */
    double masses[DOMAIN_FOLDS]; /* how many these are */
};

/* `rows` must outlive it. */
void classifier_make(const struct domain_rows *rows, struct classifier *classifier);
void classifier_clear(struct classifier *classifier);

/* The AUC of rows so dealt, on average over the folds that have rows of both tables, of each lane;
 * 0.5 where none has. Thread-safe. */
void classifier_areas(const struct classifier *classifier, const struct deals *deals,
                      double areas[DEAL_LANES]);

#endif
