/* lib/trial/verdict.h - a suite while its verdict is found. */
#ifndef TRIAL_VERDICT_H
#define TRIAL_VERDICT_H
#include "bundle/manifest.h"
#include "trial/checkout.h"
#include "trial/rival.h"
#include "trial/runner.h"
#include "trial/workspace.h"

/* A suite and all that its verdict needs. */
struct trial {
    struct mlops_registry *registry;
    const struct mlops_version *version;
    const struct manifest *manifest; /* of it */
    const struct project_suite *suite;
    const struct workspace *workspace;
    const char *tree;        /* of the workspace: its checkout, as we reach it */
    enum checkout_kind kind; /* how it was made */
    const char *keep;        /* the folder for what it leaves; NULL: nothing is kept */
    struct rivals *rivals;   /* that it is compared with; NULL: none */
    struct mlops_suite_result *result;
    struct suite_outcome *outcome;
};

/* The message may quote files: it is cleaned. */
void trial_set_status(const struct trial *trial, enum mlops_suite_status status, const char *format,
                      ...) MLOPS_PRINTF(3, 4);

#endif
