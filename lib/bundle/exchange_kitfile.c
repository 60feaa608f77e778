/*
 * lib/bundle/exchange_kitfile.c - Kitfiles of KitOps: read, and written of a bundle. The format is
 * that of kitops-ml/kitops, pkg/artifact/kitfile.go.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/exchange.h"

#define KIT_FILE "Kitfile"

/* ---- in ------------------------------------------------------------------------------------- */

/* The path that `node` names under `path`, normalized; the caller frees. */
static int take_path(const struct foreign *foreign, const struct yaml_node *node, const char *key,
                     char **path, struct mlops_error *err)
{
    const char *text = foreign_text(node, "path");
    _cleanup_(free_string) char *normal = NULL;
    *path = NULL;
    if (!text)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: %s has no path", KIT_FILE, node->line, key);
    if (path_normalize(text, &normal, err))
        return mlops_wrap(err, "%s:%d: %s", KIT_FILE, node->line, key);
    if (!foreign_has(foreign, normal)) {
        mlops_fail(err, MLOPS_NOT_FOUND, "%s:%d: %s: '%s' is not in the folder", KIT_FILE,
                   node->line, key, text);
        return mlops_hint(err, "unpack the whole ModelKit first: kit unpack, or kit pull and "
                               "kit unpack where it names another ModelKit");
    }
    *path = TAKE_PTR(normal);
    return MLOPS_OK;
}

static int add_path(const struct foreign *foreign, const struct yaml_node *node, const char *key,
                    cJSON *list, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = NULL;
    TRY(take_path(foreign, node, key, &path, err));
    json_append_text(list, path);
    return MLOPS_OK;
}

/* The member `key`, a list of maps; NULL where it is not there. */
static int list_of(const struct yaml_node *map, const char *key, const struct yaml_node **list,
                   struct mlops_error *err)
{
    *list = yaml_get(map, key);
    if (*list && (*list)->kind == YAML_NULL)
        *list = NULL;
    if (!*list)
        return MLOPS_OK;
    bool maps = (*list)->kind == YAML_LIST;
    for (size_t i = 0; maps && i < (*list)->count; i++)
        maps = (*list)->items[i]->kind == YAML_MAP;
    return maps ? MLOPS_OK
                : mlops_fail(err, MLOPS_INVALID, "%s:%d: '%s' must be a list of maps", KIT_FILE,
                             (*list)->line, key);
}

static int add_paths(const struct foreign *foreign, const struct yaml_node *map, const char *key,
                     cJSON *to, struct mlops_error *err)
{
    const struct yaml_node *list;
    TRY(list_of(map, key, &list, err));
    for (size_t i = 0; list && i < list->count; i++)
        TRY(add_path(foreign, list->items[i], key, to, err));
    return MLOPS_OK;
}

