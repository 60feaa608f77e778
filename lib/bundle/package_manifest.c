/* lib/bundle/package_manifest.c - what was found, written down as a manifest. */
#include "base/json.h"
#include "bundle/environment.h"
#include "bundle/manifest_entry.h"
#include "bundle/packaging.h"
#include "bundle/values.h"

static int add_values(struct packaging *packaging, cJSON *manifest, const char *key,
                      enum values_kind kind, struct mlops_error *err)
{
    const struct project_path *path = packaging_path(packaging, key);
    bool numbers = kind == VALUES_NUMBERS;
    const struct package_source *source = packaging->source;
    const cJSON *given = !source ? NULL : numbers ? source->metrics : source->params;
    cJSON *values = given ? xcheck(cJSON_Duplicate(given, true)) : NULL;
    if (path && values_read(packaging->root, packaging_real(packaging, path), kind, &values, err))
        return mlops_wrap(err, "%s:%d: %s", PROJECT_FILE, path->line, key);
    if (!values)
        values = xcheck(cJSON_CreateObject());
    cJSON_AddItemToObject(manifest, key, values);
    if (values_override(values, numbers ? packaging->options->metrics : packaging->options->params,
                        kind, err))
        return mlops_wrap(err, numbers ? "--metric" : "--param");
    return MLOPS_OK;
}

static void add_path_and_digest(const struct packaging *packaging, const struct project_path *path,
                                cJSON *object)
{
    char hex[SHA256_HEX_SIZE];
    const struct walked *item = walk_find(&packaging->walk, packaging_real(packaging, path));
    digest_to_hex(&item->file.digest, hex);
    json_add_string(object, "path", path->path);
    json_add_string(object, "sha256", hex);
}

static void add_environment(struct packaging *packaging, cJSON *manifest)
{
    const struct project_path *path = packaging_path(packaging, "environment");
    if (!path) {
        cJSON_AddNullToObject(manifest, "environment");
        return;
    }
    cJSON *environment = json_add_object(manifest, "environment");
    add_path_and_digest(packaging, path, environment);
    environment_describe(&packaging->lock, environment);
    const struct project_path *captured = packaging_path(packaging, "captured");
    if (captured)
        add_path_and_digest(packaging, captured, json_add_object(environment, "captured"));
}

int package_manifest(struct packaging *packaging, cJSON *manifest, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    json_add_string(manifest, "format", "mlops-bundle/1");
    json_add_string(manifest, "model", project->model);
    json_add_string(manifest, "description", project->description);
    cJSON_AddItemToObject(manifest, "project", project_to_json(project));
    cJSON_AddItemToObject(json_add_object(manifest, "code"), "git", git_describe(&packaging->git));
    TRY(add_values(packaging, manifest, "params", VALUES_ANY, err));
    TRY(add_values(packaging, manifest, "metrics", VALUES_NUMBERS, err));
    add_environment(packaging, manifest);
    lineage_write(&packaging->lineage, manifest);
    return package_add_data(packaging, manifest, err);
}

void package_list_files(const struct packaging *packaging, cJSON *manifest)
{
    const struct walk *walk = &packaging->walk;
    _cleanup_(buffer_clear) struct buffer text = {0};
    buffer_putc(&text, '[');
    for (size_t i = 0; i < walk->count; i++) {
        if (i > 0)
            buffer_putc(&text, ',');
        manifest_entry_write(&walk->items[i].file, &text);
    }
    buffer_putc(&text, ']');
    (void)xcheck(cJSON_AddRawToObject(manifest, "files", text.data));
}
