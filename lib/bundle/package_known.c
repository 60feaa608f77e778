/* lib/bundle/package_known.c - what need not be done, because it was done the last time. */
#include "base/json.h"
#include "bundle/packaging.h"
#include "registry/bundle.h"

void package_key_text(struct sha256 *hash, const char *text)
{
    sha256_update(hash, text ? text : "", text ? strlen(text) + 1 : 0);
    sha256_update(hash, text ? "1" : "0", 1);
}

static void add_list(struct sha256 *hash, const char *const *texts)
{
    for (; texts && *texts; texts++)
        package_key_text(hash, *texts);
    package_key_text(hash, NULL);
}

int package_make_key(struct packaging *packaging, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *git = git_describe(&packaging->git);
    _cleanup_(buffer_clear) struct buffer code = {0};
    TRY(json_write_canonical(git, &code, err));
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    sha256_update(hash, packaging->project_digest.bytes, sizeof(packaging->project_digest.bytes));
    package_key_text(hash, code.data);
    add_list(hash, packaging->options->params);
    add_list(hash, packaging->options->metrics);
    for (size_t i = 0; i < packaging->lineage.parent_count; i++)
        package_key_text(hash, packaging->lineage.parents[i].bundle);
    package_key_text(hash, packaging->lineage.run);
    for (size_t i = 0; i < packaging->walk.count; i++) {
        const struct walked *item = &packaging->walk.items[i];
        const struct stat *status = &item->status;
        const uint64_t look[] = {(uint64_t)item->file.kind,
                                 item->file.mode,
                                 status->st_dev,
                                 status->st_ino,
                                 (uint64_t)status->st_size,
                                 (uint64_t)status->st_mtim.tv_sec,
                                 (uint64_t)status->st_mtim.tv_nsec,
                                 (uint64_t)status->st_ctim.tv_sec,
                                 (uint64_t)status->st_ctim.tv_nsec};
        package_key_text(hash, item->file.path);
        package_key_text(hash, item->file.target);
        /* the times of folders tell of names that come and go, packaged or not */
        sha256_update(hash, look,
                      item->file.kind == MANIFEST_FILE ? sizeof(look) : 2 * sizeof(*look));
    }
    sha256_final(hash, &packaging->key);
    return MLOPS_OK;
}

int package_find_unchanged(struct packaging *packaging, struct mlops_package *package, bool *found,
                           struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    const struct stat_cache_bundle *last = stat_cache_bundle(packaging->cache);
    *found = false;
    if (!last || !digest_equal(&last->key, &packaging->key))
        return MLOPS_OK;
    bundle_id_format(&last->bundle, package->bundle);
    if (packaging->registers)
        TRY(version_announce(packaging->registry, package->bundle, package->model, err));
    TRY(transaction_begin(packaging->registry, &tx, err));
    TRY(bundle_is_known(tx, package->bundle, found, err));
    if (!*found)
        return MLOPS_OK;
    package->files = last->files;
    package->bytes = last->bytes;
    TRY(bundle_record(tx, package->bundle, package->model, package->files, package->bytes, err));
    if (packaging->registers)
        TRY(version_register(tx, package->bundle, NULL, &package->version, &package->created, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int package_remember(const struct packaging *packaging, const struct mlops_package *package,
                     struct mlops_error *err)
{
    struct stat_cache_bundle bundle = {
        .key = packaging->key, .files = package->files, .bytes = package->bytes};
    bool settled = bundle_id_parse(package->bundle, &bundle.bundle) &&
                   stat_cache_settled(&packaging->walk, packaging->found_ns);
    return stat_cache_save(packaging->cache, &packaging->walk, packaging->found_ns,
                           settled ? &bundle : NULL, err);
}
