/*
 * lib/drift/calibrate.h - how large the statistics of a whole table become where nothing drifts.
 *
 * Both tables are drawn anew from the reference's sample of rows, at the sizes that they have, many
 * times; columns that go together go together in every draw. What a column is held against is c
 * times its own quantile of the draws, with one c for all columns, so chosen that in a share `far`
 * of the draws at least one column exceeds (the max-T procedure of Westfall and Young 1993, with
 * statistics scaled by their quantile). docs/drift.md says how well that holds.
 */
#ifndef DRIFT_CALIBRATE_H
#define DRIFT_CALIBRATE_H
#include "drift/method.h"
#include "stats/row_sample.h"

#define CALIBRATE_FAR_MIN 0.0025 /* rarer alarms need more draws than are made */

struct calibrated {
    const struct pair *pair;           /* as it was seen: it says how cells are cut */
    const struct drift_method *method; /* by which it is compared */
    bool chosen;                       /* by somebody, not by its kind */
    size_t place;                      /* of the column in the reference */
    double weight;    /* of it: a heavier column is held against less; 1 for all is neutral */
    double threshold; /* of effect, of its own; 0: none */
    double noise;     /* out: the threshold; NaN where the sample does not know the column */
};

/* `reference_rows` and `current_rows`: of the tables, missing values and all. The draws are the
 * same for the same input on every machine, whatever the number of threads. */
void calibrate(const struct row_sample *sample, uint64_t reference_rows, uint64_t current_rows,
               double far, struct calibrated *columns, size_t count);

#endif
