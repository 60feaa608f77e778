/*
 * lib/trial/budget_run.h - the budgets of a suite, judged after its predictions: the size of the
 * model's artifacts, and how long the predict command takes for its answers once it is warm.
 */
#ifndef TRIAL_BUDGET_RUN_H
#define TRIAL_BUDGET_RUN_H
#include "trial/supervise.h"
#include "trial/verdict.h"

struct budget_run;

/* Has it budgets, and passed so far? */
bool budget_run_is_due(const struct trial *trial);

/*
 * Judge the size, and start the predict command in `sandbox` where a latency is required; `folder`
 * is the suite's own. `*run` stays NULL where there is nothing more to wait for. The caller frees it.
 */
int budget_run_start(const struct trial *trial, const struct sandbox *sandbox, const char *folder,
                     struct budget_run **run, struct mlops_error *err);

/* Owned by the run; for supervise_wait. */
struct supervision *budget_run_supervision(const struct budget_run *run);
/* As supervise_step: `*ended` also where all answers are there, though the command would go on. */
int budget_run_step(struct budget_run *run, bool *ended, struct mlops_error *err);

/* Put metrics and verdicts into the trial. A command that does not answer is the suite's failure. */
void budget_run_finish(const struct trial *trial, struct budget_run *run);

/* Ends what still runs; NULL is fine. */
void budget_run_free(struct budget_run *run);

#endif
