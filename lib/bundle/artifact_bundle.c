/*
 * lib/bundle/artifact_bundle.c - a bundle out of an artifact that nobody vouches for: its manifest
 * says what must be there, and every byte is held against it. What the store has is not fetched.
 */
#include "base/digest_set.h"
#include "base/file.h"
#include "base/json.h"
#include "bundle/archive_source.h"
#include "bundle/artifact.h"
#include "bundle/reach.h"
#include "registry/condemned.h"
#include "stats/profile.h"
#include "store/store.h"
#include "store/transfer.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SMALL (8U << 20) /* files up to here go through memory */

struct bundle_pull {
    struct artifact_pull *pull;
    struct manifest manifest;
    struct buffer text; /* of the manifest */
    struct store_writer *writer;
    struct digest_set added; /* what the writer was given; the store does not know of it yet */
    uint64_t round;          /* of gc, when the store was first looked at */
    struct wanted *wanted;   /* files that are layers by themselves and have to be fetched */
    size_t wanted_count, wanted_capacity;
};

/* One of them, on its way. */
struct wanted {
    const char *path; /* in the bundle */
    struct digest digest;
    uint64_t size;
    struct buffer content; /* a small one */
    char *file;            /* where a large one is; NULL: small */
};

static void bundle_pull_clear(struct bundle_pull *of)
{
    for (size_t i = 0; i < of->wanted_count; i++) {
        buffer_clear(&of->wanted[i].content);
        free(of->wanted[i].file); /* what is there goes with the folder */
    }
    free(of->wanted);
    manifest_clear(&of->manifest);
    buffer_clear(&of->text);
    store_writer_abort(of->writer);
    digest_set_clear(&of->added);
}

/* ---- objects ------------------------------------------------------------------------------- */

static int wrong_digest(const char *what, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INTEGRITY, "'%s' is not what the bundle's manifest says", what);
}

static int add_content(struct bundle_pull *of, const struct buffer *content,
                       const struct digest *wanted, const char *what, struct mlops_error *err)
{
    struct digest digest;
    TRY(store_writer_add(of->writer, content->data ? content->data : "", content->length, &digest,
                         err));
    (void)digest_set_add(&of->added, &digest);
    return digest_equal(&digest, wanted) ? MLOPS_OK : wrong_digest(what, err);
}

static int add_small(struct bundle_pull *of, const struct oci_descriptor *layer, const char *what,
                     struct buffer *content, struct mlops_error *err)
{
    TRY(oci_blob_read(of->pull->client, &layer->digest, layer->size, ARCHIVE_PROFILE_MAX, content,
                      err));
    of->pull->received += layer->size;
    return add_content(of, content, &layer->digest, what, err);
}

static int add_file_at(struct bundle_pull *of, const char *path, const struct digest *wanted,
                       const char *what, struct mlops_error *err)
{
    struct store_file file = {.path = path};
    TRY(store_writer_add_files(of->writer, &file, 1, err));
    (void)digest_set_add(&of->added, &file.digest);
    return digest_equal(&file.digest, wanted) ? MLOPS_OK : wrong_digest(what, err);
}

/* Is it in the store, or given to the writer already? */
static int is_there(struct bundle_pull *of, const struct digest *digest, bool *there,
                    struct mlops_error *err)
{
    *there = digest_set_has(&of->added, digest);
    return *there ? MLOPS_OK : store_writer_has(of->writer, digest, there, err);
}

/* ---- layers -------------------------------------------------------------------------------- */

/* The layer of that digest and size which is `part`; NULL part: a file by itself. False: none. */
static bool find_layer(const struct bundle_pull *of, const char *part, const struct digest *digest,
                       struct oci_descriptor *found)
{
    const cJSON *layer;
    struct mlops_error ignored = {0}; /* all of them were read once */
    cJSON_ArrayForEach(layer, cJSON_GetObjectItemCaseSensitive(of->pull->manifest, "layers"))
    {
        if (oci_descriptor_read(layer, found, &ignored))
            continue;
        if (!digest_equal(&found->digest, digest))
            continue;
        if (str_equal(json_string(found->annotations, ARTIFACT_PART, ""), part ? part : ""))
            return true;
    }
    return false;
}

