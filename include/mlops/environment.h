/*
 * include/mlops/environment.h - environments: what a machine has, what a version needs, and files
 * that make the one from the other. docs/environment.md has the formats.
 */
#ifndef MLOPS_ENVIRONMENT_H
#define MLOPS_ENVIRONMENT_H
#include <mlops/registry.h>
MLOPS_BEGIN

/* Which environment of this machine. */
struct mlops_env_options {
    const char *venv;      /* folder of a virtual or conda environment; NULL: $VIRTUAL_ENV, else
                              $CONDA_PREFIX, else `directory`/.venv, else the system's */
    const char *directory; /* NULL: the working directory */
};

/* What was found, in a few words. */
struct mlops_env_summary {
    char python[64]; /* "CPython 3.11.7", empty where there is no interpreter */
    uint64_t distributions, os_packages;
};

/*
 * Read the environment from its files, without running anything. `*json` is canonical JSON of the
 * format "mlops-environment/1"; the caller frees it. `summary` may be NULL.
 * Errors: MLOPS_NOT_FOUND `venv` is no environment; MLOPS_INVALID; MLOPS_IO.
 */
MLOPS_API int mlops_env_capture(const struct mlops_env_options *options, char **json,
                                struct mlops_env_summary *summary, struct mlops_error *err);

/* Write what was captured or rendered to a file: whole, or not at all. Errors: MLOPS_IO. */
MLOPS_API int mlops_env_write(const char *path, const char *text, struct mlops_error *err);

/* Something that one environment has and the other has not, or has otherwise. */
struct mlops_env_difference {
    const char *kind; /* "python", "pypi", "conda", "image", "os", "os-package", "cpu", "gpu" */
    char *name;
    char *expected, *found; /* versions; NULL: not there */
    const char *severity;   /* "missing", "other version", "other build", "extra" */
};

struct mlops_env_report {
    struct mlops_version expected, found; /* `found` only of mlops_env_diff */
    bool matches;
    struct mlops_env_difference *items;
    size_t count;
};
MLOPS_API void mlops_env_report_clear(struct mlops_env_report *report);

struct mlops_env_check_options {
    struct mlops_env_options machine;
    bool captured; /* compare with what was captured, not with the lock file */
    bool all;      /* of what was captured: the system's packages, processor and GPU driver, too */
    bool extras;   /* what is there beyond what is needed is fine */
};

/*
 * Compare this machine with what `ref` needs. The caller clears `report`.
 * Errors: MLOPS_NOT_FOUND no such version, no environment in it or here; MLOPS_INVALID; MLOPS_IO.
 */
MLOPS_API int mlops_env_check(struct mlops_registry *registry, const char *ref,
                              const struct mlops_env_check_options *options,
                              struct mlops_env_report *report, struct mlops_error *err);

/* Compare the environments of two versions: their lock files where both have one. */
MLOPS_API int mlops_env_diff(struct mlops_registry *registry, const char *ref, const char *other,
                             struct mlops_env_report *report, struct mlops_error *err);

struct mlops_env_render_options {
    const char *target;  /* "requirements", "conda", "containerfile", "kubernetes", "compose" */
    const char *stage;   /* whose settings of the project file count; NULL: those of all stages */
    const char *image;   /* the base image of a Containerfile, or the image that runs; NULL: the
                            project file's */
    const char *python;  /* conda: the interpreter's version; NULL: the captured one */
    bool allow_unpinned; /* mark what is not pinned by version and digest, and do not refuse it */
};

/*
 * Write a file that makes the environment of `ref`, or runs it. The same bundle and options give
 * the same bytes. The caller frees `*text`.
 * Errors: MLOPS_REFUSED a package or image is not pinned; MLOPS_INVALID no such target, no image,
 * or the target cannot be made of this lock; MLOPS_NOT_FOUND; MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_env_render(struct mlops_registry *registry, const char *ref,
                               const struct mlops_env_render_options *options, char **text,
                               struct mlops_error *err);

MLOPS_END
#endif
