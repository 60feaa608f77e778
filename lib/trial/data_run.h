/*
 * lib/trial/data_run.h - a data suite under way: no command, but lib/quality reading tables in a
 * thread of its own, so that the commands of other suites are looked after meanwhile.
 */
#ifndef TRIAL_DATA_RUN_H
#define TRIAL_DATA_RUN_H
#include "bundle/manifest.h"
#include "trial/verdict.h"

struct data_run;

/* Is it of the kind `data`? */
static inline bool suite_reads_data(const struct project_suite *suite)
{
    return str_equal(suite->kind, "data");
}

/* Start the suite of `trial`; `folder` is private to it. `*run` stays NULL where the suite has its
 * verdict at once, for its snapshots are not there. The caller frees it, also while it runs. */
int data_run_start(const struct trial *trial, const struct manifest *manifest, const char *folder,
                   struct data_run **run, struct mlops_error *err);

/* Never blocks. */
bool data_run_ended(const struct data_run *run);

/* Put what came of it into the trial. A table that cannot be read is the suite's status. */
int data_run_finish(const struct trial *trial, struct data_run *run, struct mlops_error *err);

/* Ends what still runs, and waits for that; NULL is fine. */
void data_run_free(struct data_run *run);

#endif
