/* lib/bundle/signed_files.h - what a signature is held against: files of a folder or an archive. */
#ifndef BUNDLE_SIGNED_FILES_H
#define BUNDLE_SIGNED_FILES_H
#include "bundle/archive.h"
#include "trust/oms.h"

struct signed_files {
    const char *root;           /* of a folder */
    const char *own;            /* the signature itself, where it lies in the folder; else NULL */
    const char *const *ignored; /* paths that are told and not looked into; or NULL */
    bool symlinks;              /* links to files count as these */
    struct oms_resources resources;
    char **warnings; /* NULL-terminated; NULL: none */
    size_t warning_count;
};
void signed_files_clear(struct signed_files *files);

/* "PATH: WHAT". */
void signed_files_warn(struct signed_files *files, const char *what, const char *path);
/* Does the signature say to ignore `path`, or a folder above it? */
bool signed_files_ignore(const struct signed_files *files, const char *path);

/*
 * Take in the files of the archive `path`, every byte of which is read and held against its
 * manifest. The caller clears `manifest`, which may be wanted besides, and sorts nothing. Errors:
 * those of archive_check; MLOPS_INVALID a link in it that cannot be signed.
 */
int signed_files_of_archive(struct mlops_registry *registry, const char *path,
                            struct signed_files *files, struct manifest *manifest,
                            char bundle[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err);

#endif
