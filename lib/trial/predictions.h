/*
 * lib/trial/predictions.h - the predictions that a performance suite wrote, read and measured.
 */
#ifndef TRIAL_PREDICTIONS_H
#define TRIAL_PREDICTIONS_H
#include "bundle/project.h"
#include "stats/metrics.h"

/*
 * Read the CSV file `path` with the columns that `suite` names and add the metrics of its task.
 * Binary labels are 0 and 1, true and false, or two texts, of which the one that sorts last is the
 * positive class.
 * Errors: MLOPS_NOT_FOUND, MLOPS_INVALID: no such file, column or a cell that is missing or does
 * not fit, with file and line.
 */
int predictions_measure(const char *path, const struct project_suite *suite,
                        struct metric_list *metrics, struct mlops_error *err);

#endif
