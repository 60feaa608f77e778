/*
 * lib/trial/predictions.h - the predictions that a performance suite wrote, read and measured, as
 * a whole and slice by slice.
 */
#ifndef TRIAL_PREDICTIONS_H
#define TRIAL_PREDICTIONS_H
#include "bundle/judge.h"
#include "stats/metrics.h"
#include <mlops/evaluation.h>

/* Zeroed is empty; the caller clears it. */
struct predictions_report {
    struct metric_list metrics;
    struct slice_metrics *slices; /* in the order of the suite, then of the data */
    size_t slice_count;
    struct slice_metrics *thresholds; /* all rows, decided at each of the suite's thresholds */
    size_t threshold_count;
    /* Of many classes: for each label its rows, and how many of them are predicted as each class,
     * by the sums of their weights where there are weights. None where there are too many classes.
     */
    struct slice_metrics *confusion;
    size_t confusion_count;
    char *positive; /* the text that was taken for the positive class; NULL where it is 1 */
};
void predictions_report_clear(struct predictions_report *report);

/* The tables that a suite is measured by. */
struct predictions_tables {
    const char *predictions; /* what it wrote */

    /* What the registry holds, row by row beside them; NULL: all columns are in the predictions. */
    const struct mlops_evaluation *evaluation;
    const char *rows, *labels;
};

/*
 * Read the CSV files with the columns that `suite` names and measure them by the suite's task. On
 * an evaluation set the predictions only say what the model says (scores and predictions): labels,
 * weights and groups are withheld columns of the set, and slices are columns of it, too.
 * Classes are told apart as trial/classes.h says. Binary labels are 0 and 1, true and false, or two
 * texts, of which the one that sorts last is the positive class. Other columns do not matter.
 * Errors: MLOPS_NOT_FOUND no such file; MLOPS_INVALID no such column, or a cell that is missing or
 * does not fit, with file and line; not as many predictions as the set has rows; MLOPS_IO.
 */
int predictions_measure(const struct predictions_tables *tables, const struct project_suite *suite,
                        struct predictions_report *report, struct mlops_error *err);

/* Predictions in memory, to be measured again and again. */
struct predictions;

/* `tables` and `suite` are borrowed and outlive `*predictions`, which the caller frees. Where both
 * they and `like` (NULL: nothing) have ids, they come in the order of `like`. Errors: as
 * predictions_measure, and MLOPS_INVALID an id that is in one of the two alone. */
int predictions_read(const struct predictions_tables *tables, const struct project_suite *suite,
                     const struct predictions *like, struct predictions **predictions,
                     struct mlops_error *err);
void predictions_free(struct predictions *predictions);
DEFINE_CLEANUP(struct predictions, predictions_free)

/* What the bootstrap draws: rows, and of a ranking its queries. */
size_t predictions_units(const struct predictions *predictions);
size_t predictions_rows(const struct predictions *predictions);

/* The stratum of each unit, below `*count`; NULL where all are of one. Of classes, the label. Owned
 * by the predictions. */
const uint32_t *predictions_strata(const struct predictions *predictions, uint32_t *count);

/* The metrics of units[0 … count-1], each as often as it stands there, without intervals; NULL: of
 * all. May be called by several threads. */
int predictions_measure_units(const struct predictions *predictions, const size_t *units,
                              size_t count, struct metric_list *metrics, struct mlops_error *err);

/* Are both about the same rows: as many, of the same labels, weights and queries, in the same
 * order? Errors: MLOPS_INVALID saying where they part. */
int predictions_match(const struct predictions *ours, const struct predictions *theirs,
                      struct mlops_error *err);

/* Of a task of classes without weights: was row `row` predicted right? */
bool predictions_counts(const struct predictions *predictions); /* is it such a task? */
bool predictions_is_right(const struct predictions *predictions, size_t row);

/* Binary: is the row's label the positive class; what is its score? NULL where there are none. */
bool predictions_is_positive(const struct predictions *predictions, size_t row);
const double *predictions_scores(const struct predictions *predictions);

#endif