static int missing(const char *what, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INTEGRITY,
                      "'%s' is in the bundle's manifest and not in the "
                      "artifact",
                      what);
}

/* The profile's bytes: out of the store, where another bundle has it too. */
static int get_profile(struct bundle_pull *of, const struct manifest_data *data,
                       struct buffer *content, struct mlops_error *err)
{
    struct oci_descriptor layer;
    struct store *store;
    bool there;
    TRY(registry_store(of->pull->registry, &store, err));
    TRY(store_writer_has(of->writer, &data->profile, &there, err));
    if (there)
        return store_read(store, &data->profile, ARCHIVE_PROFILE_MAX, content, err);
    if (!find_layer(of, "profile", &data->profile, &layer))
        return missing(data->name, err);
    return add_small(of, &layer, data->name, content, err);
}

static int take_profile(struct bundle_pull *of, size_t index, struct mlops_error *err)
{
    const struct manifest_data *data = &of->manifest.data[index];
    _cleanup_(profile_free_ptr) struct profile *profile = NULL;
    _cleanup_(buffer_clear) struct buffer content = {0};
    TRY(get_profile(of, data, &content, err));
    if (profile_decode(content.data, content.length, &profile, err)) {
        mlops_wrap(err, "the profile of '%s'", data->name);
        return (int)(err->code = MLOPS_INTEGRITY);
    }
    return profile->rows == data->rows ? MLOPS_OK : wrong_digest(data->name, err);
}

static int take_patch(struct bundle_pull *of, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    struct oci_descriptor layer;
    if (!of->manifest.has_patch)
        return MLOPS_OK;
    if (!find_layer(of, "patch", &of->manifest.patch, &layer))
        return missing("code.diff", err);
    if (layer.size > MANIFEST_PATCH_MAX)
        return wrong_digest("code.diff", err);
    return add_small(of, &layer, "code.diff", &content, err);
}

/* `*pending`: it must be in a layer that files share. */
static int want_file(struct bundle_pull *of, struct digest_set *seen,
                     const struct manifest_file *file, bool *pending, struct mlops_error *err)
{
    struct oci_descriptor layer;
    bool there;
    TRY(is_there(of, &file->digest, &there, err));
    if (there)
        return MLOPS_OK;
    if (!find_layer(of, NULL, &file->digest, &layer)) {
        *pending = true;
        return MLOPS_OK;
    }
    if (layer.size != file->size)
        return wrong_digest(file->path, err);
    if (!digest_set_add(seen, &file->digest))
        return MLOPS_OK; /* another file has the same bytes */
    GROW(of->wanted, of->wanted_count, &of->wanted_capacity);
    struct wanted *wanted = &of->wanted[of->wanted_count++];
    *wanted = (struct wanted){.path = file->path, .digest = file->digest, .size = file->size};
    if (file->size <= SMALL)
        return MLOPS_OK;
    _cleanup_(free_string) char *name = xprintf("blob-%zu", of->wanted_count);
    return artifact_scratch(of->pull, name, &wanted->file, err);
}

/* transfer_job: in one of several threads. */
static int fetch_file(void *context, size_t index, struct mlops_error *err)
{
    const struct bundle_pull *of = context;
    struct wanted *wanted = &of->wanted[index];
    const struct oci_descriptor layer = {.digest = wanted->digest, .size = wanted->size};
    if (wanted->file)
        return artifact_fetch(of->pull, &layer, wanted->file, err);
    TRY(oci_blob_read(of->pull->client, &wanted->digest, wanted->size, SMALL, &wanted->content,
                      err));
    of->pull->received += wanted->size;
    return MLOPS_OK;
}

