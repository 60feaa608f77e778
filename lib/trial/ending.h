/* lib/trial/ending.h - what the end of a suite's command means, in a status and in words. */
#ifndef TRIAL_ENDING_H
#define TRIAL_ENDING_H
#include "trial/supervise.h"
#include "trial/verdict.h"

/* The limits of `suite`: those that it names, and this machine's where it names none. */
void ending_limits(const struct project_suite *suite, struct execution_limits *limits);

/* Set the trial's status, reason and message by how its command ended under `limits`. */
void ending_judge(const struct trial *trial, const struct execution_limits *limits,
                  const struct supervise_result *ended);

#endif
