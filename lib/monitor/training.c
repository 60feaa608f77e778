/* lib/monitor/training.c - the training profile of a version, out of the store. */
#include "monitor/training.h"
#include "store/store.h"

#define PROFILE_MAX (1U << 30)

const struct manifest_data *training_choose(const struct manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->data_count; i++)
        if (name ? str_equal(manifest->data[i].name, name)
                 : manifest->data[i].role && str_equal(manifest->data[i].role, "reference"))
            return &manifest->data[i];
    if (name)
        return NULL;
    return manifest->data_count == 1 ? &manifest->data[0] : NULL;
}

int training_read(struct mlops_registry *registry, const struct manifest_data *data,
                  struct training *training, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    struct store *store;
    *training = (struct training){0};
    TRY(registry_store(registry, &store, err));
    TRY(store_read(store, &data->profile, PROFILE_MAX, &bytes, err));
    TRY(profile_decode(bytes.data, bytes.length, &training->profile, err));
    training->target = data->target ? xstrdup(data->target) : NULL;
    training->time = data->time ? xstrdup(data->time) : NULL;
    return MLOPS_OK;
}

int training_load(struct mlops_registry *registry, const char *model, uint64_t version,
                  struct training *training, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version found;
    _cleanup_(free_string) char *ref = xprintf("%s@%llu", model, (unsigned long long)version);
    *training = (struct training){0};
    TRY(manifest_load(registry, ref, &found, &manifest, NULL, err));
    const struct manifest_data *data = training_choose(&manifest, NULL);
    return data ? training_read(registry, data, training, err) : MLOPS_OK;
}

void training_clear(struct training *training)
{
    profile_free(training->profile);
    free(training->target);
    free(training->time);
    *training = (struct training){0};
}
