/* lib/drift/snapshot.c - a snapshot found, and its rows read again. */
#include "drift/snapshot.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include "store/store.h"

#define PROFILE_MAX (1U << 30)

int snapshot_choose(const struct manifest *manifest, const char *name,
                    const struct manifest_data **data, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    *data = NULL;
    for (size_t i = 0; i < manifest->data_count; i++) {
        const struct manifest_data *one = &manifest->data[i];
        buffer_printf(&names, "%s%s", i ? ", " : "", one->name);
        if (name ? str_equal(one->name, name) : one->role && str_equal(one->role, "reference"))
            *data = one;
    }
    if (!*data && !name && manifest->data_count == 1)
        *data = &manifest->data[0];
    if (*data)
        return MLOPS_OK;
    if (manifest->data_count == 0)
        return mlops_fail(err, MLOPS_NOT_FOUND,
                          "this version has no data snapshot to compare with");
    if (name)
        mlops_fail(err, MLOPS_NOT_FOUND, "this version has no data snapshot called '%s'", name);
    else
        mlops_fail(err, MLOPS_INVALID, "no data snapshot has the role 'reference'");
    return mlops_hint(err, "it has %s: name one with --data", names.data);
}

int snapshot_profile(struct mlops_registry *registry, const struct manifest_data *data,
                     struct profile **profile, struct mlops_error *err)
{
    struct store *store;
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    TRY(registry_store(registry, &store, err));
    if (store_read(store, &data->profile, PROFILE_MAX, &bytes, err) ||
        profile_decode(bytes.data, bytes.length, profile, err))
        return mlops_wrap(err, "read the profile of '%s'", data->name);
    if ((*profile)->column_count > 0)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_NOT_FOUND,
               "the snapshot '%s' was taken as declared and never read, so there is nothing to "
               "compare with",
               data->name);
    return mlops_hint(err, "package it with the data at hand, or with --verify-external");
}

/* Is it the snapshot's file, or one in its folder? */
static bool belongs(const struct manifest_file *file, const char *path)
{
    size_t length = strlen(path);
    return file->kind == MANIFEST_FILE && strncmp(file->path, path, length) == 0 &&
           (file->path[length] == '\0' || file->path[length] == '/');
}

static int lay_out(struct mlops_registry *registry, const struct manifest *manifest,
                   const struct manifest_data *data, const char *folder, struct mlops_error *err)
{
    struct store *store;
    struct store_restore *files = xcalloc(manifest->file_count + 1, sizeof(*files));
    char **paths = xcalloc(manifest->file_count + 1, sizeof(*paths));
    size_t count = 0;
    int code = registry_store(registry, &store, err);
    for (size_t i = 0; i < manifest->file_count && code == MLOPS_OK; i++) {
        const struct manifest_file *file = &manifest->files[i];
        if (!belongs(file, data->path))
            continue;
        paths[count] = path_join(folder, file->path);
        files[count] = (struct store_restore){
            .digest = file->digest, .size = file->size, .path = paths[count], .mode = 0600};
        _cleanup_(free_string) char *parent = path_parent(paths[count++]);
        code = directory_make(parent, 0700, err);
    }
    if (code == MLOPS_OK && count == 0) {
        mlops_fail(err, MLOPS_NOT_FOUND, "the rows of the snapshot '%s' are not in the bundle",
                   data->name);
        code = mlops_hint(err, "its profile alone cannot tell: leave out what asks for its rows");
    }
    if (code == MLOPS_OK)
        code = store_restore_files(store, files, count, true, NULL, err);
    free(files);
    strings_free(paths);
    return code;
}

int snapshot_open(struct mlops_registry *registry, const struct manifest *manifest,
                  const struct manifest_data *data, const struct profile *profile, char **folder,
                  struct table_reader **reader, struct mlops_error *err)
{
    const char *temporary = getenv("TMPDIR");
    if (manifest->released_ns)
        return mlops_fail(err, MLOPS_NOT_FOUND, "the files of this version were released");
    TRY(directory_make_temporary(temporary ? temporary : "/tmp", "mlops-drift", folder, err));
    TRY(lay_out(registry, manifest, data, *folder, err));
    _cleanup_(free_string) char *path = path_join(*folder, data->path);
    struct table_schema expected = {
        .columns = xcalloc(profile->column_count + 1, sizeof(*expected.columns))};
    for (; expected.count < profile->column_count; expected.count++)
        expected.columns[expected.count] =
            (struct column_schema){.name = profile->columns[expected.count].name,
                                   .type = profile->columns[expected.count].type};
    /* bundles of before have no columns of partitions */
    struct table_options options = {.expected = &expected, .only_expected = true};
    csv_keys_apply(&data->csv, &options);
    int code = table_open(path, &options, reader, err);
    free(expected.columns);
    return code;
}
