/* lib/quality/quality.c - a data suite from its snapshots to its results. */
#include "quality/quality.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "quality/overlap.h"
#include "quality/skew.h"
#include "quality/values.h"
#include "registry/registry.h"
#include "store/store.h"

#define PROFILE_MAX (1U << 30)

struct quality {
    const struct manifest *manifest;
    const struct expectations *expectations;
    char *folder;
    struct snapshot_table *tables; /* beside the manifest's data; without path: not asked for */
    struct mlops_expectation_result *results;
    int64_t until_ns;
};

/* ---- laying out ------------------------------------------------------------------------------ */

static int find(const struct manifest *manifest, const char *name, size_t *index,
                struct mlops_error *err)
{
    for (*index = 0; *index < manifest->data_count; (*index)++)
        if (str_equal(manifest->data[*index].name, name))
            return MLOPS_OK;
    return mlops_fail(err, MLOPS_NOT_FOUND, "the bundle has no snapshot called '%s'", name);
}

/* Is it the snapshot's file, or one in its folder? */
static bool belongs(const struct manifest_file *file, const char *path)
{
    size_t length = strlen(path);
    return file->kind == MANIFEST_FILE && str_starts(file->path, path) &&
           (file->path[length] == '\0' || file->path[length] == '/');
}

static int lay_file(struct store *store, const struct manifest_file *file, const char *folder,
                    struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(folder, file->path);
    _cleanup_(free_string) char *parent = path_parent(path);
    TRY(directory_make(parent, 0700, err));
    const struct store_restore restore = {
        .digest = file->digest, .size = file->size, .path = path, .mode = 0600};
    return store_restore_files(store, &restore, 1, true, NULL, err);
}

/* Only the comparison of profiles can do without the table itself. */
static int lay_out(struct store *store, const struct manifest *manifest,
                   const struct manifest_data *data, const char *folder,
                   struct snapshot_table *table, struct mlops_error *err)
{
    bool any = false;
    for (size_t i = 0; i < manifest->file_count; i++) {
        if (!belongs(&manifest->files[i], data->path))
            continue;
        TRY(lay_file(store, &manifest->files[i], folder, err));
        any = true;
    }
    if (!any)
        return mlops_fail(err, MLOPS_NOT_FOUND,
                          "the rows of the snapshot '%s' are not in the "
                          "bundle: '%s'",
                          data->name, data->path);
    table->path = path_join(folder, data->path);
    return MLOPS_OK;
}

static int load_profile(struct store *store, const struct manifest_data *data,
                        struct profile **profile, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    if (store_read(store, &data->profile, PROFILE_MAX, &bytes, err) ||
        profile_decode(bytes.data, bytes.length, profile, err))
        return mlops_wrap(err, "read the profile of '%s'", data->name);
    return MLOPS_OK;
}

static int add_table(struct store *store, struct quality *quality, const char *name, bool read,
                     struct mlops_error *err)
{
    size_t index;
    TRY(find(quality->manifest, name, &index, err));
    const struct manifest_data *data = &quality->manifest->data[index];
    struct snapshot_table *table = &quality->tables[index];
    table->name = data->name;
    table->shown = data->path;
    table->csv = &data->csv;
    if (!table->profile)
        TRY(load_profile(store, data, &table->profile, err));
    if (read && !table->path)
        TRY(lay_out(store, quality->manifest, data, quality->folder, table, err));
    return MLOPS_OK;
}

int quality_open(struct mlops_registry *registry, const struct manifest *manifest,
                 const struct expectations *expectations, const char *folder,
                 struct quality **quality, struct mlops_error *err)
{
    _cleanup_(quality_free_ptr) struct quality *made = xcalloc(1, sizeof(*made));
    struct store *store;
    made->manifest = manifest;
    made->expectations = expectations;
    made->folder = xstrdup(folder);
    made->tables = xcalloc(manifest->data_count + 1, sizeof(*made->tables));
    made->results = xcalloc(expectations->count, sizeof(*made->results));
    TRY(registry_store(registry, &store, err));
    TRY(add_table(store, made, expectations->data, true, err));
    for (size_t i = 0; i < expectations->count; i++)
        if (expectations->items[i].other)
            TRY(add_table(store, made, expectations->items[i].other,
                          expectations->items[i].kind == EXPECT_LEAKAGE, err));
    *quality = TAKE_PTR(made);
    return MLOPS_OK;
}

void quality_free(struct quality *quality)
{
    if (!quality)
        return;
    for (size_t i = 0; i < quality->manifest->data_count; i++)
        snapshot_table_clear(&quality->tables[i]);
    free(quality->tables);
    if (quality->results)
        expectation_results_clear(quality->results, quality->expectations->count);
    free(quality->folder);
    free(quality);
}

/* ---- judging --------------------------------------------------------------------------------- */

/* The snapshot `name`, which quality_open has found; NULL for NULL. */
static const struct snapshot_table *table_of(const struct quality *quality, const char *name)
{
    struct mlops_error never = {0};
    size_t index;
    return name && !find(quality->manifest, name, &index, &never) ? &quality->tables[index] : NULL;
}

static int judge_rest(struct quality *quality, const struct snapshot_table *table, size_t index,
                      const atomic_bool *stop, struct mlops_error *err)
{
    const struct expectation *expectation = &quality->expectations->items[index];
    struct mlops_expectation_result *result = &quality->results[index];
    const struct snapshot_table *other = table_of(quality, expectation->other);
    if (expectation->kind == EXPECT_UNIQUE || expectation->kind == EXPECT_LEAKAGE)
        return overlap_judge(table, other, expectation, quality->folder, result, stop, err);
    if (expectation->kind != EXPECT_SKEW)
        return MLOPS_OK;
    const struct manifest_data *data = &quality->manifest->data[other - quality->tables];
    return skew_judge(table, other, data, expectation, result, err);
}

int quality_run(struct quality *quality, const atomic_bool *stop, struct mlops_error *err)
{
    const struct expectations *expectations = quality->expectations;
    const struct snapshot_table *table = table_of(quality, expectations->data);
    const struct snapshot_table **others = xcalloc(expectations->count, sizeof(*others));
    for (size_t i = 0; i < expectations->count; i++) {
        others[i] = table_of(quality, expectations->items[i].other);
        quality->results[i].name = xstrdup(expectations->items[i].name);
        quality->results[i].detail = xstrdup("");
    }
    int code = values_judge(table, expectations->items, quality->results, expectations->count,
                            others, clock_now_ns(), &quality->until_ns, stop, err);
    free(others);
    TRY(code);
    for (size_t i = 0; i < expectations->count; i++)
        TRY(judge_rest(quality, table, i, stop, err));
    return MLOPS_OK;
}

void quality_take(struct quality *quality, struct mlops_expectation_result **results, size_t *count,
                  int64_t *until_ns)
{
    *results = TAKE_PTR(quality->results);
    *count = quality->expectations->count;
    *until_ns = quality->until_ns;
}

void expectation_results_clear(struct mlops_expectation_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(results[i].name);
        free(results[i].detail);
        for (size_t j = 0; j < results[i].example_count; j++)
            free(results[i].examples[j].value);
        free(results[i].examples);
    }
    free(results);
}
