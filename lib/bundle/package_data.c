/* lib/bundle/package_data.c - the data snapshots of a bundle, described once for each content. */
#include "base/json.h"
#include "base/path.h"
#include "bundle/packaging.h"
#include "bundle/snapshot.h"

/* A snapshot's description follows from the file's content and what the project file says of it. */
static void snapshot_key(const struct digest *content, const struct project_data *data,
                         struct digest *key)
{
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    sha256_update(hash, content->bytes, sizeof(content->bytes));
    package_key_text(hash, data->path);
    package_key_text(hash, data->role);
    package_key_text(hash, data->target);
    package_key_text(hash, data->time);
    sha256_final(hash, key);
}

/* The description that was made before, where its profile is still in the store; else NULL. */
static int known_snapshot(struct packaging *packaging, const struct digest *key, cJSON **snapshot,
                          struct mlops_error *err)
{
    const char *text = packaging->options->afresh ? NULL : stat_cache_text(packaging->cache, key);
    struct digest profile;
    bool whole = false;
    _cleanup_(json_free) cJSON *json = text ? cJSON_Parse(text) : NULL;
    const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "profile"));
    *snapshot = NULL;
    if (!hex || !digest_from_hex(hex, strlen(hex), &profile))
        return MLOPS_OK;
    TRY(store_writer_has(packaging->writer, &profile, &whole, err));
    if (whole)
        *snapshot = TAKE_PTR(json);
    return MLOPS_OK;
}

static int describe_data(struct packaging *packaging, const struct project_data *data,
                         const struct project_path *path, cJSON **snapshot, struct mlops_error *err)
{
    const char *real = packaging_real(packaging, path);
    const struct walked *item = walk_find(&packaging->walk, real);
    struct digest key;
    snapshot_key(&item->file.digest, data, &key);
    TRY(known_snapshot(packaging, &key, snapshot, err));
    if (*snapshot)
        return MLOPS_OK;
    _cleanup_(free_string) char *file = path_join(packaging->root, real);
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(snapshot_describe(packaging->registry, packaging->writer, file, data, snapshot, err));
    TRY(json_write_canonical(*snapshot, &text, err));
    stat_cache_keep_text(packaging->cache, &key, text.data);
    return MLOPS_OK;
}

/* The data that the project file names, in its order; so are the paths of the key "data". */
int package_add_data(struct packaging *packaging, cJSON *manifest, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    const struct project_path *path = packaging_path(packaging, "data");
    cJSON *all = json_add_object(manifest, "data");
    for (size_t i = 0; i < project->data_count; i++, path++) {
        const struct walked *item = walk_find(&packaging->walk, packaging_real(packaging, path));
        char hex[SHA256_HEX_SIZE];
        cJSON *snapshot = NULL;
        TRY(describe_data(packaging, &project->data[i], path, &snapshot, err));
        digest_to_hex(&item->file.digest, hex);
        json_add_string(snapshot, "sha256", hex);
        cJSON_AddItemToObject(all, project->data[i].name, snapshot);
    }
    return MLOPS_OK;
}