/* transfer_job: while others are fetched. */
static int take_file(void *context, size_t index, struct mlops_error *err)
{
    struct bundle_pull *of = context;
    struct wanted *wanted = &of->wanted[index];
    struct buffer *content = &wanted->content;
    if (!wanted->file) {
        TRY(add_content(of, content, &wanted->digest, wanted->path, err));
        buffer_clear(content);
        return MLOPS_OK;
    }
    TRY(add_file_at(of, wanted->file, &wanted->digest, wanted->path, err));
    return unlink(wanted->file) == 0
               ? MLOPS_OK
               : mlops_fail_errno(err, MLOPS_IO, errno, "remove '%s'", wanted->file);
}

static int check_in(void *context, struct mlops_error *err)
{
    const struct bundle_pull *of = context;
    return artifact_check_in(of->pull, err);
}

static void stop(void *context)
{
    const struct bundle_pull *of = context;
    oci_client_stop(of->pull->client);
}

static int take_files(struct bundle_pull *of, bool *pending, struct mlops_error *err)
{
    _cleanup_(digest_set_clear) struct digest_set seen = {0};
    for (size_t i = 0; i < of->manifest.file_count; i++)
        if (of->manifest.files[i].kind == MANIFEST_FILE)
            TRY(want_file(of, &seen, &of->manifest.files[i], pending, err));
    const struct transfer_job job = {.count = of->wanted_count,
                                     .threads = ARTIFACT_TRANSFERS,
                                     .work = fetch_file,
                                     .take = take_file,
                                     .tick = check_in,
                                     .stop = stop,
                                     .context = of};
    return transfers_run(&job, err);
}

/* ---- layers that files share --------------------------------------------------------------- */

static int to_file(void *context, const void *data, size_t length, struct mlops_error *err)
{
    return fd_write_full(*(const int *)context, data, length, err);
}

/* artifact_member: what is not in the manifest, and what the store has, is not looked at. */
static int take_member(void *context, struct archive_source *source,
                       const struct archive_item *item, struct mlops_error *err)
{
    struct bundle_pull *of = context;
    const struct manifest_file *file = manifest_find(&of->manifest, item->name);
    _cleanup_(free_string) char *path = NULL;
    bool there;
    if (!file || file->kind != MANIFEST_FILE)
        return MLOPS_OK;
    TRY(is_there(of, &file->digest, &there, err));
    if (there)
        return MLOPS_OK;
    if (item->size != file->size)
        return wrong_digest(file->path, err);
    TRY(artifact_scratch(of->pull, "member", &path, err));
    _cleanup_(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", path);
    TRY(archive_source_data(source, item, to_file, &fd, err));
    TRY(add_file_at(of, path, &file->digest, file->path, err));
    if (unlink(path) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "remove '%s'", path);
    return MLOPS_OK;
}

static int take_shared(struct bundle_pull *of, struct mlops_error *err)
{
    const cJSON *item;
    _cleanup_(free_string) char *path = NULL;
    TRY(artifact_scratch(of->pull, "files.tar", &path, err));
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(of->pull->manifest, "layers"))
    {
        struct oci_descriptor layer;
        TRY(oci_descriptor_read(item, &layer, err));
        if (!str_equal(json_string(layer.annotations, ARTIFACT_PART, ""), "files"))
            continue;
        TRY(artifact_fetch(of->pull, &layer, path, err));
        TRY(artifact_tar_read(of->pull->registry, path, true, take_member, of, err));
        if (unlink(path) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "remove '%s'", path);
    }
    return MLOPS_OK;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static int check_name(const struct bundle_pull *of, struct mlops_error *err)
{
    const char *asked = of->pull->options->model, *own = of->manifest.project.model;
    if (!asked || str_equal(asked, own))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_CONFLICT, "the bundle is of '%s', and not of '%s'", own, asked);
    return mlops_hint(err, "a bundle keeps its id, and its model's name is part of it: leave the "
                           "name out, or check it out and package it under another");
}

