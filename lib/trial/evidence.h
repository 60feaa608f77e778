/* lib/trial/evidence.h - what suites came to, put into the registry. */
#ifndef TRIAL_EVIDENCE_H
#define TRIAL_EVIDENCE_H
#include "trial/runner.h"
#include <mlops/scan.h>

/* Record one piece of evidence for every suite of `report` that was run (or had to be skipped), in
 * one transaction with an entry "test" in the log. What suites left (`files` of the outcomes) goes
 * into the store before, and the results say where. `suites` and `outcomes` stand beside the
 * report's suites. The last result of the report is that of the scan, `scan`: NULL where it was not
 * asked for. */
int trial_record(struct mlops_registry *registry, struct mlops_test_report *report,
                 const struct project_suite *suites, struct suite_outcome *outcomes,
                 const struct mlops_scan_report *scan, struct mlops_error *err);

#endif
