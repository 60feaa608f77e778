/* lib/bundle/archive.c - what writing and reading archives share. */
#include "bundle/archive.h"
#include "registry/registry.h"

#define SYMBOL(function) {#function, offsetof(struct archive_api, function)},
static const struct dynload_symbol symbols[] = {ARCHIVE_FUNCTIONS(SYMBOL)};
static const char *const sonames[] = {"libarchive.so.13", "libarchive.so", NULL};

int archive_load(struct archive_api *api, struct mlops_error *err)
{
    return dynload_open(sonames, "libarchive13", symbols, ARRAY_LENGTH(symbols), api, err);
}

int archive_check_values(const struct buffer *manifest, struct mlops_error *err)
{
    size_t count = 0; /* one value at least begins at each of these; those in strings do no harm */
    for (size_t i = 0; i < manifest->length; i++)
        count += manifest->data[i] == ',' || manifest->data[i] == '[' || manifest->data[i] == '{';
    if (count <= ARCHIVE_VALUES_MAX)
        return MLOPS_OK;
    return mlops_fail(
        err, MLOPS_INVALID,
        "its manifest has more than %u values, which is more than an archive may have",
        ARCHIVE_VALUES_MAX);
}

bool archive_profile_repeats(const struct manifest *manifest, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (digest_equal(&manifest->data[i].profile, &manifest->data[index].profile))
            return true;
    return false;
}

int archive_progress(const struct mlops_registry *registry, const char *activity, uint64_t done,
                     uint64_t total, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry ? registry_observer(registry) : NULL;
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while %s", activity);
    if (observer && observer->progress)
        observer->progress(observer->context, activity, done, total);
    return MLOPS_OK;
}