/* A file that is summarised as a table; others are kept as they are. */
static bool is_table(const struct foreign *foreign, const char *path)
{
    static const char *const ends[] = {".csv", ".csv.gz", ".csv.zst", ".jsonl", ".ndjson"};
    _cleanup_(free_string) char *full = path_join(foreign->root, path);
    struct stat status;
    if (lstat(full, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        if (str_ends(path, ends[i]))
            return true;
    return false;
}

static int read_datasets(struct foreign *foreign, const struct yaml_node *root,
                         struct mlops_error *err)
{
    const struct yaml_node *list;
    TRY(list_of(root, "datasets", &list, err));
    for (size_t i = 0; list && i < list->count; i++) {
        _cleanup_(free_string) char *path = NULL, *name = NULL;
        TRY(take_path(foreign, list->items[i], "datasets", &path, err));
        if (is_table(foreign, path)) {
            name = foreign_name(foreign_text(list->items[i], "name"), "data", foreign->data);
            json_add_string(foreign->data, name, path);
        } else {
            json_append_text(foreign->artifacts, path);
        }
    }
    return MLOPS_OK;
}

/* What the file says of the package and the model, for queries: `params.kitfile.license`. */
static int read_model(struct foreign *foreign, const struct yaml_node *root, cJSON *origin,
                      struct mlops_error *err)
{
    static const char *const kept[] = {"framework", "format", "version", "license"};
    const struct yaml_node *model = yaml_get(root, "model");
    if (!model || model->kind == YAML_NULL)
        return MLOPS_OK;
    if (model->kind != YAML_MAP)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: 'model' must be a map", KIT_FILE,
                          model->line);
    cJSON *about = json_add_object(origin, "model");
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        foreign_keep(model, kept[i], about);
    foreign_keep(model, "parameters", about);
    TRY(add_path(foreign, model, "model", foreign->artifacts, err));
    return add_paths(foreign, model, "parts", foreign->artifacts, err);
}

int foreign_read_kitfile(struct foreign *foreign, struct mlops_error *err)
{
    static const char *const kept[] = {"version", "license", "authors"};
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    TRY(foreign_read_yaml(foreign, KIT_FILE, &root, err));
    foreign->code = xcheck(cJSON_CreateArray());
    foreign->artifacts = xcheck(cJSON_CreateArray());
    foreign->data = xcheck(cJSON_CreateObject());
    foreign->params = xcheck(cJSON_CreateObject());
    cJSON *origin = json_add_object(foreign->params, "kitfile");
    json_append_text(foreign->artifacts, KIT_FILE);
    const struct yaml_node *package = yaml_get(root, "package");
    const char *name = package ? foreign_text(package, "name") : NULL;
    const char *description = package ? foreign_text(package, "description") : NULL;
    foreign->model = name ? xstrdup(name) : NULL;
    foreign->description = description ? xstrdup(description) : NULL;
    for (size_t i = 0; package && i < ARRAY_LENGTH(kept); i++)
        foreign_keep(package, kept[i], origin);
    TRY(read_model(foreign, root, origin, err));
    TRY(add_paths(foreign, root, "code", foreign->code, err));
    TRY(add_paths(foreign, root, "docs", foreign->artifacts, err));
    TRY(read_datasets(foreign, root, err));
    foreign->environment = foreign_environment(foreign);
    return MLOPS_OK;
}

/* ---- out ------------------------------------------------------------------------------------ */

static cJSON *add_entry(cJSON *list, const char *name, const char *path)
{
    cJSON *entry = xcheck(cJSON_CreateObject());
    json_add_text(entry, "name", name);
    json_add_string(entry, "path", path);
    cJSON_AddItemToArray(list, entry);
    return entry;
}

static void add_model(const struct project *project, const cJSON *params, cJSON *kit)
{
    char **artifacts = project->artifacts;
    if (!artifacts || !artifacts[0])
        return;
    cJSON *model = json_add_object(kit, "model");
    json_add_string(model, "name", project->model);
    json_add_string(model, "path", artifacts[0]);
    if (artifacts[1]) {
        cJSON *parts = json_add_array(model, "parts");
        for (size_t i = 1; artifacts[i]; i++)
            (void)add_entry(parts, NULL, artifacts[i]);
    }
    if (cJSON_GetArraySize(params) > 0)
        cJSON_AddItemToObject(model, "parameters", xcheck(cJSON_Duplicate(params, true)));
}

static void add_code(const struct project *project, cJSON *kit)
{
    cJSON *code = json_add_array(kit, "code");
    const char *const others[] = {PROJECT_FILE, project->params, project->metrics,
                                  project->environment, project->captured};
    for (size_t i = 0; project->code && project->code[i]; i++)
        (void)add_entry(code, NULL, project->code[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (others[i] && (i == 0 || !str_equal(others[i], others[i - 1] ? others[i - 1] : "")))
            (void)add_entry(code, NULL, others[i]);
}

/* Keys in the order that people read them in; JSON within YAML, for the parts. */
static int write_kitfile(const cJSON *kit, struct buffer *out, struct mlops_error *err)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, kit)
    {
        buffer_printf(out, "%s: ", item->string);
        TRY(json_write_canonical(item, out, err));
        buffer_putc(out, '\n');
    }
    return MLOPS_OK;
}

int folder_write_kitfile(struct folder_writer *writer, struct mlops_error *err)
{
    const struct project *project = &writer->manifest.project;
    _cleanup_(json_free) cJSON *kit = xcheck(cJSON_CreateObject());
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(folder_writer_lay(writer, ".", ".", err));
    if (manifest_find(&writer->manifest, KIT_FILE))
        return MLOPS_OK;
    json_add_string(kit, "manifestVersion", "1.0.0");
    cJSON *package = json_add_object(kit, "package");
    json_add_string(package, "name", project->model);
    json_add_text(package, "description", project->description);
    add_model(project, cJSON_GetObjectItemCaseSensitive(writer->manifest.json, "params"), kit);
    if (!writer->leave_out)
        add_code(project, kit);
    if (project->data_count > 0) {
        cJSON *datasets = json_add_array(kit, "datasets");
        for (size_t i = 0; i < project->data_count; i++)
            (void)add_entry(datasets, project->data[i].name, project->data[i].path);
    }
    TRY(write_kitfile(kit, &text, err));
    return folder_writer_put(writer, KIT_FILE, &text, err);
}
