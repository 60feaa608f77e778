/*
 * lib/trial/rival.h - versions that a performance suite is compared with, and their predictions of
 * the same rows: those that are kept with their evidence, or those of a run for this purpose.
 */
#ifndef TRIAL_RIVAL_H
#define TRIAL_RIVAL_H
#include "bundle/manifest.h"
#include "trial/keep.h"
#include "trial/sandbox.h"

struct rival {
    char *with;        /* as it was asked for */
    double confidence; /* that is asked for, one-sided */
    struct mlops_version version;
    struct manifest manifest;
    struct project_suite suite;   /* of the same name, which measures on the same rows as ours; its
                                     members are borrowed from the manifest */
    char *evaluation;             /* the set that both are measured on, or NULL */
    struct kept_file predictions; /* where they are; no path: there is a message */
    bool ran;
    char *message; /* why there are none; NULL */
};

struct rivals {
    struct rival *items;
    size_t count;
};
void rivals_clear(struct rivals *rivals);

struct rival_options {
    struct mlops_registry *registry;
    const struct mlops_version *version;
    const struct manifest *manifest;
    const struct project_suite *suite; /* of the version */
    const struct sandbox *sandbox;
    const char *const *against; /* beside those that the suite requires; NULL: none */
    const char *keep;           /* a folder of the registry's file system */
};

/* Warn of what `against` names that no suite will be compared with: a stage that is empty or holds
 * this very version. Errors: as rivals_find, of a reference. */
int rivals_check(struct mlops_registry *registry, const struct mlops_version *version,
                 const char *const *against, struct mlops_error *err);

/* Find all that `suite` is to be compared with, and their predictions; those that cannot be had
 * have a message. A stage that is empty or holds this very version has no rival. The caller clears
 * `rivals`. Errors: MLOPS_NOT_FOUND, MLOPS_INVALID a reference of `against`; those of the registry
 * and the system; MLOPS_CANCELLED. */
int rivals_find(const struct rival_options *options, struct rivals *rivals,
                struct mlops_error *err);

/* Which of `against` there are: the bundle of each reference, for the digest of inputs. `each` is
 * called with the words and the version, NULL where there is none. */
typedef void (*rival_each)(void *context, const char *with, const struct mlops_version *version);
int rivals_name(struct mlops_registry *registry, const struct mlops_version *version,
                const struct project_suite *suite, const char *const *against, rival_each each,
                void *context, struct mlops_error *err);

#endif
