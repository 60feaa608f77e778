/*
 * lib/drift/course.h - drift explained: since when, in which segment, which columns together.
 */
#ifndef DRIFT_COURSE_H
#define DRIFT_COURSE_H
#include "drift/slices.h"
#include <mlops/drift.h>

#define COURSE_P 0.01    /* a change that chance makes more often than this has no date */
#define TOGETHER_MIN 0.5 /* association from which on columns go together */

/* The spans of every column, and of those that drifted when they did, which is told in `detail`,
 * too. `names` are those of the slices. */
void course_date(struct mlops_drift_report *report, const struct slices *spans,
                 const char *const *names, size_t count);

/* Which segment carries the change of each column. With joint shares p and q of segment and cell,
 * and the change of a cell d = Σ q - Σ p over all segments, a segment carries ½ Σ sign(d) (q - p)
 * over the cells; these add up to the total variation between the tables. */
void course_divide(struct mlops_drift_report *report, const struct slices *reference,
                   const struct slices *current, const char *const *names, size_t count);

/* Columns that drifted and are associated in the current table, directly or through others. */
void course_group(struct mlops_drift_report *report, const struct profile *current);

#endif
