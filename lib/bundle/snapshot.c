/* lib/bundle/snapshot.c - a data set read once, profiled, described. */
#include "bundle/snapshot.h"
#include "base/json.h"
#include "registry/registry.h"
#include "stats/profile.h"
#include "store/store.h"
#include "table/table.h"
#include <mlops/text.h>

static int check_column(const struct table_schema *schema, const struct project_data *data,
                        const char *key, const char *name, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    if (!name)
        return MLOPS_OK;
    for (size_t i = 0; i < schema->count; i++) {
        if (str_equal(schema->columns[i].name, name))
            return MLOPS_OK;
        buffer_printf(&names, "%s%s", i ? ", " : "", schema->columns[i].name);
    }
    mlops_fail(err, MLOPS_INVALID, "%s:%d: the snapshot '%s': %s has no column '%s' for '%s'",
               PROJECT_FILE, data->line, data->name, data->path, name, key);
    return mlops_hint(err, "its columns are %s", names.data);
}

static int check_cancelled(const struct mlops_registry *registry, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(registry);
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while reading a table");
    return MLOPS_OK;
}

static int read_table(const struct mlops_registry *registry, struct table_reader *reader,
                      struct profile *profile, struct mlops_error *err)
{
    for (size_t count = 1; count > 0;) {
        const struct batch *batches;
        TRY(check_cancelled(registry, err));
        TRY(profile_add_next(profile, reader, &batches, &count, err));
    }
    return MLOPS_OK;
}

/* When the rows begin and end, where the column is one of times and has some. */
static void add_time_range(cJSON *json, const struct project_data *data,
                           const struct profile *profile)
{
    const struct column_profile *column = data->time ? profile_column(profile, data->time) : NULL;
    char first[32], last[32];
    if (!column || column->type != COLUMN_TIME || column_present(column) == 0)
        return;
    mlops_time_format(column->first_ns, first);
    mlops_time_format(column->last_ns, last);
    cJSON *range = json_add_object(json, "time_range");
    json_add_string(range, "first", first);
    json_add_string(range, "last", last);
}

static cJSON *describe(const struct project_data *data, const struct profile *profile,
                       const struct digest *digest)
{
    char hex[SHA256_HEX_SIZE];
    cJSON *json = cJSON_CreateObject();
    digest_to_hex(digest, hex);
    json_add_string(json, "path", data->path);
    json_add_string(json, "role", data->role);
    json_add_string(json, "target", data->target);
    json_add_string(json, "time", data->time);
    if (data->external)
        json_add_bool(json, "copy", false);
    json_add_text(json, "source", data->source);
    if (data->url) {
        json_add_string(json, "url", data->url);
        json_add_u64(json, "size", data->size);
    }
    cJSON *csv = csv_keys_to_json(&data->csv);
    if (csv)
        cJSON_AddItemToObject(json, "csv", csv);
    json_add_u64(json, "rows", profile->rows);
    json_add_string(json, "profile", hex);
    add_time_range(json, data, profile);
    cJSON *columns = json_add_array(json, "columns");
    for (size_t i = 0; i < profile->column_count; i++) {
        cJSON *column = cJSON_CreateObject();
        json_add_string(column, "name", profile->columns[i].name);
        json_add_string(column, "type", column_type_name(profile->columns[i].type));
        cJSON_AddItemToArray(columns, column);
    }
    return json;
}

int snapshot_declare(struct store_writer *writer, const struct project_data *data, cJSON **json,
                     struct mlops_error *err)
{
    const struct table_schema nothing = {0};
    _cleanup_(profile_free_ptr) struct profile *profile = profile_new(&nothing);
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    struct digest digest;
    profile_finish(profile);
    profile_encode(profile, &bytes);
    TRY(store_writer_add(writer, bytes.data, bytes.length, &digest, err));
    *json = describe(data, profile, &digest);
    cJSON_ReplaceItemInObjectCaseSensitive(*json, "rows", xcheck(cJSON_CreateNull()));
    json_add_bool(*json, "declared", true);
    json_add_string(*json, "sha256", data->sha256);
    return MLOPS_OK;
}

int snapshot_describe(const struct mlops_registry *registry, struct store_writer *writer,
                      const struct snapshot_source *source, cJSON **json, struct mlops_error *err)
{
    const struct project_data *data = source->data;
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    struct table_options options = {.root = source->root};
    csv_keys_apply(&data->csv, &options);
    if (table_open_all(source->files, source->count, &options, &reader, err))
        return mlops_wrap(err, "%s:%d: the snapshot '%s'", PROJECT_FILE, data->line, data->name);
    if (table_partitions_differ(reader))
        registry_warn(
            registry,
            "the snapshot '%s': not all of its files are in folders of the same partition "
            "keys, so the keys are no columns",
            data->name);
    TRY(check_column(table_schema(reader), data, "target", data->target, err));
    TRY(check_column(table_schema(reader), data, "time", data->time, err));

    _cleanup_(profile_free_ptr) struct profile *profile = profile_new(table_schema(reader));
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    struct digest digest;
    int code = read_table(registry, reader, profile, err);
    if (code && code != MLOPS_CANCELLED)
        return mlops_wrap(err, "%s:%d: the snapshot '%s'", PROJECT_FILE, data->line, data->name);
    TRY(code);
    if (profile->ragged > 0)
        registry_warn(registry, "the snapshot '%s': %llu row%s of another width than the header",
                      data->name, (unsigned long long)profile->ragged,
                      profile->ragged == 1 ? " was" : "s were");
    profile_encode(profile, &bytes);
    TRY(store_writer_add(writer, bytes.data, bytes.length, &digest, err));
    *json = describe(data, profile, &digest);
    return MLOPS_OK;
}
