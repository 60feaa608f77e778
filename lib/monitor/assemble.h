/*
 * lib/monitor/assemble.h - a table to learn from: raw events joined with their labels.
 *
 * One row an event of the stage whose label is known, shadow events left out, in the order in which
 * they were counted, each id once. Columns are those of a training snapshot, in its order: its
 * target is the label, its time column the event's time, all else the features. The same events and
 * labels give the same bytes. It is written as the snapshot is read: its separator, its header or
 * none.
 */
#ifndef MONITOR_ASSEMBLE_H
#define MONITOR_ASSEMBLE_H
#include "bundle/csv_keys.h"
#include "monitor/training.h"

struct assemble_options {
    const char *model, *stage;
    int64_t since_ns, until_ns; /* of the events' times, the last excluded */
    const struct training *training;
    const struct csv_keys *csv; /* by which the file will be read */
    const char *path;           /* of the CSV file, which is written anew */
};

struct assembled {
    uint64_t events;  /* of the stage in that time */
    uint64_t rows;    /* that were written */
    uint64_t unnamed; /* labelled, but their class is none of the snapshot's */
};

/* Errors: MLOPS_INVALID the snapshot has no target, or events were taken in as CSV, whose raw lines
 * do not say what they are; MLOPS_INTEGRITY a segment is damaged; MLOPS_IO. */
int assemble(struct mlops_registry *registry, const struct assemble_options *options,
             struct assembled *assembled, struct mlops_error *err);

#endif
