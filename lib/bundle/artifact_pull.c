/*
 * lib/bundle/artifact_pull.c - what is at an address of an OCI registry, taken in: which artifact
 * it is, and the fetching that both kinds share. Nothing of it is trusted.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/archive.h"
#include "bundle/artifact.h"
#include "registry/registry.h"
#include "registry/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* ---- fetching ------------------------------------------------------------------------------ */

struct to_file {
    struct artifact_pull *pull;
    const char *path;
    int fd;
};

static bool is_zeros(const char *data, size_t length)
{
    return length > 0 && data[0] == 0 && memcmp(data, data + 1, length - 1) == 0;
}

int artifact_check_in(struct artifact_pull *pull, struct mlops_error *err)
{
    return archive_progress(pull->registry, "pulling", pull->received, pull->total, err);
}

/* Of oci_blob_sink. Zeros become holes: a registry can send them as cheaply as it likes. */
static int to_file(void *context, uint64_t offset, const void *data, size_t length,
                   struct mlops_error *err)
{
    struct to_file *to = context;
    struct artifact_pull *pull = to->pull;
    if (offset == 0 && ftruncate(to->fd, 0) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", to->path);
    if (lseek(to->fd, (off_t)offset, SEEK_SET) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", to->path);
    if (!is_zeros(data, length) && fd_write_full(to->fd, data, length, err))
        return mlops_wrap(err, "'%s'", to->path);
    pull->received += length;
    return pthread_equal(pthread_self(), pull->owner) ? artifact_check_in(pull, err) : MLOPS_OK;
}

int artifact_fetch(struct artifact_pull *pull, const struct oci_descriptor *layer, const char *path,
                   struct mlops_error *err)
{
    _cleanup_(fd_close) int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct to_file to = {.pull = pull, .path = path, .fd = fd};
    const struct oci_blob_sink sink = {.take = to_file, .context = &to};
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", path);
    TRY(oci_blob_get(pull->client, &layer->digest, layer->size, &sink, err));
    if (ftruncate(fd, (off_t)layer->size) < 0) /* where it ends with a hole */
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", path);
    return MLOPS_OK;
}

int artifact_scratch(struct artifact_pull *pull, const char *name, char **path,
                     struct mlops_error *err)
{
    if (!pull->scratch)
        TRY(scratch_make(pull->registry, "pull", &pull->scratch, err));
    *path = path_join(pull->scratch, name);
    return MLOPS_OK;
}

/* ---- what it is ---------------------------------------------------------------------------- */

/* What `push --as image` made has the bundle's files and not the bundle. */
static int refuse_image(const struct artifact_pull *pull, struct mlops_error *err)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(pull->manifest, "config");
    const char *id = json_string(cJSON_GetObjectItemCaseSensitive(pull->manifest, "annotations"),
                                 ARTIFACT_BUNDLE, NULL);
    if (!id || !str_equal(json_string(config, "mediaType", ""), ARTIFACT_IMAGE_CONFIG_TYPE))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "this is an image to mount, and not the bundle %.23s… itself",
               id);
    return mlops_hint(err, "pull the tag that it was pushed to without '--as image'");
}

/* Every layer's descriptor, and the one that has a bundle's manifest; `*of` its type NULL: none. */
static int look_at_layers(struct artifact_pull *pull, struct oci_descriptor *of,
                          struct mlops_error *err)
{
    const cJSON *layer, *layers = cJSON_GetObjectItemCaseSensitive(pull->manifest, "layers");
    *of = (struct oci_descriptor){0};
    if (!cJSON_IsArray(layers) || cJSON_GetArraySize(layers) == 0) {
        mlops_fail(err, MLOPS_INVALID, "what is there has no layers, so no files");
        return mlops_hint(err, "an index of several platforms is no model; name one of its "
                               "manifests: …@sha256:…");
    }
    cJSON_ArrayForEach(layer, layers)
    {
        struct oci_descriptor descriptor;
        TRY(oci_descriptor_read(layer, &descriptor, err));
        if (__builtin_add_overflow(pull->total, descriptor.size, &pull->total))
            return mlops_fail(err, MLOPS_INVALID, "its layers have more bytes than can be counted");
        if (!str_equal(json_string(descriptor.annotations, ARTIFACT_PART, ""), "manifest"))
            continue;
        if (of->type)
            return mlops_fail(err, MLOPS_INTEGRITY, "two layers are a bundle's manifest");
        *of = descriptor;
    }
    return MLOPS_OK;
}

static int pull_artifact(struct artifact_pull *pull, const struct digest *digest,
                         struct mlops_error *err)
{
    struct oci_descriptor of;
    TRY(refuse_image(pull, err));
    TRY(look_at_layers(pull, &of, err));
    if (!of.type) {
        pull->result->foreign = true;
        return artifact_pull_foreign(pull, err);
    }
    TRY(artifact_pull_bundle(pull, &of, err));
    return artifact_signatures_pull(pull->registry, pull->client, pull->result->package.bundle,
                                    digest, &pull->result->signatures, err);
}

static int pull_with(struct artifact_pull *pull, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *manifest = NULL;
    const struct oci_reference *from = pull->from;
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct digest found;
    if (from->has_digest)
        bundle_id_format(&from->digest, id);
    TRY(oci_ping(pull->client, err));
    TRY(oci_manifest_get(pull->client, from->has_digest ? id : from->tag,
                         from->has_digest ? &from->digest : NULL, &manifest, &found, err));
    bundle_id_format(&found, pull->result->digest);
    pull->manifest = manifest;
    return pull_artifact(pull, &found, err);
}

static void pull_clear(struct artifact_pull *pull)
{
    struct mlops_error ignored = {0}; /* what is left in the scratch folder, gc takes */
    oci_client_free(pull->client);
    if (pull->scratch)
        (void)tree_remove(pull->scratch, &ignored);
    free(pull->scratch);
}

int mlops_pull(struct mlops_registry *registry, const struct mlops_pull_options *options,
               struct mlops_pull *result, struct mlops_error *err)
{
    _cleanup_(oci_reference_clear) struct oci_reference from = {0};
    _cleanup_(pull_clear) struct artifact_pull pull = {.registry = registry,
                                                       .options = options,
                                                       .from = &from,
                                                       .result = result,
                                                       .owner = pthread_self()};
    const struct oci_client_options how = {.plain_http = options->from.plain_http,
                                           .ca_file = options->from.ca_file,
                                           .observer = registry_observer(registry)};
    int64_t begin_ns = clock_monotonic_ns();
    *result = (struct mlops_pull){0};
    TRY(oci_reference_parse(options->from.address, &from, err));
    if (options->model)
        TRY(name_check("model", options->model, err));
    TRY(oci_client_new(&from, &how, &pull.client, err));
    if (pull_with(&pull, err))
        return mlops_wrap(err, "%s", options->from.address);
    result->received_bytes = pull.received;
    result->package.seconds = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
    return MLOPS_OK;
}
