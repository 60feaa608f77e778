/*
 * include/mlops/maintenance.h - looking after a registry: is all of it sound, and what does it
 * hold?
 */
#ifndef MLOPS_MAINTENANCE_H
#define MLOPS_MAINTENANCE_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_problem {
    char *kind;    /* "pack", "object", "recipe", "manifest", "file", "profile", "log", … */
    char *object;  /* what it is about: a pack's name, a bundle's id, "log" */
    char *message; /* one sentence */
};

struct mlops_fsck_report {
    bool clean;
    uint64_t bundles; /* looked at */
    struct mlops_problem *problems;
    size_t count;
};

struct mlops_fsck_options {
    bool quick; /* structure only: no object's content is read but manifests */
};

/*
 * Hold every pack, object, manifest, row and log entry of the registry against the others. What is
 * wrong is an answer, not an error. Changes nothing. The caller clears `report`.
 * Errors: MLOPS_IO; MLOPS_CANCELLED.
 */
MLOPS_API int mlops_fsck(struct mlops_registry *registry, const struct mlops_fsck_options *options,
                         struct mlops_fsck_report *report, struct mlops_error *err);
MLOPS_API void mlops_fsck_report_clear(struct mlops_fsck_report *report);

/* What one model takes; a part that models share counts for each of them. */
struct mlops_model_usage {
    char model[MLOPS_NAME_MAX + 1];
    uint64_t bundles;
    uint64_t logical_bytes; /* of all files of all bundles, as if nothing were shared */
    uint64_t unique_bytes;  /* of the distinct chunks of them */
    uint64_t stored_bytes;  /* that those take in packs, compressed */
};

struct mlops_usage {
    uint64_t bundles, objects; /* objects: distinct chunks */
    uint64_t logical_bytes, unique_bytes;
    uint64_t stored_bytes;            /* of all packs */
    struct mlops_model_usage *models; /* by name */
    size_t model_count;
};

/* Count. The caller clears `usage`. Errors: MLOPS_INTEGRITY; MLOPS_IO. */
MLOPS_API int mlops_usage(struct mlops_registry *registry, struct mlops_usage *usage,
                          struct mlops_error *err);
MLOPS_API void mlops_usage_clear(struct mlops_usage *usage);

MLOPS_END
#endif
