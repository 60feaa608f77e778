/* lib/report/drift_rows.h - what whole rows show, as the reports tell it. */
#ifndef REPORT_DRIFT_ROWS_H
#define REPORT_DRIFT_ROWS_H
#include "base/buffer.h"
#include <mlops/drift.h>

#define DRIFT_ROWS_MAX 4

/* One measure of whole rows: a line of the report's second table. */
struct drift_rows_line {
    const char *measure;
    char snapshot[32], current[32], chance[64]; /* figures, fit to be shown */
    bool differs;                               /* by more than chance */
    bool decides;                               /* counts for the verdict */
    const char *by, *also; /* the columns that most of it comes from; NULL: none is named */
};

/* The measures that are known; returns how many. `by` is the report's. */
size_t drift_rows_lines(const struct mlops_drift_report *report,
                        struct drift_rows_line lines[DRIFT_ROWS_MAX]);

#endif
