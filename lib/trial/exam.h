/*
 * lib/trial/exam.h - a suite that is measured on an evaluation set of the registry's: it is given
 * the rows, and nobody but mlops sees the labels.
 */
#ifndef TRIAL_EXAM_H
#define TRIAL_EXAM_H
#include "trial/predictions.h"
#include "trial/verdict.h"

#define EXAM_FILE ".mlops-evaluation.csv" /* in the suite's folder */

/* The full name of the set that `suite` names. The caller frees; NULL where it names none. */
char *exam_name(const struct mlops_version *version, const struct project_suite *suite);

/* Find the suite's evaluation set, if it names one, and lay its rows out in the suite's folder.
 * `*ready` false, and the trial has its status, where that cannot be. Errors: those of the
 * registry. */
int exam_prepare(const struct trial *trial, bool *ready, struct mlops_error *err);

/* What the predictions are held against. Zeroed: the predictions themselves. */
struct exam {
    struct predictions_tables tables;
    char *rows, *labels;
};
/* When the suite has ended: lay out in `folder` what its set has. */
int exam_open(const struct trial *trial, const char *folder, struct exam *exam,
              struct mlops_error *err);
void exam_clear(struct exam *exam);

#endif
