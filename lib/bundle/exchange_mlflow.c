/*
 * lib/bundle/exchange_mlflow.c - MLflow model folders: read what MLmodel says, write one of a
 * bundle. The format is that of mlflow/models/model.py (Model.to_dict) and its documentation,
 * mlflow.org/docs/latest/ml/model.
 */
#include "base/json.h"
#include "base/path.h"
#include "bundle/environment.h"
#include "bundle/exchange.h"
#include <mlops/environment.h>

#define MODEL_FILE "MLmodel"
#define CODE_MAX (4U << 20) /* of a Python file that may have the loader */
#define LOADER "def _load_pyfunc("

/* ---- in ------------------------------------------------------------------------------------- */

static int read_flavors(const struct yaml_node *flavors, cJSON *origin, struct mlops_error *err)
{
    if (!flavors || flavors->kind != YAML_MAP || flavors->count == 0)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: it has no flavors, so it is no MLflow model",
                          MODEL_FILE, flavors ? flavors->line : 1);
    cJSON *names = json_add_array(origin, "flavors");
    for (size_t i = 0; i < flavors->count; i++)
        json_append_text(names, flavors->items[i]->key);
    foreign_keep(yaml_get(flavors, "python_function"), "loader_module", origin);
    return MLOPS_OK;
}

/* The folder goes in as it is: what is not understood here is kept there. */
int foreign_read_mlflow(struct foreign *foreign, struct mlops_error *err)
{
    static const char *const kept[] = {"run_id",         "model_id",         "model_uuid",
                                       "mlflow_version", "utc_time_created", "metadata"};
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    TRY(foreign_read_yaml(foreign, MODEL_FILE, &root, err));
    foreign->params = xcheck(cJSON_CreateObject());
    cJSON *origin = json_add_object(foreign->params, "mlflow");
    TRY(read_flavors(yaml_get(root, "flavors"), origin, err));
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        foreign_keep(root, kept[i], origin);
    const struct yaml_node *metadata = yaml_get(root, "metadata");
    const char *description = metadata ? foreign_text(metadata, "description") : NULL;
    foreign->description = description ? xstrdup(description) : NULL;
    foreign->artifacts = xcheck(cJSON_CreateArray());
    json_append_text(foreign->artifacts, ".");
    foreign->environment = foreign_environment(foreign);
    return MLOPS_OK;
}

/* ---- out: what came from MLflow ------------------------------------------------------------- */

/* The folder of the bundle that is an MLflow model: the one with the shortest path. The caller
 * frees; NULL: none. */
static char *find_model(const struct manifest *manifest)
{
    const struct manifest_file *best = NULL;
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        if (file->kind == MANIFEST_FILE && str_equal(path_base(file->path), MODEL_FILE) &&
            (!best || strlen(file->path) < strlen(best->path)))
            best = file;
    }
    return best ? path_parent(best->path) : NULL;
}

/* ---- out: what did not ---------------------------------------------------------------------- */

/* The Python file that MLflow is to load the model by. */
static int find_loader(const struct folder_writer *writer, const struct manifest_file **loader,
                       struct mlops_error *err)
{
    *loader = NULL;
    for (size_t i = 0; i < writer->manifest.file_count; i++) {
        const struct manifest_file *file = &writer->manifest.files[i];
        _cleanup_(buffer_clear) struct buffer text = {0};
        if (file->kind != MANIFEST_FILE || file->size > CODE_MAX || !str_ends(file->path, ".py"))
            continue;
        TRY(manifest_read_file(writer->registry, &writer->manifest, file->path, CODE_MAX, &text,
                               err));
        const char *at = text.data ? strstr(text.data, LOADER) : NULL;
        if (!at || (at > text.data && at[-1] != '\n'))
            continue;
        if (*loader)
            return mlops_fail(err, MLOPS_INVALID,
                              "both '%s' and '%s' have a _load_pyfunc, and MLflow takes one",
                              (*loader)->path, file->path);
        *loader = file;
    }
    if (*loader)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "no Python file of the bundle says how MLflow loads its model");
    return mlops_hint(err, "put one into 'code' that has 'def _load_pyfunc(path)', which gives an "
                           "object with 'predict' (docs/exchange.md)");
}

/* Column types as MLflow calls them (mlflow/types/schema.py). */
static const char *column_type(const char *type)
{
    static const char *const names[][2] = {
        {"bool", "boolean"}, {"integer", "long"}, {"float", "double"}, {"time", "datetime"}};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (str_equal(names[i][0], type))
            return names[i][1];
    return "string";
}

/* The inputs: the columns of the reference data without target and time. NULL where there is none;
 * the caller deletes. */
static cJSON *input_columns(const struct manifest *manifest)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(manifest->json, "data"), *item, *column;
    cJSON_ArrayForEach(item, data)
    {
        if (!str_equal(json_string(item, "role", ""), "reference"))
            continue;
        cJSON *inputs = xcheck(cJSON_CreateArray());
        cJSON_ArrayForEach(column, cJSON_GetObjectItemCaseSensitive(item, "columns"))
        {
            const char *name = json_string(column, "name", "");
            if (str_equal(name, json_string(item, "target", "")) ||
                str_equal(name, json_string(item, "time", "")))
                continue;
            cJSON *input = xcheck(cJSON_CreateObject());
            json_add_string(input, "type", column_type(json_string(column, "type", "")));
            json_add_string(input, "name", name);
            json_add_bool(input, "required", true);
            cJSON_AddItemToArray(inputs, input);
        }
        return inputs;
    }
    return NULL;
}

