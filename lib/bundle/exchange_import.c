/* lib/bundle/exchange_import.c - a folder of another tool made into a bundle. */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/exchange.h"
#include "bundle/package.h"
#include "registry/registry.h"
#include <errno.h>
#include <limits.h>
#include <mlops/text.h>

struct format {
    const char *name;
    const char *file; /* that says what the folder is */
    int (*read)(struct foreign *foreign, struct mlops_error *err);
};

static const struct format formats[] = {{"mlflow", "MLmodel", foreign_read_mlflow},
                                        {"kitfile", "Kitfile", foreign_read_kitfile},
                                        {"huggingface", "README.md", foreign_read_huggingface}};
/* What DVC and GTO have in a folder; that is imported by a function of its own (exchange_dvc.c). */
static const char *const dvc_names[] = {".dvc", "dvc.yaml", "dvc.lock", "artifacts.yaml"};

/* ---- for the readers ------------------------------------------------------------------------ */

int foreign_read(const struct foreign *foreign, const char *name, struct buffer *text,
                 struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(foreign->root, name);
    return file_read(path, FOREIGN_FILE_MAX, text, err);
}

int foreign_read_yaml(const struct foreign *foreign, const char *name, struct yaml_node **root,
                      struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(foreign_read(foreign, name, &text, err));
    TRY(yaml_parse(text.data ? text.data : "", text.length, name, root, err));
    if ((*root)->kind == YAML_MAP)
        return MLOPS_OK;
    yaml_free(TAKE_PTR(*root));
    return mlops_fail(err, MLOPS_INVALID, "%s: it is no map of keys and values", name);
}

bool foreign_has(const struct foreign *foreign, const char *name)
{
    _cleanup_(free_string) char *path = path_join(foreign->root, name);
    return path_exists(path);
}

const char *foreign_text(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);
    return node && node->kind == YAML_SCALAR ? node->text : NULL;
}

void foreign_keep(const struct yaml_node *map, const char *key, cJSON *object)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node || node->kind == YAML_NULL || cJSON_HasObjectItem(object, key))
        return;
    if (node->kind == YAML_SCALAR)
        json_add_string(object, key, node->text);
    else
        cJSON_AddItemToObject(object, key, yaml_to_json(node));
}

char *foreign_environment(const struct foreign *foreign)
{
    static const char *const names[] = {"requirements.lock", "uv.lock",          "poetry.lock",
                                        "pylock.toml",       "requirements.txt", "conda.yaml"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (foreign_has(foreign, names[i]))
            return xstrdup(names[i]);
    return NULL;
}

char *foreign_name(const char *text, const char *fallback, const cJSON *taken)
{
    char name[MLOPS_NAME_MAX + 1];
    struct mlops_error ignored = {0};
    str_copy(name, sizeof(name) - 8, text ? text : "");
    for (char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *c))
            *c = '-';
    const char *base = name_check("snapshot", name, &ignored) ? fallback : name;
    if (!cJSON_GetObjectItemCaseSensitive(taken, base))
        return xstrdup(base);
    for (int i = 2;; i++) {
        _cleanup_(free_string) char *other = xprintf("%s-%d", base, i);
        if (!cJSON_GetObjectItemCaseSensitive(taken, other))
            return TAKE_PTR(other);
    }
}

/* ---- the project file ----------------------------------------------------------------------- */

void foreign_clear(struct foreign *foreign)
{
    free(foreign->model);
    free(foreign->description);
    free(foreign->environment);
    cJSON_Delete(foreign->code);
    cJSON_Delete(foreign->artifacts);
    cJSON_Delete(foreign->data);
    cJSON_Delete(foreign->params);
    cJSON_Delete(foreign->metrics);
}

/* Texts in double quotes with JSON's escapes are texts of YAML, too. */
static void put_text(const char *key, const char *text, struct buffer *out)
{
    if (!text)
        return;
    buffer_printf(out, "%s: ", key);
    json_write_string(text, out);
    buffer_putc(out, '\n');
}

static void put_list(const char *key, const cJSON *list, struct buffer *out)
{
    const cJSON *item;
    if (cJSON_GetArraySize(list) == 0)
        return;
    buffer_printf(out, "%s:\n", key);
    cJSON_ArrayForEach(item, list)
    {
        buffer_puts(out, "  - ");
        json_write_string(item->valuestring, out);
        buffer_putc(out, '\n');
    }
}

