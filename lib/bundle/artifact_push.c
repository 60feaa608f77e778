/* lib/bundle/artifact_push.c - a bundle into an OCI registry: blobs, manifest, tag, signatures. */
#include "base/file.h"
#include "base/path.h"
#include "bundle/archive.h"
#include "bundle/artifact.h"
#include "registry/registry.h"
#include "registry/scratch.h"
#include "store/store.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define IN_MEMORY (8U << 20) /* objects up to here */

struct pushing {
    struct mlops_registry *registry;
    struct store *store;
    struct oci_client *client;
    struct oci_reference to;
    const struct mlops_push_options *options;
    struct manifest manifest;
    struct buffer config, text; /* of the artifact */
    struct digest digest;       /* of `text` */
    struct artifact_plan plan;
    struct mlops_push *result;
    char *scratch;
};

static void pushing_clear(struct pushing *pushing)
{
    struct mlops_error ignored = {0}; /* what is left in the scratch folder, gc takes */
    oci_client_free(pushing->client);
    oci_reference_clear(&pushing->to);
    manifest_clear(&pushing->manifest);
    buffer_clear(&pushing->config);
    buffer_clear(&pushing->text);
    artifact_plan_clear(&pushing->plan);
    if (pushing->scratch)
        (void)tree_remove(pushing->scratch, &ignored);
    free(pushing->scratch);
}

/* ---- one layer --------------------------------------------------------------------------------
 */

/* The bytes of a layer, which are only read when the registry does not have them. */
struct layer_source {
    struct pushing *pushing;
    const struct artifact_layer *layer;
    struct buffer content; /* small ones */
    char *path;            /* large ones */
    int fd;
};

static void layer_source_clear(struct layer_source *source)
{
    buffer_clear(&source->content);
    fd_close(&source->fd);
    if (source->path)
        (void)unlink(source->path); /* the folder goes in the end */
    free(source->path);
}

static int lay_out(struct layer_source *source, struct mlops_error *err)
{
    struct pushing *pushing = source->pushing;
    if (!pushing->scratch)
        TRY(scratch_make(pushing->registry, "push", &pushing->scratch, err));
    source->path = path_join(pushing->scratch, "blob");
    const struct store_restore file = {.digest = source->layer->digest,
                                       .size = source->layer->size,
                                       .path = source->path,
                                       .mode = 0600};
    return store_restore_files(pushing->store, &file, 1, false, NULL, err);
}

static int open_source(struct layer_source *source, struct mlops_error *err)
{
    const struct artifact_layer *layer = source->layer;
    if (!layer->tar && layer->size <= IN_MEMORY)
        return store_read(source->pushing->store, &layer->digest, IN_MEMORY, &source->content, err);
    if (!layer->tar)
        TRY(lay_out(source, err));
    const char *path = layer->tar ? layer->tar : source->path;
    source->fd = open(path, O_RDONLY | O_CLOEXEC);
    return source->fd < 0 ? mlops_fail_errno(err, MLOPS_IO, errno, "read '%s'", path) : MLOPS_OK;
}

/* Of oci_blob. */
static int read_layer(void *context, uint64_t offset, void *data, size_t length,
                      struct mlops_error *err)
{
    struct layer_source *source = context;
    if (source->fd < 0 && source->content.length == 0)
        TRY(open_source(source, err));
    if (source->fd >= 0)
        return fd_pread_full(source->fd, data, length, offset, err);
    if (offset + length > source->content.length)
        return mlops_fail(err, MLOPS_INTEGRITY, "it is shorter than its manifest says");
    memcpy(data, source->content.data + offset, length);
    return MLOPS_OK;
}

static int push_layer(struct pushing *pushing, const struct artifact_layer *layer,
                      struct mlops_error *err)
{
    _cleanup_(layer_source_clear) struct layer_source source = {
        .pushing = pushing, .layer = layer, .fd = -1};
    const struct oci_blob blob = {
        .digest = layer->digest, .size = layer->size, .read = read_layer, .context = &source};
    enum oci_sent sent;
    if (oci_blob_put(pushing->client, &blob, &sent, err))
        return mlops_wrap(err, "'%s'", layer->path);
    pushing->result->bytes += layer->size;
    if (sent == OCI_SENT_ALL)
        pushing->result->sent_bytes += layer->size;
    return MLOPS_OK;
}

/* ---- the artifact -----------------------------------------------------------------------------
 */

