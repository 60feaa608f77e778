/*
 * lib/trial/keep.h - what suites printed and predicted, put aside until it is evidence, and then
 * into the registry's store.
 */
#ifndef TRIAL_KEEP_H
#define TRIAL_KEEP_H
#include "registry/registry.h"
#include <mlops/trial.h>

/* Predictions above this size are judged, and not kept. */
#define KEEP_PREDICTIONS_MAX (1ULL << 30)

/* Names of what evidence keeps. */
#define KEEP_OUTPUT "stdout"
#define KEEP_ERRORS "stderr"
#define KEEP_PREDICTIONS "predictions"

struct kept_file {
    char *path; /* where it lies until it is stored; NULL: nowhere */
    uint64_t bytes;
    bool stored;
    struct digest digest; /* where it is stored */
};
enum { KEPT_OUTPUT, KEPT_ERRORS, KEPT_PREDICTIONS, KEPT_FILES };

/* What one suite left. Zeroed is empty. */
struct kept_files {
    struct kept_file items[KEPT_FILES];
    bool cut;                  /* more was printed than these have */
    struct kept_file *against; /* predictions of others, beside the result's comparisons */
    size_t against_count;
};
/* Also remove the files. */
void kept_files_clear(struct kept_files *files);
void kept_file_clear(struct kept_file *file);

/* All of them that are stored. The caller frees; at most kept_files_count. */
size_t kept_files_count(const struct kept_files *files);
size_t kept_files_digests(const struct kept_files *files, struct digest *digests);

/* Move the file at `path` (no link) into `folder`, which is of the same file system. Where there is
 * none, nothing is kept. Errors: MLOPS_IO. */
int keep_file(struct kept_files *files, size_t which, const char *path, const char *folder,
              struct mlops_error *err);

/* Put all files of `count` suites into the store, durably; those that are too large, or are not
 * there, are left out. Errors: those of the store. */
int keep_store(struct mlops_registry *registry, struct kept_files *const *files, size_t count,
               struct mlops_error *err);

/* Inside the transaction, right after the evidence of the suite was recorded: it keeps them. */
int keep_record(struct transaction *tx, const struct kept_files *files, struct mlops_error *err);

/* What is to be told of them. */
void keep_tell(const struct kept_files *files, struct mlops_suite_result *result);

#endif
