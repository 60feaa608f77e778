/* lib/monitor/roster_rows.h - the events of a span, one by one, out of the rosters. */
#ifndef MONITOR_ROSTER_ROWS_H
#define MONITOR_ROSTER_ROWS_H
#include "monitor/roster.h"
#include <mlops/error.h>

struct db;

struct roster_query {
    const char *model;
    uint64_t version;
    const char *stage, *segment; /* NULL: all */
    bool shadow;
    bool all; /* of every version, stage and segment, shadow or not: what is above is not asked */
    int64_t from, to; /* minutes, the last excluded */
};

/* By minute, and within it in the order in which they were counted. Errors: what `visit` returned;
 * MLOPS_INTEGRITY a roster is damaged; MLOPS_IO. */
int roster_visit(struct db *db, const struct roster_query *query,
                 int (*visit)(void *context, int64_t minute, const struct roster_record *record,
                              struct mlops_error *err),
                 void *context, struct mlops_error *err);

#endif
