/* lib/release/whole.c - what enters a stage must be able to leave the store. */
#include "release/whole.h"
#include "registry/registry.h"
#include "store/store.h"

int whole_check(struct mlops_registry *registry, const struct mlops_version *version,
                const struct manifest *manifest, struct mlops_error *err)
{
    struct store *store;
    TRY(registry_store(registry, &store, err));
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        bool has = true;
        if (file->kind == MANIFEST_FILE)
            TRY(store_has(store, &file->digest, &has, err));
        if (has)
            continue;
        mlops_fail(err, MLOPS_INTEGRITY, "%s@%llu is not whole: '%s' is not in the store",
                   version->model, (unsigned long long)version->number, file->path);
        return mlops_hint(err, "put the pack files back from a backup or another copy of the "
                               "registry");
    }
    return MLOPS_OK;
}
