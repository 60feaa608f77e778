/*
 * include/mlops/maintenance.h - looking after a registry: is all of it sound, and what does it
 * hold?
 */
#ifndef MLOPS_MAINTENANCE_H
#define MLOPS_MAINTENANCE_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_problem {
    char *kind;   /* "pack", "object", "recipe", "manifest", "file", "profile", "row", "log", … */
    char *object; /* what it is about: a pack's name, a bundle's id, "log", "registry.db" */
    char *message; /* one sentence */
};

struct mlops_fsck_report {
    bool clean;
    uint64_t bundles;  /* looked at */
    uint64_t released; /* of those, retired ones whose files gc has let go of: that is no problem */
    struct mlops_problem *problems;
    size_t count;
    uint64_t repaired;  /* objects, and parts of objects, that are there again */
    uint64_t set_aside; /* packs that were damaged: their files are in objects/damaged now */
};

struct mlops_fsck_options {
    bool quick; /* structure only: no object's content is read but manifests */
    /* Repair first, from copies: folders with files (a project, a checkout), archives that export
     * wrote, other registries. NULL-terminated; NULL: repair nothing. Not with `quick`. */
    const char *const *repair_from;
};

/*
 * Hold every pack, object, manifest, row and log entry of the registry against the others. What is
 * wrong is an answer, not an error. Changes nothing unless it is to repair. The caller clears
 * `report`.
 * Errors: MLOPS_IO; MLOPS_CANCELLED; with repair_from MLOPS_NOT_FOUND one of them is not there,
 * MLOPS_INVALID one is none of these, MLOPS_INTEGRITY an archive is damaged, MLOPS_CONFLICT gc is
 * at work.
 */
MLOPS_API int mlops_fsck(struct mlops_registry *registry, const struct mlops_fsck_options *options,
                         struct mlops_fsck_report *report, struct mlops_error *err);
MLOPS_API void mlops_fsck_report_clear(struct mlops_fsck_report *report);

struct mlops_gc_options {
    int64_t grace_ns;         /* what is younger is left alone; 0: nothing is */
    bool dry_run;             /* find out, and change nothing */
    bool releases;            /* let go of the files of versions that were retired … */
    int64_t retired_after_ns; /* … at least that long ago */
};

/* What was done, or with dry_run what would be. */
struct mlops_gc_report {
    uint64_t removed_packs, removed_bytes;
    uint64_t rewritten_packs;              /* of which what is needed is in other packs now */
    uint64_t waiting_packs, waiting_bytes; /* such packs that are still there for readers */
    uint64_t kept_packs;                   /* that stay */
    uint64_t dropped_bundles;              /* unregistered, untested, and not packaged lately */
    uint64_t purged_versions;              /* that were in the trash */
    uint64_t released_versions;            /* retired: their files went, their manifests stay */
};

/*
 * Remove what no bundle needs. Bundles that were never registered nor tested, and not packaged or
 * imported within the grace, are forgotten; versions that are in the trash for longer are purged.
 * Packs of which nothing is needed are removed; those of
 * which less than half is, and small ones where there are many, are replaced by new ones, and
 * removed by a run after the grace has passed, as readers may have them open. Safe beside any
 * number of readers and writers, and other runs; one that is killed harms nothing.
 *
 * Errors: MLOPS_INTEGRITY something that a bundle needs is damaged or missing: nothing is removed
 * then; MLOPS_CONFLICT other runs kept changing what there is; MLOPS_IO; MLOPS_CANCELLED.
 */
MLOPS_API int mlops_gc(struct mlops_registry *registry, const struct mlops_gc_options *options,
                       struct mlops_gc_report *report, struct mlops_error *err);

/* What copying moved. */
struct mlops_registry_copied {
    bool present;          /* it was copied before: nothing was left to do but what is said below */
    uint64_t rows;         /* of all tables */
    uint64_t packs, bytes; /* that were not there yet */
};

/*
 * Move everything that is in `from` into `to`, which is empty as mlops_registry_init or
 * mlops_registry_join make it, on whatever engines: versions, stages, evidence, what was monitored,
 * and the log, entry for entry, with its key. Packs go first, those that are there already are not
 * sent again: a copy that was interrupted goes on where it stopped. Rows come in one transaction, as
 * they are in `from` at one moment: what is written to `from` later stays there. Who has which role
 * (mlops/access.h), and what stands in a folder beside the registry (hooks, configuration), is not
 * copied. Let mlops_fsck look at `to` afterwards.
 * Errors: MLOPS_CONFLICT `to` is not empty; MLOPS_INVALID `from` has not the key of its log at hand;
 * MLOPS_IO; MLOPS_CANCELLED.
 */
MLOPS_API int mlops_registry_copy(struct mlops_registry *from, struct mlops_registry *to,
                                  struct mlops_registry_copied *copied, struct mlops_error *err);

/* What one model takes; a part that models share counts for each of them. */
struct mlops_model_usage {
    char model[MLOPS_NAME_MAX + 1];
    uint64_t bundles;
    uint64_t logical_bytes; /* of all files of all bundles and their evidence, as if nothing
                               were shared */
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
