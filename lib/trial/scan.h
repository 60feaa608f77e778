/*
 * lib/trial/scan.h - the bundle of a version scanned, and what was found as evidence.
 *
 * Evidence of kind "scan" has the verdict as its status; docs/scan.md describes the members of its
 * body. Evidence of kind "acceptance" says of one rule, and files, that findings do not count.
 */
#ifndef TRIAL_SCAN_H
#define TRIAL_SCAN_H
#include "bundle/manifest.h"
#include <mlops/scan.h>

struct transaction;

/* Scan the files of `manifest`, its packages against `advisories` where that is not NULL, and hold the findings against what was accepted of the bundle. The
 * caller clears `report`. */
int scan_bundle(struct mlops_registry *registry, const struct mlops_version *version,
                const struct manifest *manifest, const char *advisories,
                struct mlops_scan_report *report, struct mlops_error *err);

/* Record `report` as evidence; the transaction's next log entry will name it. */
int scan_record(struct transaction *tx, const struct mlops_scan_report *report,
                struct mlops_error *err);

/* `{"critical":0,…}`: how many findings that count there are of each severity. */
cJSON *scan_counts(const struct mlops_scan_report *report);

/* The report in a line: "safe: 12 files, nothing found". The caller frees. */
char *scan_summary(const struct mlops_scan_report *report);

#endif
