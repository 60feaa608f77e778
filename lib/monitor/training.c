/* lib/monitor/training.c - the training profile of a version, out of the store. */
#include "monitor/training.h"
#include "bundle/manifest.h"
#include "store/store.h"

#define PROFILE_MAX (1U << 30)

static const struct manifest_data *choose(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->data_count; i++)
        if (manifest->data[i].role && str_equal(manifest->data[i].role, "reference"))
            return &manifest->data[i];
    return manifest->data_count == 1 ? &manifest->data[0] : NULL;
}

int training_load(struct mlops_registry *registry, const char *model, uint64_t version,
                  struct training *training, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    struct mlops_version found;
    struct store *store;
    _cleanup_(free_string) char *ref = xprintf("%s@%llu", model, (unsigned long long)version);
    *training = (struct training){0};
    TRY(manifest_load(registry, ref, &found, &manifest, NULL, err));
    const struct manifest_data *data = choose(&manifest);
    if (!data)
        return MLOPS_OK;
    TRY(registry_store(registry, &store, err));
    TRY(store_read(store, &data->profile, PROFILE_MAX, &bytes, err));
    TRY(profile_decode(bytes.data, bytes.length, &training->profile, err));
    training->target = data->target ? xstrdup(data->target) : NULL;
    training->time = data->time ? xstrdup(data->time) : NULL;
    return MLOPS_OK;
}

void training_clear(struct training *training)
{
    profile_free(training->profile);
    free(training->target);
    free(training->time);
    *training = (struct training){0};
}