void foreign_write_project(const struct foreign *foreign, const char *format, const char *file,
                           struct buffer *out)
{
    const cJSON *item;
    buffer_printf(out, FOREIGN_MARK "%s', of %s.\n", format, file);
    put_text("model", foreign->model, out);
    put_text("description", foreign->description, out);
    put_list("code", foreign->code, out);
    put_list("artifacts", foreign->artifacts, out);
    put_text("environment", foreign->environment, out);
    if (cJSON_GetArraySize(foreign->data) > 0)
        buffer_puts(out, "data:\n");
    cJSON_ArrayForEach(item, foreign->data)
    {
        buffer_puts(out, "  ");
        json_write_string(item->string, out);
        buffer_puts(out, ": {path: ");
        json_write_string(item->valuestring, out);
        buffer_puts(out, "}\n");
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int find_format(const char *name, const struct format **format, struct mlops_error *err)
{
    const char *names[ARRAY_LENGTH(formats) + 2] = {NULL};
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        names[i] = formats[i].name;
        if (str_equal(name, formats[i].name)) {
            *format = &formats[i];
            return MLOPS_OK;
        }
    }
    names[ARRAY_LENGTH(formats)] = "dvc";
    const char *near = mlops_suggest(name, names);
    mlops_fail(err, MLOPS_INVALID, "'%s' is no format that can be imported", name);
    if (near)
        return mlops_hint(err, "did you mean '%s'?", near);
    return mlops_hint(err, "the formats are mlflow, kitfile, huggingface and dvc");
}

const char *mlops_folder_format(const char *path)
{
    const struct foreign foreign = {.root = path};
    if (foreign_has(&foreign, ".dvc")) /* whose repositories have a README.md, too */
        return "dvc";
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
        if (foreign_has(&foreign, formats[i].file))
            return formats[i].name;
    for (size_t i = 0; i < ARRAY_LENGTH(dvc_names); i++)
        if (foreign_has(&foreign, dvc_names[i]))
            return "dvc";
    return NULL;
}

static int check_folder(const struct foreign *foreign, const struct format *format,
                        struct mlops_error *err)
{
    struct stat status;
    if (stat(foreign->root, &status) < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "look at '%s'", foreign->root);
    if (!S_ISDIR(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no folder", foreign->root);
    if (foreign_has(foreign, PROJECT_FILE)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' has a %s, so it is a project already", foreign->root,
                   PROJECT_FILE);
        return mlops_hint(err, "package it: mlops package %s", foreign->root);
    }
    if (foreign_has(foreign, format->file))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_NOT_FOUND, "there is no %s in '%s'", format->file, foreign->root);
    const char *other = mlops_folder_format(foreign->root);
    return other ? mlops_hint(err, "it looks like: mlops import %s %s", other, foreign->root)
                 : MLOPS_NOT_FOUND;
}

/* The name that was asked for, else that of the tool's file, else the folder's own. */
static int choose_model(struct foreign *foreign, const char *asked, struct mlops_error *err)
{
    char real[PATH_MAX];
    if (asked || !foreign->model) {
        if (!asked && !realpath(foreign->root, real))
            return mlops_fail_errno(err, MLOPS_OK, errno, "look at '%s'", foreign->root);
        free(foreign->model);
        foreign->model = xstrdup(asked ? asked : path_base(real));
    }
    if (name_check("model", foreign->model, err) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_hint(err, "give it a name: --model NAME");
}

int mlops_folder_import(struct mlops_registry *registry, const struct mlops_import_options *options,
                        struct mlops_package *package, struct mlops_error *err)
{
    _cleanup_(foreign_clear) struct foreign foreign = {.root = options->directory};
    _cleanup_(buffer_clear) struct buffer project = {0};
    const struct format *format = NULL;
    TRY(find_format(options->format, &format, err));
    TRY(check_folder(&foreign, format, err));
    TRY(format->read(&foreign, err));
    TRY(choose_model(&foreign, options->model, err));
    foreign_write_project(&foreign, format->name, format->file, &project);
    const struct mlops_package_options how = {.directory = options->directory,
                                              .registers = options->registers};
    const struct package_source source = {
        .project = project.data, .params = foreign.params, .metrics = foreign.metrics};
    return package_folder(registry, &how, &source, package, err);
}
