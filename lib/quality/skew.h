/* lib/quality/skew.h - has a snapshot drifted from another? By what `mlops drift` would say. */
#ifndef QUALITY_SKEW_H
#define QUALITY_SKEW_H
#include "bundle/manifest.h"
#include "quality/judged.h"
#include "quality/snapshot_table.h"

/* Compare the profiles that were made when both were packaged. Target and time of the reference,
 * `data`, are left out; a column that one of them has not, or has as text where the other has
 * numbers, has drifted. Errors: those of profiles_compare. */
int skew_judge(const struct snapshot_table *table, const struct snapshot_table *reference,
               const struct manifest_data *data, const struct expectation *expectation,
               struct mlops_expectation_result *result, struct mlops_error *err);

#endif
