/*
 * include/mlops/archive.h - bundles as files to carry about: one `.tar.zst`, and back.
 *
 * docs/archive.md describes the format. libarchive is loaded when one of these is called; where it
 * is missing they fail with MLOPS_NOT_FOUND and say what to install.
 */
#ifndef MLOPS_ARCHIVE_H
#define MLOPS_ARCHIVE_H
#include <mlops/bundle.h>
MLOPS_BEGIN

/* What was written. */
struct mlops_archive {
    struct mlops_version version;
    uint64_t files;         /* of the bundle */
    uint64_t bytes;         /* of its files */
    uint64_t archive_bytes; /* of the archive */
};

/*
 * Write the bundle that `ref` names to the file `path`, replacing one that is there; "-" is
 * standard output. The same bundle gives the same bytes. The file appears whole and durable, by one
 * rename, or not at all; what is no regular file (a pipe, a terminal) is written to as it comes.
 *
 * Errors: MLOPS_NOT_FOUND no such version, or the folder of `path` is not there; MLOPS_INVALID
 * `path` is a folder; MLOPS_INTEGRITY an object of the bundle is damaged; MLOPS_IO.
 */
MLOPS_API int mlops_archive_export(struct mlops_registry *registry, const char *ref,
                                   const char *path, struct mlops_archive *archive,
                                   struct mlops_error *err);

/*
 * Take the bundle of the archive `path` ("-": standard input) into the registry, as packaging does:
 * durably, unregistered. The archive is not trusted: it holds exactly what its manifest says, each
 * byte under its digest, or nothing of it is kept.
 *
 * Errors: MLOPS_NOT_FOUND no such file; MLOPS_INVALID not an archive of a bundle, or one with
 * entries that no bundle has (absolute paths, "..", devices, hard links, holes), or one that
 * decompresses to far more than it says; MLOPS_CONFLICT gc removed parts of the bundle faster than
 * they could be stored; MLOPS_INTEGRITY damaged, cut off, or not what its manifest
 * says; MLOPS_IO. Messages name the entry.
 */
MLOPS_API int mlops_archive_import(struct mlops_registry *registry, const char *path,
                                   struct mlops_package *package, struct mlops_error *err);

/* As mlops_archive_import, and give the bundle a version in the same transaction. */
MLOPS_API int mlops_archive_register(struct mlops_registry *registry, const char *path,
                                     struct mlops_package *package, struct mlops_error *err);

MLOPS_END
#endif
