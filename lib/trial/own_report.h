/* lib/trial/own_report.h - the report that a suite makes of its own tests. */
#ifndef TRIAL_OWN_REPORT_H
#define TRIAL_OWN_REPORT_H
#include "trial/verdict.h"

/* Remove a report that was packaged: it is not the one that the suite is asked for. */
int own_report_prepare(const struct trial *trial, struct mlops_error *err);

/*
 * Read the report of the suite, whose private folder is `folder`, into its result. A suite that
 * passed and whose report is missing, unreadable or tells of failures has not.
 */
void own_report_judge(const struct trial *trial, const char *folder);

#endif