static int take_manifest(struct bundle_pull *of, const struct oci_descriptor *layer,
                         struct mlops_error *err)
{
    struct mlops_package *package = &of->pull->result->package;
    struct digest digest;
    const char *said = json_string(
        cJSON_GetObjectItemCaseSensitive(of->pull->manifest, "annotations"), ARTIFACT_BUNDLE, NULL);
    TRY(oci_blob_read(of->pull->client, &layer->digest, layer->size, MANIFEST_MAX, &of->text, err));
    of->pull->received += layer->size;
    bundle_id_format(&layer->digest, package->bundle);
    if (said && !str_equal(said, package->bundle))
        return mlops_fail(err, MLOPS_INTEGRITY,
                          "the artifact says that it is the bundle %.23s…, "
                          "and has the manifest of %.23s…",
                          said, package->bundle);
    TRY(archive_check_values(&of->text, err));
    TRY(manifest_parse(of->text.data, of->text.length, &of->manifest, err));
    str_copy(package->model, sizeof(package->model), of->manifest.project.model);
    TRY(check_name(of, err));
    return store_writer_add(of->writer, of->text.data, of->text.length, &digest, err);
}

static int check_whole(struct bundle_pull *of, struct mlops_error *err)
{
    struct mlops_package *package = &of->pull->result->package;
    for (size_t i = 0; i < of->manifest.file_count; i++) {
        const struct manifest_file *file = &of->manifest.files[i];
        bool there;
        if (file->kind != MANIFEST_FILE)
            continue;
        TRY(is_there(of, &file->digest, &there, err));
        if (!there)
            return missing(file->path, err);
        package->files++;
        package->bytes += file->size;
    }
    return MLOPS_OK;
}

static int take_bundle(struct bundle_pull *of, const struct oci_descriptor *layer,
                       struct mlops_error *err)
{
    bool pending = false;
    TRY(take_manifest(of, layer, err));
    for (size_t i = 0; i < of->manifest.data_count; i++)
        if (!archive_profile_repeats(&of->manifest, i))
            TRY(take_profile(of, i, err));
    TRY(take_patch(of, err));
    TRY(take_files(of, &pending, err));
    if (pending)
        TRY(take_shared(of, err));
    return check_whole(of, err);
}

/* Objects first, durably; only then the rows that make them reachable. */
static int publish(struct bundle_pull *of, bool *gone, struct mlops_error *err)
{
    struct mlops_package *package = &of->pull->result->package;
    struct mlops_registry *registry = of->pull->registry;
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct store_added added;
    TRY(store_writer_publish(TAKE_PTR(of->writer), &added, err));
    package->new_bytes += added.new_bytes;
    TRY(version_announce(registry, package->bundle, package->model, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(bundle_record(tx, package->bundle, package->model, package->files, package->bytes, err));
    TRY(reach_save(tx, registry, package->bundle, of->round, gone, err));
    if (*gone)
        return MLOPS_OK;
    TRY(version_register(tx, package->bundle, NULL, &package->version, &package->created, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int pull_once(struct artifact_pull *pull, const struct oci_descriptor *layer, bool *gone,
                     struct mlops_error *err)
{
    _cleanup_(bundle_pull_clear) struct bundle_pull of = {.pull = pull};
    struct store *store;
    pull->result->package.files = pull->result->package.bytes = 0;
    TRY(registry_store(pull->registry, &store, err));
    TRY(condemned_round(pull->registry, &of.round, err));
    TRY(store_writer_begin(store, &of.writer, err));
    TRY(take_bundle(&of, layer, err));
    return publish(&of, gone, err);
}

int artifact_pull_bundle(struct artifact_pull *pull, const struct oci_descriptor *of,
                         struct mlops_error *err)
{
    bool gone = true;
    for (int i = 0; gone && i < REACH_ATTEMPTS; i++)
        TRY(pull_once(pull, of, &gone, err));
    if (gone)
        return reach_fail(err);
    if (pull->result->package.created)
        version_announced(pull->registry, &pull->result->package.version);
    return MLOPS_OK;
}
