/*
 * lib/bundle/archive.h - what writing and reading archives share: libarchive, loaded when it is
 * needed, the names of the entries, and the limits. docs/archive.md describes the format.
 */
#ifndef BUNDLE_ARCHIVE_H
#define BUNDLE_ARCHIVE_H
#include "base/dynload.h"
#include "bundle/manifest.h"
#include "trust/archive_reader.h"

#define ARCHIVE_MANIFEST "mlops-bundle/manifest.json"
#define ARCHIVE_PROFILES "mlops-bundle/profiles/"
#define ARCHIVE_PATCH "mlops-bundle/code.diff"
#define ARCHIVE_FILES "files/"
#define ARCHIVE_SIGNATURE ".sig" /* behind an archive's name: its signature */

#define ARCHIVE_LEVEL "3"               /* of zstd; part of the format: others give other bytes */
#define ARCHIVE_BLOCK (64U << 10)       /* bytes that libarchive takes or gives at once */
#define ARCHIVE_SMALL (8U << 20)        /* files up to here are held in memory, others spooled */
#define ARCHIVE_PROFILE_MAX (64U << 20) /* bytes of a profile */
/* JSON values of a manifest: some 1.5 million files. A few bytes each in the text, they are a
 * hundred in memory. */
#define ARCHIVE_VALUES_MAX (8U << 20)

#define ARCHIVE_FUNCTIONS(X)                                                                       \
    X(archive_error_string)                                                                        \
    X(archive_set_error)                                                                           \
    X(archive_filter_bytes)                                                                        \
    X(archive_entry_new)                                                                           \
    X(archive_entry_clear)                                                                         \
    X(archive_entry_free)                                                                          \
    X(archive_entry_set_pathname)                                                                  \
    X(archive_entry_set_filetype)                                                                  \
    X(archive_entry_set_perm)                                                                      \
    X(archive_entry_set_size)                                                                      \
    X(archive_entry_set_mtime)                                                                     \
    X(archive_entry_set_uid)                                                                       \
    X(archive_entry_set_gid)                                                                       \
    X(archive_entry_set_symlink)                                                                   \
    X(archive_write_new)                                                                           \
    X(archive_write_free)                                                                          \
    X(archive_write_fail)                                                                          \
    X(archive_write_close)                                                                         \
    X(archive_write_set_format_pax_restricted)                                                     \
    X(archive_write_add_filter_zstd)                                                               \
    X(archive_write_set_filter_option)                                                             \
    X(archive_write_set_bytes_per_block)                                                           \
    X(archive_write_set_bytes_in_last_block)                                                       \
    X(archive_write_open)                                                                          \
    X(archive_write_header)                                                                        \
    X(archive_write_data)                                                                          \
    X(archive_write_finish_entry)

/* `archive_api.NAME` is libarchive's function NAME. */
struct archive_api {
    ARCHIVE_FUNCTIONS(DYNLOAD_MEMBER)
};

/* Load libarchive. Errors: those of dynload_open. */
int archive_load(struct archive_api *api, struct mlops_error *err);

/* Errors: MLOPS_INVALID more values in the manifest than an archive may have. */
int archive_check_values(const struct buffer *manifest, struct mlops_error *err);

/* Is the profile of snapshot `index` that of an earlier one too? It is in the archive once. */
bool archive_profile_repeats(const struct manifest *manifest, size_t index);

/* Tell the observer of `done` bytes of `total`, and stop where it says so. `registry` may be
 * NULL. */
int archive_progress(const struct mlops_registry *registry, const char *activity, uint64_t done,
                     uint64_t total, struct mlops_error *err);

/*
 * Read the archive `path` to its end as an import does, and keep nothing: `manifest`, which the
 * caller clears, gets what is in it, and `bundle` the id. `registry`, for its observer, may be
 * NULL. Errors: as mlops_archive_import.
 */
int archive_check(struct mlops_registry *registry, const char *path, struct manifest *manifest,
                  char bundle[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err);

/* Store what is in the archive `path` for the sake of bundles that are known: it makes none known
 * itself. Errors: as mlops_archive_import. */
int archive_salvage(struct mlops_registry *registry, const char *path, struct mlops_error *err);

#endif
