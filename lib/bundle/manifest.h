/*
 * lib/bundle/manifest.h - the manifest: canonical JSON that says all that a bundle holds.
 * docs/manifest.md describes every member.
 */
#ifndef BUNDLE_MANIFEST_H
#define BUNDLE_MANIFEST_H
#include "base/hash.h"
#include "bundle/project.h"
#include <mlops/registry.h>

#define MANIFEST_FORMAT "mlops-bundle/1"
#define MANIFEST_MAX (256U << 20)      /* bytes */
#define MANIFEST_TEXT_MAX (1U << 20)   /* bytes of a text or key in it, as in a YAML file */
#define MANIFEST_PATCH_MAX (16U << 20) /* bytes of changes to code */

enum manifest_kind { MANIFEST_FILE, MANIFEST_LINK, MANIFEST_FOLDER };

struct manifest_file {
    char *path; /* relative, normalized; sorted by bytes in the manifest */
    enum manifest_kind kind;
    unsigned mode; /* permission bits; 0 for links */
    uint64_t size; /* files */
    struct digest digest;
    char *target; /* links */
};

/* A data snapshot as the manifest records it. */
struct manifest_data {
    char *name, *path, *target, *time, *role; /* NULL where not given */
    uint64_t rows;
    struct csv_keys csv;
    struct digest profile; /* object in the store: stats/profile.h's binary form */
};

struct manifest {
    struct project project;
    struct manifest_file *files;
    size_t file_count;
    struct manifest_data *data;
    size_t data_count;
    bool has_patch;      /* the code had changes that are not in its commit, and they are kept */
    struct digest patch; /* object in the store: text as 'git diff' writes it */
    cJSON *json;         /* the whole document */
    int64_t released_ns; /* manifest_load: when the files were released; 0: they are there */
};

/* Read a manifest from its bytes. Errors: MLOPS_INTEGRITY not a manifest, not in canonical form, a
 * path or a link in it leads out of the folder that it is laid out in. */
int manifest_parse(const char *text, size_t length, struct manifest *manifest,
                   struct mlops_error *err);
void manifest_clear(struct manifest *manifest);

/* The files below `folder` ("." for all), their paths relative to it, as a manifest that can be
 * laid out; `leave_out` (may be NULL) is a path of `whole` that is not among them. It has no `json`
 * and no project. The caller clears `part`. Errors: MLOPS_INTEGRITY a link leads out of `folder`.
 */
int manifest_part(const struct manifest *whole, const char *folder, const char *leave_out,
                  struct manifest *part, struct mlops_error *err);

/* The file, folder or link at `path`, or NULL. */
const struct manifest_file *manifest_find(const struct manifest *manifest, const char *path);

/* What the files below the project's `artifacts` hold together. */
uint64_t manifest_artifact_bytes(const struct manifest *manifest);

/* Find `ref`, read its manifest from the store and verify it against the id. `text` (may be NULL)
 * gets the canonical bytes. The caller clears both. */
int manifest_load(struct mlops_registry *registry, const char *ref, struct mlops_version *version,
                  struct manifest *manifest, struct buffer *text, struct mlops_error *err);

/* Read the file at `path` of a bundle, links followed. More than `max` bytes is MLOPS_INVALID.
 * Errors: MLOPS_NOT_FOUND the bundle has no such file; MLOPS_INTEGRITY; MLOPS_IO. */
int manifest_read_file(struct mlops_registry *registry, const struct manifest *manifest,
                       const char *path, size_t max, struct buffer *content,
                       struct mlops_error *err);

/* The changes of the code that its commit does not have; empty where there are none. */
int manifest_read_patch(struct mlops_registry *registry, const struct manifest *manifest,
                        struct buffer *patch, struct mlops_error *err);

/* Are the files there to be had? Errors: MLOPS_NOT_FOUND they were released. */
int manifest_check_files(const struct manifest *manifest, struct mlops_error *err);

/*
 * Lay the files out in `directory`, which does not exist yet or is an empty folder; used by
 * checkout and by the suite runner. A folder that does not exist appears whole, by one rename. One
 * that does is kept, with its owner and mode, and gets the content when all of it has been written
 * and verified. On failure nothing is left behind.
 */
int manifest_checkout(struct mlops_registry *registry, const struct manifest *manifest,
                      const char *directory, struct mlops_error *err);

#endif
