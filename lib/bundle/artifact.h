/*
 * lib/bundle/artifact.h - a bundle as an OCI artifact: the names that docs/oci.md describes, and
 * the layers that a bundle becomes.
 *
 * The names are those of the CNCF ModelPack specification (modelpack/model-spec, docs/spec.md and
 * docs/annotations.md) and of the OCI image specification 1.1.
 */
#ifndef BUNDLE_ARTIFACT_H
#define BUNDLE_ARTIFACT_H
#include "bundle/manifest.h"
#include "oci/blob.h"
#include "oci/manifest.h"
#include <mlops/remote.h>
#include <pthread.h>
#include <stdatomic.h>

#define ARTIFACT_TYPE "application/vnd.cncf.model.manifest.v1+json"
#define ARTIFACT_CONFIG_TYPE "application/vnd.cncf.model.config.v1+json"
#define ARTIFACT_IMAGE_CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define ARTIFACT_SIGNATURE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define ARTIFACT_STATEMENT_TYPE "application/vnd.dsse.envelope.v1+json"

#define ARTIFACT_FILEPATH "org.cncf.model.filepath"
#define ARTIFACT_METADATA "org.cncf.model.file.metadata+json"
#define ARTIFACT_TITLE "org.opencontainers.image.title"

/* On a layer: what it is of the bundle; on the manifest: the bundle's id. */
#define ARTIFACT_PART "mlops.bundle.part"
#define ARTIFACT_BUNDLE "mlops.bundle.id"

/* Registries have limits on how many layers there may be (ECR: 500). The largest files are layers
 * of their own, the others share one for each kind. */
#define ARTIFACT_RAW_MAX 384

/* Layers on their way at once: as many as skopeo has. */
#define ARTIFACT_TRANSFERS 6

struct artifact_layer {
    const char *type; /* media type */
    const char *path; /* that it lies under, "." for a tar; the manifest's, or `owned` */
    const char *part; /* "manifest", "profile", "patch", "files" (a tar); NULL: a file */
    const struct manifest_file *file; /* NULL: none by itself */
    struct digest digest;
    uint64_t size;
    char *owned;
    char *tar; /* the file that holds it; NULL: an object of the store has its bytes */
};

struct artifact_plan {
    struct artifact_layer *layers;
    size_t count, capacity;
    char *scratch; /* folder of the tars; NULL: there are none */
};

/* The layers of the bundle `id`; `text_size` is of its manifest. The caller clears `plan`.
 * Errors: MLOPS_INVALID it has a file where the artifact has its own; MLOPS_INTEGRITY; MLOPS_IO. */
int artifact_plan_make(struct mlops_registry *registry, const struct manifest *manifest,
                       const char *id, uint64_t text_size, struct artifact_plan *plan,
                       struct mlops_error *err);
void artifact_plan_clear(struct artifact_plan *plan);
/* Another layer, empty; valid until the next one is added. */
struct artifact_layer *artifact_layer_add(struct artifact_plan *plan);
/* Make `chosen[i]` true for the largest files, `max` at most, of `least` bytes or more. */
void artifact_choose_largest(const struct manifest *manifest, size_t max, uint64_t least,
                             bool *chosen);

/* Write a tar of those of the manifest's entries for which `members` is true to the new file
 * `path`: the same bytes everywhere. */
int artifact_tar_write(struct mlops_registry *registry, const struct manifest *manifest,
                       const bool *members, const char *path, struct digest *digest, uint64_t *size,
                       struct mlops_error *err);

/* Told of each regular file of a tar, by its normalized name; takes its content by archive_source
 * where it wants it. */
struct archive_source;
struct archive_item;
typedef int (*artifact_member)(void *context, struct archive_source *source,
                               const struct archive_item *item, struct mlops_error *err);
int artifact_tar_read(struct mlops_registry *registry, const char *path, bool links,
                      artifact_member each, void *context, struct mlops_error *err);

/* The manifest of the artifact and its configuration, canonical. */
int artifact_describe(const struct manifest *manifest, const char *id,
                      const struct artifact_plan *plan, struct buffer *config, struct buffer *text,
                      struct mlops_error *err);

/* As artifact_plan_make and artifact_describe, of an image that can be mounted
 * (artifact_image.c). */
int artifact_image_plan(struct mlops_registry *registry, const struct manifest *manifest,
                        struct artifact_plan *plan, struct mlops_error *err);
int artifact_image_describe(const struct manifest *manifest, const char *id,
                            const struct artifact_plan *plan, struct buffer *config,
                            struct buffer *text, struct mlops_error *err);

/* ---- while something is pulled ------------------------------------------------------------- */

struct artifact_pull {
    struct mlops_registry *registry;
    struct oci_client *client;
    const cJSON *manifest; /* of the artifact */
    const struct mlops_pull_options *options;
    const struct oci_reference *from;
    struct mlops_pull *result;
    pthread_t owner;        /* the thread that reports progress */
    char *scratch;          /* folder; made when it is needed */
    uint64_t total;         /* bytes of all layers */
    atomic_ullong received; /* of blobs, by whichever thread */
};

/* Report progress; by the thread that called pull. Errors: MLOPS_CANCELLED. */
int artifact_check_in(struct artifact_pull *pull, struct mlops_error *err);

/* Get a blob into the new file `path`, with zeros as holes. From any thread. */
int artifact_fetch(struct artifact_pull *pull, const struct oci_descriptor *layer, const char *path,
                   struct mlops_error *err);
/* A path in the scratch folder. The caller frees. */
int artifact_scratch(struct artifact_pull *pull, const char *name, char **path,
                     struct mlops_error *err);

/* Pull what mlops pushed: `of` is the layer with the bundle's manifest. */
int artifact_pull_bundle(struct artifact_pull *pull, const struct oci_descriptor *of,
                         struct mlops_error *err);
/* Pull anything else that has files. */
int artifact_pull_foreign(struct artifact_pull *pull, struct mlops_error *err);

/* ---- signatures: what refers to the artifact ----------------------------------------------- */

int artifact_signatures_push(struct mlops_registry *registry, struct oci_client *client,
                             const char *bundle, const struct oci_descriptor *subject,
                             uint64_t *count, struct mlops_error *err);
int artifact_signatures_pull(struct mlops_registry *registry, struct oci_client *client,
                             const char *bundle, const struct digest *subject, uint64_t *count,
                             struct mlops_error *err);

/* Record a signature of `bundle` from elsewhere, evidence as it is kept here, and count it where it
 * was not known. What does not read as one is left out with a warning. */
int artifact_signature_record(struct mlops_registry *registry, const char *bundle, const char *body,
                              size_t length, uint64_t *count, struct mlops_error *err);

#endif
