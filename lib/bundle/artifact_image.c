/*
 * lib/bundle/artifact_image.c - a bundle's files as an image that a container runtime can mount: an
 * OCI 1.1 image manifest whose layers are file systems. It has the files and not the bundle.
 *
 * containerd mounts layers of application/vnd.oci.image.layer.* alone, and holds them against the
 * rootfs of the configuration (core/unpack, client/image.go); of any other artifact it mounts an
 * empty folder.
 */
#include "base/json.h"
#include "base/path.h"
#include "bundle/artifact.h"
#include "registry/scratch.h"

#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"

/* A kernel's overlay takes some 120 layers at most, and a runtime adds its own. */
#define ALONE_MAX 64
#define ALONE_LEAST (1U << 20) /* bytes: smaller files share a layer */

static int add_layer(struct mlops_registry *registry, const struct manifest *manifest,
                     const bool *members, const char *path, struct artifact_plan *plan,
                     struct mlops_error *err)
{
    struct artifact_layer *layer = artifact_layer_add(plan);
    if (!plan->scratch)
        TRY(scratch_make(registry, "push", &plan->scratch, err));
    layer->type = LAYER_TYPE;
    layer->path = path;
    layer->owned = xprintf("%s/layer-%zu", plan->scratch, plan->count);
    layer->tar = xstrdup(layer->owned);
    return artifact_tar_write(registry, manifest, members, layer->tar, &layer->digest, &layer->size,
                              err);
}

/* Large files are layers of their own, so that the next version shares those that did not change;
 * the rest, with folders and links, is one, and the first: folders have their modes from it. */
static int add_layers(struct mlops_registry *registry, const struct manifest *manifest,
                      const bool *alone, bool *members, struct artifact_plan *plan,
                      struct mlops_error *err)
{
    bool any = false;
    for (size_t i = 0; i < manifest->file_count; i++)
        any |= members[i] = !alone[i];
    if (any)
        TRY(add_layer(registry, manifest, members, ".", plan, err));
    memset(members, 0, manifest->file_count * sizeof(*members));
    for (size_t i = 0; i < manifest->file_count; i++) {
        if (!alone[i])
            continue;
        members[i] = true;
        TRY(add_layer(registry, manifest, members, manifest->files[i].path, plan, err));
        members[i] = false;
    }
    return MLOPS_OK;
}

int artifact_image_plan(struct mlops_registry *registry, const struct manifest *manifest,
                        struct artifact_plan *plan, struct mlops_error *err)
{
    bool *alone = xcalloc(manifest->file_count + 1, sizeof(*alone));
    bool *members = xcalloc(manifest->file_count + 1, sizeof(*members));
    artifact_choose_largest(manifest, ALONE_MAX, ALONE_LEAST, alone);
    int code = add_layers(registry, manifest, alone, members, plan, err);
    free(alone);
    free(members);
    return code;
}

/* The specification wants an architecture; files have none, and nobody who mounts them asks. */
static int write_config(const struct manifest *manifest, const char *id,
                        const struct artifact_plan *plan, struct buffer *out,
                        struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *config = xcheck(cJSON_CreateObject());
    char digest[MLOPS_BUNDLE_ID_SIZE];
    json_add_string(config, "architecture", "amd64");
    json_add_string(config, "os", "linux");
    cJSON *labels = json_add_object(json_add_object(config, "config"), "Labels");
    json_add_string(labels, ARTIFACT_BUNDLE, id);
    json_add_string(labels, ARTIFACT_TITLE, manifest->project.model);
    cJSON *rootfs = json_add_object(config, "rootfs");
    json_add_string(rootfs, "type", "layers");
    cJSON *ids = json_add_array(rootfs, "diff_ids");
    for (size_t i = 0; i < plan->count; i++) {
        bundle_id_format(&plan->layers[i].digest, digest);
        cJSON_AddItemToArray(ids, xcheck(cJSON_CreateString(digest)));
    }
    return json_write_canonical(config, out, err);
}

int artifact_image_describe(const struct manifest *manifest, const char *id,
                            const struct artifact_plan *plan, struct buffer *config,
                            struct buffer *text, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *document = xcheck(cJSON_CreateObject());
    struct digest digest;
    TRY(write_config(manifest, id, plan, config, err));
    sha256_of(config->data, config->length, &digest);
    json_add_u64(document, "schemaVersion", 2);
    json_add_string(document, "mediaType", OCI_MANIFEST_TYPE);
    (void)oci_descriptor_add(document, "config", ARTIFACT_IMAGE_CONFIG_TYPE, &digest,
                             config->length);
    cJSON *layers = json_add_array(document, "layers");
    for (size_t i = 0; i < plan->count; i++)
        (void)oci_descriptor_add(layers, NULL, plan->layers[i].type, &plan->layers[i].digest,
                                 plan->layers[i].size);
    cJSON *annotations = json_add_object(document, "annotations");
    json_add_string(annotations, ARTIFACT_BUNDLE, id);
    json_add_string(annotations, ARTIFACT_TITLE, manifest->project.model);
    return json_write_canonical(document, text, err);
}
