/* lib/bundle/usage.c - what a registry holds, in bytes: logical, distinct, stored. */
#include "bundle/manifest.h"
#include "registry/bundle.h"
#include "registry/registry.h"
#include "store/check.h"
#include <mlops/maintenance.h>

/* The bundle's files, profiles and manifest, and what its evidence keeps. */
static int add_bundle(struct mlops_registry *registry, struct store *store,
                      const struct bundle_row *row, struct digest_set *seen,
                      struct store_usage *used, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version version;
    struct digest id;
    TRY(manifest_load(registry, row->id, &version, &manifest, NULL, err));
    if (bundle_id_parse(row->id, &id))
        TRY(store_object_usage(store, &id, seen, used, err));
    for (size_t i = 0; !row->released && i < manifest.file_count; i++)
        if (manifest.files[i].kind == MANIFEST_FILE)
            TRY(store_object_usage(store, &manifest.files[i].digest, seen, used, err));
    for (size_t i = 0; i < manifest.data_count; i++)
        TRY(store_object_usage(store, &manifest.data[i].profile, seen, used, err));
    for (size_t i = 0; i < row->kept_count; i++)
        TRY(store_object_usage(store, &row->kept[i].digest, seen, used, err));
    if (manifest.has_patch)
        TRY(store_object_usage(store, &manifest.patch, seen, used, err));
    return MLOPS_OK;
}

/* The bundles of one model, from `*at` on; moves `*at` behind them. */
static int add_model(struct mlops_registry *registry, struct store *store,
                     const struct bundle_list *bundles, size_t *at, struct mlops_model_usage *model,
                     struct mlops_error *err)
{
    _cleanup_(digest_set_clear) struct digest_set seen = {0};
    struct store_usage used = {0};
    str_copy(model->model, sizeof(model->model), bundles->items[*at].model);
    for (; *at < bundles->count && str_equal(bundles->items[*at].model, model->model); (*at)++) {
        const struct bundle_row *row = &bundles->items[*at];
        bool dropped = false;
        int code = add_bundle(registry, store, row, &seen, &used, err);
        if (code == MLOPS_NOT_FOUND || code == MLOPS_INTEGRITY) {
            struct mlops_error found = *err;
            TRY(bundle_is_dropped(registry, row, &dropped, err));
            *err = found;
        }
        if (dropped) /* by gc, while we counted */
            continue;
        TRY(code);
        model->bundles++;
        model->logical_bytes += row->bytes;
        for (size_t i = 0; i < row->kept_count; i++)
            model->logical_bytes += row->kept[i].bytes;
    }
    model->unique_bytes = used.raw_bytes;
    model->stored_bytes = used.stored_bytes;
    return MLOPS_OK;
}

static int count_all(struct mlops_registry *registry, struct mlops_usage *usage,
                     struct mlops_error *err)
{
    _cleanup_(bundle_list_clear) struct bundle_list bundles = {0};
    struct store *store;
    struct store_usage whole;
    size_t capacity = 0;
    TRY(registry_store(registry, &store, err));
    TRY(registry_bundles(registry, &bundles, err));
    TRY(store_usage(store, &whole, err));
    usage->bundles = bundles.count;
    usage->objects = whole.objects;
    usage->unique_bytes = whole.raw_bytes;
    usage->stored_bytes = whole.stored_bytes;
    for (size_t at = 0; at < bundles.count;) {
        GROW(usage->models, usage->model_count, &capacity);
        struct mlops_model_usage *model = &usage->models[usage->model_count++];
        *model = (struct mlops_model_usage){0};
        TRY(add_model(registry, store, &bundles, &at, model, err));
        usage->logical_bytes += model->logical_bytes;
    }
    return MLOPS_OK;
}

int mlops_usage(struct mlops_registry *registry, struct mlops_usage *usage, struct mlops_error *err)
{
    *usage = (struct mlops_usage){0};
    int code = count_all(registry, usage, err);
    if (code)
        mlops_usage_clear(usage);
    return code;
}

void mlops_usage_clear(struct mlops_usage *usage)
{
    free(usage->models);
    *usage = (struct mlops_usage){0};
}
