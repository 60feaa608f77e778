/*
 * include/mlops/exchange.h - folders of other tools: taken in as bundles, and written of bundles;
 * bills of materials.
 *
 * docs/exchange.md says what of each format becomes what.
 */
#ifndef MLOPS_EXCHANGE_H
#define MLOPS_EXCHANGE_H
#include <mlops/bundle.h>
MLOPS_BEGIN

struct mlops_import_options {
    const char *format;    /* "mlflow", "kitfile", "huggingface" */
    const char *directory; /* the folder */
    const char *model;     /* name of the model; NULL: what the folder says, else its own name */
    bool registers;        /* give it a version, too, in the same transaction */
};

/*
 * Take a folder that another tool wrote in as a bundle: its files byte for byte, and a project file
 * made of what the tool's own file says. The folder is only read. The same folder gives the same
 * id.
 *
 * Errors: as mlops_package_directory; MLOPS_INVALID an unknown format, the tool's file is malformed
 * (message with its line), the folder has a project file already, or nothing gives the model a
 * name; MLOPS_NOT_FOUND the folder, the tool's file, or what that names is not there.
 */
MLOPS_API int mlops_folder_import(struct mlops_registry *registry,
                                  const struct mlops_import_options *options,
                                  struct mlops_package *package, struct mlops_error *err);

/* The format that the folder `path` looks like; NULL where none, or it is no folder. */
MLOPS_API const char *mlops_folder_format(const char *path);

/* ---- repositories of DVC and GTO ----------------------------------------------------------- */

struct mlops_dvc_options {
    const char *directory; /* the folder that has .dvc, dvc.yaml or artifacts.yaml */
    const char *model;     /* as of mlops_import_options; of one artifact alone */
    const char *artifact;  /* of GTO's artifacts this one alone; NULL: all */
    const char *revision; /* this commit, without GTO's versions; NULL: all versions that GTO's tags
                             have, where they have none HEAD, outside of git the folder as it is */
    bool allows_missing;  /* content that neither the cache nor the folder has is left out, and the
                             manifest says so */
    bool registers;       /* without GTO's versions, which are registered anyhow */
};

/* What came in: a version of GTO's, or a commit. */
struct mlops_dvc_version {
    struct mlops_package package;
    char *artifact; /* "models:fraud"; NULL: it is not GTO's */
    char *number;   /* "v1.2.3" */
    char *tag;
    char *stages; /* that it holds in GTO, "dev,prod"; NULL: none. None of ours */
    bool deprecated;
};

struct mlops_dvc_import {
    struct mlops_dvc_version *items; /* in the order in which GTO registered them */
    size_t count;
    size_t taken_back; /* versions that GTO registered and took back: they stay out */
};

/*
 * Take in a repository of DVC: the files of a commit, and what DVC keeps of it, from its cache,
 * verified by MD5. Each version of each of GTO's artifacts becomes a version here; which stages it
 * holds there is written on it as the tags `gto.stages` and `gto.deprecated`, and enters no stage
 * here. A version that is here already is found again. The folder is only read; one version after
 * the other comes in, each whole. The caller clears `result`, also on failure: what came in before
 * it stays.
 *
 * Errors: as mlops_folder_import; MLOPS_NOT_FOUND also content that DVC's cache does not have, all
 * named, or no such artifact or revision; MLOPS_INTEGRITY an object of the cache is damaged;
 * MLOPS_INVALID also two artifacts that would bear one name here.
 */
MLOPS_API int mlops_dvc_import(struct mlops_registry *registry,
                               const struct mlops_dvc_options *options,
                               struct mlops_dvc_import *result, struct mlops_error *err);
MLOPS_API void mlops_dvc_import_clear(struct mlops_dvc_import *result);

/* What was written. */
struct mlops_folder_export {
    struct mlops_version version;
    uint64_t files; /* of the bundle; what is made for the other tool comes on top */
    uint64_t bytes;
};

/*
 * Write the version `ref` for another tool into the folder `directory`, which must not exist or be
 * empty and appears whole, by one rename. `format`: "mlflow", "kitfile". What was imported from
 * that format comes back byte for byte.
 *
 * Errors: MLOPS_NOT_FOUND no such version; MLOPS_INVALID an unknown format, the folder is not
 * empty, or the version cannot be told in that format; MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_folder_export(struct mlops_registry *registry, const char *ref,
                                  const char *format, const char *directory,
                                  struct mlops_folder_export *result, struct mlops_error *err);

/*
 * The version `ref` as a CycloneDX 1.6 ML-BOM: its model card with parameters and metrics, its
 * data, files and packages, with their SHA-256. Canonical JSON; the caller frees `*json`.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY; MLOPS_INVALID a lock file that this mlops cannot read;
 * MLOPS_IO.
 */
MLOPS_API int mlops_bom(struct mlops_registry *registry, const char *ref, char **json,
                        struct mlops_error *err);

MLOPS_END
#endif
