/*
 * include/mlops/history.h - a whole registry as one file: for sites that nothing but a file
 * reaches.
 *
 * docs/archive.md describes the format. libarchive is loaded when one of these is called; where it
 * is missing they fail with MLOPS_NOT_FOUND and say what to install.
 */
#ifndef MLOPS_HISTORY_H
#define MLOPS_HISTORY_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_history_options {
    /* With the data of evaluation sets, and so with the labels that suites do not see: those who
     * have the file have them. Without, the sets stay. */
    bool with_evaluation_sets;
};

/* What was written. */
struct mlops_history_export {
    uint64_t entries;  /* of the log */
    uint64_t versions; /* in use, retired ones included */
    uint64_t bundles;
    uint64_t withheld; /* evaluation sets that are not in it */
    uint64_t archive_bytes;
};

/*
 * Write to `path` ("-": standard output) everything that the registry's log vouches for: versions
 * and what they consist of, stages with what they held before, evidence, signatures, approvals,
 * policies, tags, trash, and the log with its checkpoint. Not the log's key, nor what was
 * monitored, nor webhooks. The same registry gives the same bytes. The file appears by one rename,
 * or not at all.
 *
 * Errors: MLOPS_NOT_FOUND the folder of `path` is not there; MLOPS_INVALID `path` is a folder, or
 * an evaluation set cannot be kept apart from what is written; MLOPS_CONFLICT gc was at work;
 * MLOPS_INTEGRITY an object is damaged; MLOPS_IO.
 */
MLOPS_API int mlops_history_export(struct mlops_registry *registry,
                                   const struct mlops_history_options *options, const char *path,
                                   struct mlops_history_export *written, struct mlops_error *err);

/* Is the file `path` the archive of a whole history, by its first entry? False where it cannot be
 * read, or is a pipe. */
MLOPS_API bool mlops_history_is(const char *path);

/* What came in. */
struct mlops_history_import {
    bool present;     /* all of it was there: nothing was changed */
    uint64_t entries; /* of the log, in the archive */
    uint64_t new_entries, new_versions, new_bundles;
    uint64_t new_bytes; /* that the store had to write */
    char root[65];      /* the head of the archive's log, hexadecimal */
    char *key;          /* the verifier key that signs it */
};
MLOPS_API void mlops_history_import_clear(struct mlops_history_import *import);

/*
 * Take the archive `path` ("-": standard input) into the registry: one that is empty then has the
 * same history, one that has an earlier state of it has the later one. The archive is not trusted:
 * it is built up beside the registry, checked as mlops_fsck and mlops_log_verify do, and only then
 * does anything of it come to the registry, in one transaction. `key` (may be NULL) is the verifier
 * key that must have signed its log. Recording in the registry afterwards takes the log's key,
 * which is not in the archive.
 *
 * Errors: MLOPS_NOT_FOUND no such file; MLOPS_INVALID not such an archive, or of another mlops;
 * MLOPS_CONFLICT the registry has another history, or one that parts from this one;
 * MLOPS_INTEGRITY damaged, cut off, signed by another key, or not what its log says; MLOPS_IO.
 */
MLOPS_API int mlops_history_import(struct mlops_registry *registry, const char *path,
                                   const char *key, struct mlops_history_import *import,
                                   struct mlops_error *err);

/* Verify the log of the archive `path`, without a registry: as mlops_log_verify_export. */
MLOPS_API int mlops_history_verify_log(const char *path, const char *key, const char *since,
                                       uint64_t *size, char root_hex[65], char **key_out,
                                       struct mlops_error *err);

/* Prove an entry of the log of the archive `path`: as mlops_log_prove_export. */
MLOPS_API int mlops_history_prove_log(const char *path, const char *key, uint64_t index,
                                      char **proof, char **entry, struct mlops_error *err);

MLOPS_END
#endif
