/* lib/trial/schedule.h - the suites of a version run, several at a time. */
#ifndef TRIAL_SCHEDULE_H
#define TRIAL_SCHEDULE_H
#include "bundle/manifest.h"
#include "trial/runner.h"

struct schedule {
    struct mlops_registry *registry;
    const struct manifest *manifest;
    const struct sandbox *sandbox;
    struct mlops_test_report *report; /* its results and `outcomes` stand beside the suites */
    struct suite_outcome *outcomes;
    struct rivals *rivals; /* beside the suites: whom each is compared with */
    const char *keep;      /* the folder for what suites leave, until it is evidence */
    const bool *wanted;    /* which suites are to run, unless their result is cached */
    unsigned jobs;         /* at a time, at least 1 */
    bool fetches;          /* data that the bundle does not hold is brought for them */
};

/* Run them to their verdicts, each in a workspace of its own. Errors: those of the registry and of
 * the system; MLOPS_CANCELLED. Nothing is left running then. */
int schedule_run(const struct schedule *schedule, struct mlops_error *err);

#endif
