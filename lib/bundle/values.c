/* lib/bundle/values.c - parameters and metrics: read, checked, overridden. */
#include "bundle/values.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/toml.h"
#include "base/yaml.h"
#include "bundle/assignments.h"
#include "bundle/manifest.h"
#include <math.h>

#define VALUES_MAX (16U << 20)
#define DEPTH_MAX 32 /* the manifest, which they go into, is deeper, and has a limit too */

static cJSON *toml_to_json(const struct toml_node *node)
{
    switch (node->kind) {
    case TOML_STRING:
    case TOML_TIME:
        return xcheck(cJSON_CreateString(node->text));
    case TOML_BOOL:
        return xcheck(cJSON_CreateBool(node->truth));
    case TOML_INTEGER:
    case TOML_FLOAT:
        return xcheck(cJSON_CreateNumber(node->number));
    default:
        break;
    }
    bool table = node->kind == TOML_TABLE;
    cJSON *json = xcheck(table ? cJSON_CreateObject() : cJSON_CreateArray());
    for (size_t i = 0; i < node->count; i++) {
        cJSON *item = toml_to_json(node->items[i]);
        if (table)
            cJSON_AddItemToObject(json, node->items[i]->key, item);
        else
            cJSON_AddItemToArray(json, item);
    }
    return json;
}

static int parse_toml(const char *path, const struct buffer *text, cJSON **json,
                      struct mlops_error *err)
{
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    TRY(toml_parse(text->data, text->length, path, &root, err));
    *json = toml_to_json(root);
    return MLOPS_OK;
}

static int parse(const char *path, const struct buffer *text, cJSON **json, struct mlops_error *err)
{
    if (str_ends(path, ".json"))
        return json_parse(text->data, text->length, path, json, err);
    if (str_ends(path, ".toml"))
        return parse_toml(path, text, json, err);
    if (assignments_name(path))
        return assignments_parse(text->data, text->length, path, json, err);
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    TRY(yaml_parse(text->data, text->length, path, &root, err));
    const struct yaml_node *large = yaml_too_large(root);
    if (large)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: '%.40s' is too large a number", path,
                          large->line, large->text);
    *json = root->kind == YAML_NULL ? cJSON_CreateObject() : yaml_to_json(root);
    return MLOPS_OK;
}

/* The key of the first value below `json` that is no number, or NULL. */
static const char *not_a_number(const cJSON *json, const char *key)
{
    if (cJSON_IsNumber(json) || cJSON_IsNull(json))
        return NULL;
    if (!cJSON_IsObject(json) && !cJSON_IsArray(json))
        return key;
    const char *found = NULL;
    for (const cJSON *item = json->child; item && !found; item = item->next)
        found = not_a_number(item, item->string ? item->string : key);
    return found;
}

/* Numbers in files have no bounds, doubles do: 1e999 is read as infinity. */
static const char *not_finite(const cJSON *json, const char *key)
{
    if (cJSON_IsNumber(json) && !isfinite(json->valuedouble))
        return key;
    const char *found = NULL;
    for (const cJSON *item = json->child; item && !found; item = item->next)
        found = not_finite(item, item->string ? item->string : key);
    return found;
}

static int depth_of(const cJSON *json)
{
    int deepest = 0;
    for (const cJSON *item = json->child; item; item = item->next) {
        int depth = 1 + depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

int values_read(const char *root, const char *path, enum values_kind kind, cJSON **json,
                struct mlops_error *err)
{
    _cleanup_(free_string) char *full = path_join(root, path);
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *values = NULL;
    TRY(file_read(full, VALUES_MAX, &text, err));
    TRY(parse(path, &text, &values, err));
    if (!cJSON_IsObject(values)) {
        mlops_fail(err, MLOPS_INVALID, "%s must be a map of keys", path);
        return mlops_hint(err, "lines of 'key = value' are read from .conf, .cfg, .ini, .env and "
                               ".properties");
    }
    if (depth_of(values) > DEPTH_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s is nested deeper than %d", path, DEPTH_MAX);
    if (json_find_long(values, MANIFEST_TEXT_MAX))
        return mlops_fail(err, MLOPS_INVALID, "%s: a text is longer than 1 MiB", path);
    const char *key = not_finite(values, "");
    if (key)
        return mlops_fail(err, MLOPS_INVALID, "%s: '%s' is too large a number", path, key);
    key = kind == VALUES_NUMBERS ? not_a_number(values, "") : NULL;
    if (key) {
        mlops_fail(err, MLOPS_INVALID, "%s: '%s' is not a number", path, key);
        return mlops_hint(err, "metrics are numbers, or maps and lists of numbers; keep texts in "
                               "another file");
    }
    *json = TAKE_PTR(values);
    return MLOPS_OK;
}

static int override_one(cJSON *json, const char *given, enum values_kind kind,
                        struct mlops_error *err)
{
    const char *equals = strchr(given, '=');
    if (!equals || equals == given) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is not KEY=VALUE", given);
        return mlops_hint(err, "write it as auc=0.93 or model.depth=6");
    }
    _cleanup_(free_string) char *key = xstrndup(given, (size_t)(equals - given));
    if (!name_is_plain(given))
        return mlops_fail(err, MLOPS_INVALID,
                          "the value of '%s' is not UTF-8 text without "
                          "control characters",
                          name_is_plain(key) ? key : "?");
    _cleanup_(json_free) cJSON *value = assignments_value(equals + 1);
    if (not_finite(value, key))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is too large a number", equals + 1);
    if (kind == VALUES_NUMBERS && not_a_number(value, key))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not a number", equals + 1);
    if (assignments_put(json, key, TAKE_PTR(value), true, err))
        return mlops_wrap(err, "'%s'", given);
    return MLOPS_OK;
}

int values_override(cJSON *json, const char *const *given, enum values_kind kind,
                    struct mlops_error *err)
{
    for (; given && *given; given++)
        TRY(override_one(json, *given, kind, err));
    return MLOPS_OK;
}
