/*
 * lib/drift/season.h - rows of the reference chosen so that hours or weekdays have the share that
 * they have in the current table: Mondays are then held against Mondays.
 *
 * A row of class c is taken with probability a_c / max a, where a_c is the share of c in the
 * current table divided by that in the reference (rejection sampling: von Neumann 1951). What is
 * taken is a sample of the reference with the current table's mix of classes, from which profiles
 * and thresholds follow as from any other.
 */
#ifndef DRIFT_SEASON_H
#define DRIFT_SEASON_H
#include "stats/profile.h"

#define SEASON_CLASSES_MAX 24

struct season {
    int64_t period_ns, class_ns; /* class = time % period / class_ns */
    size_t classes;
    double chances[SEASON_CLASSES_MAX];
    double absent;    /* share of the current rows whose class the reference does not have */
    uint64_t counter; /* rows that were asked about */
};

/* "hour" (of the day, UTC) or "weekday"; the columns are of times, in profiles of format 2.
 * Errors: MLOPS_INVALID no such season, no times, or no class is in both. */
int season_make(const char *name, const struct column_profile *reference,
                const struct column_profile *current, struct season *season,
                struct mlops_error *err);

/* The rows of `batch` that are taken, as a batch of `memory`, which the caller clears; `time` is
 * the place of the column. The same rows for the same table, however it is cut into batches. */
struct season_memory {
    struct batch batch;
    void **arrays;
    size_t count;
};
void season_take(struct season *season, const struct batch *batch, size_t time,
                 struct season_memory *memory);
void season_memory_clear(struct season_memory *memory);

#endif
