/*
 * lib/registry/reference.h - references to versions as text, and what they name.
 */
#ifndef REGISTRY_REFERENCE_H
#define REGISTRY_REFERENCE_H
#include "registry/handle.h"

enum reference_kind {
    REFERENCE_LATEST, /* fraud, fraud@latest */
    REFERENCE_NUMBER, /* fraud@12 */
    REFERENCE_STAGE,  /* fraud@production, fraud@production~1 */
    REFERENCE_BUNDLE, /* sha256:1f3a59c0 */
};

struct reference {
    enum reference_kind kind;
    char model[MLOPS_NAME_MAX + 1];
    uint64_t number;
    char stage[MLOPS_STAGE_MAX + 1];
    uint64_t back;                     /* how many holders below the present one */
    char bundle[MLOPS_BUNDLE_ID_SIZE]; /* "sha256:" and 8 to 64 digits */
};

/* Errors: MLOPS_INVALID saying what is wrong. */
int reference_parse(const char *text, size_t length, struct reference *reference,
                    struct mlops_error *err);

/* Errors: MLOPS_NOT_FOUND saying what there is instead; MLOPS_INVALID an ambiguous prefix. */
int reference_resolve(struct db *db, const struct reference *reference,
                      struct mlops_version *version, struct mlops_error *err);

/* The bundle of this id, all of it, will be asked for (db_foresee). */
void bundle_foresee(struct db *db, const char *bundle);

/* Errors: MLOPS_NOT_FOUND with the nearest name that exists. */
int model_check_known(struct db *db, const char *model, struct mlops_error *err);

/* The columns that version_from_row reads, of tables called `version`. */
#define VERSION_COLUMNS                                                                            \
    "version.model, version.number, version.bundle, version.created_ns, version.created_by"
#define VERSION_COLUMN_COUNT 5
void version_from_row(const struct db_rows *rows, struct mlops_version *version);

#endif