static int push_blobs(struct pushing *pushing, struct mlops_error *err)
{
    const struct artifact_plan *plan = &pushing->plan;
    uint64_t total = 0, done = 0;
    enum oci_sent sent;
    for (size_t i = 0; i < plan->count; i++)
        total += plan->layers[i].size;
    for (size_t i = 0; i < plan->count; i++) {
        TRY(archive_progress(pushing->registry, "pushing", done, total, err));
        TRY(push_layer(pushing, &plan->layers[i], err));
        done += plan->layers[i].size;
    }
    struct oci_blob config = {.size = pushing->config.length, .data = pushing->config.data};
    sha256_of(config.data, pushing->config.length, &config.digest);
    return oci_blob_put(pushing->client, &config, &sent, err);
}

/* Tags have no compare-and-swap: between this look and the push another may move it. */
static int look_at_tag(struct pushing *pushing, bool *there, struct mlops_error *err)
{
    struct digest digest;
    bool found;
    char id[MLOPS_BUNDLE_ID_SIZE];
    const char *tag = pushing->to.tag;
    TRY(oci_manifest_head(pushing->client, tag ? tag : pushing->result->digest, &found, &digest,
                          err));
    *there = found && digest_equal(&digest, &pushing->digest);
    if (!found || *there || pushing->options->force)
        return MLOPS_OK;
    bundle_id_format(&digest, id);
    mlops_fail(err, MLOPS_CONFLICT, "the tag '%s' of '%s' is on another artifact, %.23s…", tag,
               pushing->to.repository, id);
    return mlops_hint(err, "give this one another tag, or move the tag: --force");
}

static int push_manifest(struct pushing *pushing, struct mlops_error *err)
{
    const char *name = pushing->to.tag ? pushing->to.tag : pushing->result->digest;
    bool refers;
    return oci_manifest_put(pushing->client, name, OCI_MANIFEST_TYPE, &pushing->text, &refers, err);
}

static int describe(struct pushing *pushing, const char *ref, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_push *result = pushing->result;
    TRY(manifest_load(pushing->registry, ref, &result->version, &pushing->manifest, &text, err));
    TRY(manifest_check_files(&pushing->manifest, err));
    TRY(registry_store(pushing->registry, &pushing->store, err));
    TRY(artifact_plan_make(pushing->registry, &pushing->manifest, result->version.bundle,
                           text.length, &pushing->plan, err));
    TRY(artifact_describe(&pushing->manifest, result->version.bundle, &pushing->plan,
                          &pushing->config, &pushing->text, err));
    sha256_of(pushing->text.data, pushing->text.length, &pushing->digest);
    bundle_id_format(&pushing->digest, result->digest);
    result->layers = pushing->plan.count;
    if (pushing->to.has_digest && !digest_equal(&pushing->to.digest, &pushing->digest))
        return mlops_fail(err, MLOPS_INVALID,
                          "the artifact of '%s' is %.23s…, and not what the "
                          "address says",
                          ref, result->digest);
    return MLOPS_OK;
}

static int connect_to(struct pushing *pushing, struct mlops_error *err)
{
    const struct mlops_remote *to = &pushing->options->to;
    const struct oci_client_options how = {.plain_http = to->plain_http,
                                           .ca_file = to->ca_file,
                                           .writes = true,
                                           .mount = pushing->options->mount,
                                           .observer = registry_observer(pushing->registry)};
    if (how.mount && !oci_repository_valid(how.mount))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no repository", how.mount);
    TRY(oci_client_new(&pushing->to, &how, &pushing->client, err));
    return oci_ping(pushing->client, err);
}

int mlops_push(struct mlops_registry *registry, const char *ref,
               const struct mlops_push_options *options, struct mlops_push *push,
               struct mlops_error *err)
{
    _cleanup_(pushing_clear) struct pushing pushing = {
        .registry = registry, .options = options, .result = push};
    bool there;
    *push = (struct mlops_push){0};
    TRY(oci_reference_parse(options->to.address, &pushing.to, err));
    TRY(describe(&pushing, ref, err));
    TRY(connect_to(&pushing, err));
    TRY(look_at_tag(&pushing, &there, err));
    push->created = !there;
    TRY(push_blobs(&pushing, err));
    if (!there)
        TRY(push_manifest(&pushing, err));
    const struct oci_descriptor subject = {
        .type = OCI_MANIFEST_TYPE, .digest = pushing.digest, .size = pushing.text.length};
    return artifact_signatures_push(registry, pushing.client, push->version.bundle, &subject,
                                    &push->signatures, err);
}
