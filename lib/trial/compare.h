/* lib/trial/compare.h - a suite's predictions and those of other versions, row by row. */
#ifndef TRIAL_COMPARE_H
#define TRIAL_COMPARE_H
#include "trial/predictions.h"
#include "trial/rival.h"
#include "trial/verdict.h"

/*
 * Compare the predictions of `tables` with those of each of `rivals`: the trial's result gets the
 * comparisons, all metrics that both have, and the outcome their predictions to be kept. What keeps
 * two from being compared is the comparison's message. docs/metrics.md, "Against another version",
 * says by which method. Errors: MLOPS_IO.
 */
int compare_rivals(const struct trial *trial, const struct predictions_tables *tables,
                   struct rivals *rivals, struct mlops_error *err);

#endif
