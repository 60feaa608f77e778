/* lib/bundle/values.c - parameter and metric files. */
#include "bundle/values.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/yaml.h"

#define VALUES_MAX (16U << 20)

static int parse(const char *path, const struct buffer *text, cJSON **json, struct mlops_error *err)
{
    if (str_ends(path, ".json"))
        return json_parse(text->data, text->length, path, json, err);
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    TRY(yaml_parse(text->data, text->length, path, &root, err));
    *json = root->kind == YAML_NULL ? cJSON_CreateObject() : yaml_to_json(root);
    return MLOPS_OK;
}

int values_read(const char *root, const char *path, const char *what, cJSON **json,
                struct mlops_error *err)
{
    _cleanup_(free_string) char *full = path_join(root, path);
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *values = NULL;
    TRY(file_read(full, VALUES_MAX, &text, err));
    TRY(parse(path, &text, &values, err));
    if (!cJSON_IsObject(values))
        return mlops_fail(err, MLOPS_INVALID, "%s, which '%s' names, must be a map of keys", path,
                          what);
    *json = TAKE_PTR(values);
    return MLOPS_OK;
}
