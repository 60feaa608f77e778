/* lib/trial/performance.h - the predictions of a performance suite, measured and judged. */
#ifndef TRIAL_PERFORMANCE_H
#define TRIAL_PERFORMANCE_H
#include "trial/verdict.h"

/* Remove predictions that were packaged at `path`, in the suite's folder: they are not the ones
 * that it is asked for. False, and the trial has its status, where that cannot be done. */
bool performance_prepare(const struct trial *trial, const char *path);

/* Read the predictions at `path`, measure them, and judge what the suite requires of them; `folder`
 * is private and may take what must not be in the suite's while it runs. What is
 * wrong with them is the trial's status, not an error. Errors: those of the registry. */
int performance_judge(const struct trial *trial, const char *folder, const char *path,
                      struct mlops_error *err);

#endif
