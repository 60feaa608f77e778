/* lib/bundle/values.c - parameter and metric files. */
#include "bundle/values.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/yaml.h"
#include <math.h>

#define VALUES_MAX (16U << 20)
#define DEPTH_MAX 32 /* the manifest, which they go into, is deeper, and has a limit too */

static int parse(const char *path, const struct buffer *text, cJSON **json, struct mlops_error *err)
{
    if (str_ends(path, ".json"))
        return json_parse(text->data, text->length, path, json, err);
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    TRY(yaml_parse(text->data, text->length, path, &root, err));
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

/* JSON numbers have no bounds, doubles do: 1e999 would be read as infinity. */
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
    if (!cJSON_IsObject(values))
        return mlops_fail(err, MLOPS_INVALID, "%s must be a map of keys", path);
    if (depth_of(values) > DEPTH_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%s is nested deeper than %d", path, DEPTH_MAX);
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
