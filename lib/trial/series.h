/* lib/trial/series.h - the columns of a table of predictions that a suite names, in memory. */
#ifndef TRIAL_SERIES_H
#define TRIAL_SERIES_H
#include "trial/classes.h"
#include "trial/predictions.h"
#include "trial/row_ids.h"

#define SERIES_NONE UINT32_MAX /* the class of a missing cell */

/* The table that a column is in. */
enum series_part { SERIES_PREDICTIONS, SERIES_ROWS, SERIES_LABELS, SERIES_PARTS };

/* One column. */
struct series {
    const char *name;    /* NULL: not asked for */
    bool numeric;        /* read into `numbers`, otherwise into `classes` */
    struct row_ids *ids; /* read into these instead; borrowed; NULL of all but ids */
    bool optional;       /* a cell may be missing: NaN, SERIES_NONE */
    enum series_part part;
    size_t column;
    double *numbers;
    uint32_t *classes;
    struct classes *names; /* borrowed: the classes that it may share with others */
};

struct series_table {
    const char *path; /* of the part that is being read */
    enum series_part part;
    bool binary; /* labels and predictions are of two classes */
    struct series label, score, prediction, weight, group;
    struct series id, set_id;        /* of the predictions, and of the rows of an evaluation set */
    struct series *scores;           /* beside the measurement's, as those below */
    struct series *truths, *guesses; /* of each label */
    struct series *slices;
    size_t score_count, label_count, slice_count;
    size_t count, capacity;
    struct classes *names, *groups;
    struct classes **slice_names;
    struct row_ids *ids, *set_ids;
};

/* Read the tables. The caller clears `table`, also after an error. Errors: as
 * predictions_measure. */
int series_read(const struct predictions_tables *tables, const struct project_suite *suite,
                struct series_table *table, struct mlops_error *err);
/* Put the rows into the order that they have in `like`, by their ids, which both have. Errors:
 * MLOPS_INVALID an id that is in one of them alone; MLOPS_IO. */
int series_align(struct series_table *table, const struct series_table *like,
                 struct mlops_error *err);
void series_clear(struct series_table *table);

#endif
