/* lib/trial/runner.h - one suite run to its verdict. */
#ifndef TRIAL_RUNNER_H
#define TRIAL_RUNNER_H
#include "base/hash.h"
#include "bundle/project.h"
#include "trial/checkout.h"
#include "trial/keep.h"
#include "trial/sandbox.h"
#include <mlops/evaluation.h>
#include <mlops/trial.h>

struct trial;
struct supervision;

/* What came of a suite, beyond what its result tells. Zeroed is empty. */
struct suite_outcome {
    int exit_status; /* of its command; -1 where a signal ended it, it was stopped or did not run */
    int signal;      /* that ended it, 0 if none */
    char *tail;      /* the end of what it printed, text; NULL where it did not run */
    char *positive;  /* the text that was taken for the positive class; NULL where it is 1 */
    char inputs[SHA256_HEX_SIZE];       /* of trial/inputs.h */
    struct mlops_evaluation evaluation; /* that it is measured on; named "" where there is none */
    char *first_failure;     /* why the first attempt did not pass, where another one followed */
    struct kept_files files; /* that it left */
    double cpu_seconds;
    uint64_t memory_bytes, output_bytes, network_refused; /* trial/supervise.h */
    char *machine;    /* that latencies were measured on; NULL: none were */
    int64_t until_ns; /* a data suite: when what it found of ages holds no more; 0: for ever */
    enum mlops_sandbox_level level;
    bool memory_group, processes_group; /* trial/supervise.h */
    enum checkout_kind kind;            /* how it got to write in the bundle's files */
};
void suite_outcome_clear(struct suite_outcome *outcome);

/*
 * Start the suite of `trial` in `sandbox`; `folder` is private to it and holds the trial's tree, a
 * fresh checkout. `*supervision` stays NULL where the suite has its verdict without being run.
 */
int runner_start(const struct trial *trial, const struct sandbox *sandbox, const char *folder,
                 struct supervision **supervision, struct mlops_error *err);

/*
 * Judge the suite, whose supervision has ended. A failure of the suite is its status, not an error.
 */
int runner_finish(const struct trial *trial, const char *folder,
                  const struct supervision *supervision, struct mlops_error *err);

/* As it was before it was run: name and kind. */
void suite_result_start(struct mlops_suite_result *result, const struct project_suite *suite);
void suite_result_clear(struct mlops_suite_result *result);

#endif
