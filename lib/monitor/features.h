/*
 * lib/monitor/features.h - profiles whose columns come and go: what a window knows of its features.
 *
 * Columns are in the order of their names. A profile without columns is NULL. A column that only
 * some events have was absent in the others (MISSING_ABSENT).
 */
#ifndef MONITOR_FEATURES_H
#define MONITOR_FEATURES_H
#include "stats/profile.h"

/* Take `*b`, which is of `b_rows` events, into `*a` of `a_rows`. Where a name is a number in one and
 * a text in the other, the values of `b` become misfits of `a`: nothing fails, all is counted. */
void features_merge(struct profile **a, uint64_t a_rows, const struct profile *b, uint64_t b_rows);

/* The column of that name, made with this type where it is not there; `rows` events came before
 * that did not have it. Pointers to other columns end with this call. */
struct column_profile *features_column(struct profile **features, const char *name,
                                       enum column_type type, uint64_t rows);
/* `rows` more events came that do not have the column. */
void features_absent(struct column_profile *column, uint64_t rows);

#endif