static int put_environment(const struct folder_writer *writer, char **python,
                           struct mlops_error *err)
{
    _cleanup_(environment_clear) struct bundle_environment environment = {0};
    _cleanup_(buffer_clear) struct buffer requirements = {0}, conda = {0}, virtualenv = {0};
    _cleanup_(free_string) char *text = NULL;
    const struct mlops_env_render_options how = {.target = "requirements", .allow_unpinned = true};
    if (writer->manifest.project.environment) {
        TRY(environment_load(writer->registry, writer->ref, &environment, err));
        TRY(mlops_env_render(writer->registry, writer->ref, &how, &text, err));
        if (environment.is_captured && environment.captured.python)
            *python = xstrdup(environment.captured.python);
    }
    buffer_puts(&requirements, text ? text : "");
    buffer_puts(&conda, "channels: [conda-forge]\ndependencies:\n");
    buffer_printf(&conda, *python ? "  - python=%s\n" : "  - python\n", *python ? *python : "");
    buffer_puts(&conda, "  - pip\n  - pip: [-r requirements.txt]\nname: mlflow-env\n");
    if (*python)
        buffer_printf(&virtualenv, "python: '%s'\n", *python);
    buffer_puts(&virtualenv, "build_dependencies: [pip]\ndependencies: [-r requirements.txt]\n");
    TRY(folder_writer_put(writer, "requirements.txt", &requirements, err));
    TRY(folder_writer_put(writer, "conda.yaml", &conda, err));
    return folder_writer_put(writer, "python_env.yaml", &virtualenv, err);
}

/* "serve" and "bundle/src" of "src/serve.py". */
static cJSON *python_function(const struct folder_writer *writer,
                              const struct manifest_file *loader, const char *python)
{
    cJSON *function = xcheck(cJSON_CreateObject());
    const char *base = path_base(loader->path);
    _cleanup_(free_string) char *module = xstrndup(base, strlen(base) - strlen(".py"));
    _cleanup_(free_string) char *folder = path_parent(loader->path);
    _cleanup_(free_string) char *code =
        str_equal(folder, ".") ? xstrdup("bundle") : xprintf("bundle/%s", folder);
    const char *artifact =
        writer->manifest.project.artifacts ? writer->manifest.project.artifacts[0] : NULL;
    _cleanup_(free_string) char *data =
        artifact && !str_equal(artifact, ".") ? xprintf("bundle/%s", artifact) : xstrdup("bundle");
    json_add_string(function, "loader_module", module);
    json_add_string(function, "code", code);
    json_add_string(function, "data", data);
    cJSON *env = json_add_object(function, "env");
    json_add_string(env, "conda", "conda.yaml");
    json_add_string(env, "virtualenv", "python_env.yaml");
    json_add_text(function, "python_version", python);
    return function;
}

static int put_model(const struct folder_writer *writer, const struct manifest_file *loader,
                     const char *python, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *model = xcheck(cJSON_CreateObject());
    _cleanup_(json_free) cJSON *inputs = input_columns(&writer->manifest);
    _cleanup_(buffer_clear) struct buffer text = {0}, signature = {0};
    char uuid[33];
    str_copy(uuid, sizeof(uuid), writer->version.bundle + strlen("sha256:"));
    cJSON *flavors = json_add_object(model, "flavors");
    cJSON_AddItemToObject(flavors, "python_function", python_function(writer, loader, python));
    json_add_string(model, "model_uuid", uuid);
    cJSON *metadata = json_add_object(model, "metadata");
    json_add_string(metadata, "mlops_model", writer->version.model);
    json_add_string(metadata, "mlops_bundle", writer->version.bundle);
    json_add_string(metadata, "description", writer->manifest.project.description);
    if (inputs) {
        TRY(json_write_canonical(inputs, &signature, err));
        cJSON *object = json_add_object(model, "signature");
        json_add_string(object, "inputs", signature.data);
        json_add_string(object, "outputs", NULL);
        json_add_string(object, "params", NULL);
    }
    /* JSON is YAML, and one line of it has nothing that readers of either see otherwise */
    TRY(json_write_canonical(model, &text, err));
    buffer_putc(&text, '\n');
    return folder_writer_put(writer, MODEL_FILE, &text, err);
}

int folder_write_mlflow(struct folder_writer *writer, struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = find_model(&writer->manifest), *python = NULL;
    const struct manifest_file *loader = NULL;
    if (folder)
        return folder_writer_lay(writer, folder, ".", err);
    TRY(find_loader(writer, &loader, err));
    TRY(folder_writer_lay(writer, ".", "bundle", err));
    TRY(put_environment(writer, &python, err));
    return put_model(writer, loader, python, err);
}
