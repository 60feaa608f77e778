/*
 * lib/trial/predictions.h - the predictions that a performance suite wrote, read and measured, as
 * a whole and slice by slice.
 */
#ifndef TRIAL_PREDICTIONS_H
#define TRIAL_PREDICTIONS_H
#include "bundle/project.h"
#include "stats/metrics.h"

/* The metrics of some rows. */
struct slice_metrics {
    char *name; /* "country = DE", "amount > 1000" */
    size_t rows;
    struct metric_list metrics;
};

/* Zeroed is empty; the caller clears it. */
struct predictions_report {
    struct metric_list metrics;
    struct slice_metrics *slices; /* in the order of the suite, then of the data */
    size_t slice_count;
    char *positive; /* the text that was taken for the positive class; NULL where it is 1 */
};
void predictions_report_clear(struct predictions_report *report);

/*
 * Read the CSV file `path` with the columns that `suite` names and measure it by the suite's task.
 * Classes are told apart as trial/classes.h says. Binary labels are 0 and 1, true and false, or two
 * texts, of which the one that sorts last is the positive class. Other columns do not matter.
 * Errors: MLOPS_NOT_FOUND no such file; MLOPS_INVALID no such column, or a cell that is missing or
 * does not fit, with file and line; MLOPS_IO.
 */
int predictions_measure(const char *path, const struct project_suite *suite,
                        struct predictions_report *report, struct mlops_error *err);

#endif
