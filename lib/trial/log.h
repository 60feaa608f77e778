/* lib/trial/log.h - what evidence says of the files that a suite left. */
#ifndef TRIAL_LOG_H
#define TRIAL_LOG_H
#include <cjson/cJSON.h>
#include <mlops/trial.h>

/* From the body of evidence of the kind "test"; what is not there is zeroed. */
void suite_files_read(const cJSON *body, struct mlops_suite_files *files);

#endif
