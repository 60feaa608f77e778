/* lib/bundle/artifact_push.c - a bundle into an OCI registry: blobs, manifest, tag, signatures. */
#include "base/file.h"
#include "bundle/archive.h"
#include "bundle/artifact.h"
#include "registry/registry.h"
#include "store/span.h"
#include "store/transfer.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

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
    uint64_t total;           /* bytes of all layers */
    atomic_ullong done, sent; /* of them: are there; had to be sent */
};

static void pushing_clear(struct pushing *pushing)
{
    oci_client_free(pushing->client);
    oci_reference_clear(&pushing->to);
    manifest_clear(&pushing->manifest);
    buffer_clear(&pushing->config);
    buffer_clear(&pushing->text);
    artifact_plan_clear(&pushing->plan);
}

/* ---- one layer ----------------------------------------------------------------------------- */

/* The bytes of a layer, which are only read when the registry does not have them. */
struct layer_source {
    struct pushing *pushing;
    const struct artifact_layer *layer;
    struct store_span *span; /* of an object */
    int fd;                  /* of a tar */
};

static void layer_source_clear(struct layer_source *source)
{
    store_span_free(source->span);
    fd_close(&source->fd);
}

/* Of oci_blob. */
static int read_layer(void *context, uint64_t offset, void *data, size_t length,
                      struct mlops_error *err)
{
    struct layer_source *source = context;
    struct pushing *pushing = source->pushing;
    const struct artifact_layer *layer = source->layer;
    if (!layer->tar) {
        if (!source->span)
            TRY(store_span_open(pushing->store, &layer->digest, &source->span, err));
        return store_span_read(source->span, offset, data, length, err);
    }
    if (source->fd < 0)
        source->fd = open(layer->tar, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read '%s'", layer->tar);
    return fd_pread_full(source->fd, data, length, offset, err);
}

/* Has a layer before it the same bytes? Then they are sent with that one. */
static bool repeats(const struct artifact_plan *plan, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (digest_equal(&plan->layers[i].digest, &plan->layers[index].digest))
            return true;
    return false;
}

/* transfer_job: in one of several threads. */
static int push_layer(void *context, size_t index, struct mlops_error *err)
{
    struct pushing *pushing = context;
    const struct artifact_layer *layer = &pushing->plan.layers[index];
    _cleanup_(layer_source_clear) struct layer_source source = {
        .pushing = pushing, .layer = layer, .fd = -1};
    const struct oci_blob blob = {
        .digest = layer->digest, .size = layer->size, .read = read_layer, .context = &source};
    enum oci_sent sent = OCI_SENT_NOTHING;
    if (!repeats(&pushing->plan, index) && oci_blob_put(pushing->client, &blob, &sent, err))
        return err->code == MLOPS_CANCELLED ? (int)err->code : mlops_wrap(err, "'%s'", layer->path);
    pushing->done += layer->size;
    if (sent == OCI_SENT_ALL)
        pushing->sent += layer->size;
    return MLOPS_OK;
}

/* ---- the artifact -------------------------------------------------------------------------- */

static int check_in(void *context, struct mlops_error *err)
{
    const struct pushing *pushing = context;
    return archive_progress(pushing->registry, "pushing", pushing->done, pushing->total, err);
}

static void stop(void *context)
{
    const struct pushing *pushing = context;
    oci_client_stop(pushing->client);
}

static int push_blobs(struct pushing *pushing, struct mlops_error *err)
{
    const struct artifact_plan *plan = &pushing->plan;
    enum oci_sent sent;
    for (size_t i = 0; i < plan->count; i++)
        pushing->total += plan->layers[i].size;
    const struct transfer_job job = {.count = plan->count,
                                     .threads = ARTIFACT_TRANSFERS,
                                     .work = push_layer,
                                     .tick = check_in,
                                     .stop = stop,
                                     .context = pushing};
    TRY(transfers_run(&job, err));
    pushing->result->bytes = pushing->done;
    pushing->result->sent_bytes = pushing->sent;
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

static int describe_image(struct pushing *pushing, struct mlops_error *err)
{
    TRY(artifact_image_plan(pushing->registry, &pushing->manifest, &pushing->plan, err));
    return artifact_image_describe(&pushing->manifest, pushing->result->version.bundle,
                                   &pushing->plan, &pushing->config, &pushing->text, err);
}

/* `text_size`: of the bundle's manifest. */
static int describe_artifact(struct pushing *pushing, uint64_t text_size, struct mlops_error *err)
{
    const char *id = pushing->result->version.bundle;
    TRY(artifact_plan_make(pushing->registry, &pushing->manifest, id, text_size, &pushing->plan,
                           err));
    return artifact_describe(&pushing->manifest, id, &pushing->plan, &pushing->config,
                             &pushing->text, err);
}

static int describe(struct pushing *pushing, const char *ref, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_push *result = pushing->result;
    TRY(manifest_load(pushing->registry, ref, &result->version, &pushing->manifest, &text, err));
    TRY(manifest_check_files(&pushing->manifest, err));
    TRY(registry_store(pushing->registry, &pushing->store, err));
    TRY(pushing->options->image ? describe_image(pushing, err)
                                : describe_artifact(pushing, text.length, err));
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
