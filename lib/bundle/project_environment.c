/* lib/bundle/project_environment.c - the settings of an environment, checked; the same rules for
 * the project file and for manifests. */
#include "bundle/project_environment.h"
#include "base/json.h"
#include "base/number.h"
#include <mlops/registry.h>
#include <mlops/text.h>

#define TEXT_MAX 4096
#define STAGES_MAX 100
#define ITEMS_MAX 1000 /* of a command, of variables */

/* ---- from YAML ----------------------------------------------------------------------------- */

/* Texts as they are written: 1.10 is not 1.1, and no is not false. */
static cJSON *as_written(const struct yaml_node *node)
{
    if (node->kind == YAML_NULL)
        return cJSON_CreateNull();
    if (node->kind == YAML_SCALAR)
        return cJSON_CreateString(node->text);
    cJSON *json = node->kind == YAML_MAP ? cJSON_CreateObject() : cJSON_CreateArray();
    for (size_t i = 0; i < node->count; i++) {
        cJSON *item = as_written(node->items[i]);
        if (node->kind == YAML_MAP)
            cJSON_AddItemToObject(json, node->items[i]->key, item);
        else
            cJSON_AddItemToArray(json, item);
    }
    return json;
}

cJSON *environment_settings(const struct yaml_node *map)
{
    cJSON *json = as_written(map);
    cJSON_DeleteItemFromObjectCaseSensitive(json, "lock");
    cJSON_DeleteItemFromObjectCaseSensitive(json, "captured");
    if (json->child)
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* ---- values -------------------------------------------------------------------------------- */

/* One line of text, with nothing in it that a file of another format would read as its own. */
static bool is_line(const cJSON *json)
{
    const char *text = cJSON_GetStringValue(json);
    if (!text || strlen(text) > TEXT_MAX)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

bool image_is_name(const char *text)
{
    return *text && strlen(text) < TEXT_MAX && (*text | 0x20) >= '0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        "._-/:@+") == strlen(text);
}

static bool is_image(const cJSON *json)
{
    const char *text = cJSON_GetStringValue(json);
    return text && image_is_name(text);
}

static bool is_whole(const cJSON *json, long least, long most)
{
    const char *text = cJSON_GetStringValue(json);
    if (!text || strlen(text) == 0 || strlen(text) > 9 ||
        strspn(text, "0123456789") != strlen(text))
        return false;
    long value = strtol(text, NULL, 10);
    return value >= least && value <= most;
}

static bool is_port(const cJSON *json)
{
    return is_whole(json, 1, 65535);
}

static bool is_count(const cJSON *json)
{
    return is_whole(json, 0, 100000);
}

/* A quantity of Kubernetes: a number and one of its suffixes. */
static bool is_quantity(const char *text, const char *const *suffixes)
{
    double value;
    size_t digits = text ? strspn(text, "0123456789.") : 0;
    if (digits == 0 || !number_parse(text, digits, &value) || !(value > 0))
        return false;
    for (; *suffixes; suffixes++)
        if (str_equal(*suffixes, text + digits))
            return true;
    return false;
}

static bool is_cpu(const cJSON *json)
{
    static const char *const suffixes[] = {"", "m", NULL};
    return is_quantity(cJSON_GetStringValue(json), suffixes);
}

static bool is_memory(const cJSON *json)
{
    static const char *const suffixes[] = {"", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", NULL};
    return is_quantity(cJSON_GetStringValue(json), suffixes);
}

/* A list of texts, or one text for a shell. */
static bool is_command(const cJSON *json)
{
    const cJSON *item;
    if (cJSON_IsString(json))
        return is_line(json) && json->valuestring[0];
    if (!cJSON_IsArray(json) || cJSON_GetArraySize(json) == 0 ||
        cJSON_GetArraySize(json) > ITEMS_MAX)
        return false;
    cJSON_ArrayForEach(item, json)
    {
        if (!is_line(item))
            return false;
    }
    return true;
}

static bool is_variables(const cJSON *json)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    const cJSON *item;
    if (!cJSON_IsObject(json) || cJSON_GetArraySize(json) > ITEMS_MAX)
        return false;
    cJSON_ArrayForEach(item, json)
    {
        const char *name = item->string;
        if (!*name || (*name >= '0' && *name <= '9') || strspn(name, letters) != strlen(name) ||
            strlen(name) > 255 || !is_line(item))
            return false;
    }
    return true;
}

static const struct setting {
    const char *key;
    bool (*is)(const cJSON *json);
    const char *what;
    bool of_stages; /* not of all of them at once */
} known[] = {
    {"image", is_image, "an image such as python:3.11-slim@sha256:…", false},
    {"command", is_command, "a list of words, or one line for a shell", false},
    {"port", is_port, "a number from 1 to 65535", false},
    {"variables", is_variables, "a map from names to texts of one line", false},
    {"replicas", is_count, "a whole number", true},
    {"cpu", is_cpu, "a number of processors such as 2 or 500m", true},
    {"memory", is_memory, "a size such as 512Mi or 4Gi", true},
};

/* ---- maps ---------------------------------------------------------------------------------- */

static int unknown(const char *key, bool stage, struct mlops_error *err)
{
    const char *names[ARRAY_LENGTH(known) + 4] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (stage || !known[i].of_stages)
            names[count++] = known[i].key;
    if (!stage) {
        names[count++] = "lock";
        names[count++] = "captured";
        names[count++] = "stages";
    }
    const char *near = mlops_suggest(key, names);
    if (near)
        return mlops_fail(err, MLOPS_INVALID, "unknown key '%s' (did you mean '%s'?)", key, near);
    return mlops_fail(err, MLOPS_INVALID, "unknown key '%s' in the environment%s", key,
                      stage ? " of a stage" : "");
}

static int check_setting(const cJSON *item, bool stage, struct mlops_error *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (!str_equal(known[i].key, item->string))
            continue;
        if (known[i].of_stages && !stage)
            return mlops_fail(err, MLOPS_INVALID, "'%s' is a setting of single stages",
                              item->string);
        return known[i].is(item)
                   ? MLOPS_OK
                   : mlops_fail(err, MLOPS_INVALID, "'%s' must be %s", item->string, known[i].what);
    }
    return unknown(item->string, stage, err);
}

/* As registry's stages are called. */
static bool is_stage(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= MLOPS_STAGE_MAX && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == length;
}

static int check_stages(const cJSON *stages, struct mlops_error *err)
{
    const cJSON *stage, *item;
    if (!cJSON_IsObject(stages) || cJSON_GetArraySize(stages) > STAGES_MAX)
        return mlops_fail(err, MLOPS_INVALID, "'stages' must be a map from names of stages");
    cJSON_ArrayForEach(stage, stages)
    {
        if (!is_stage(stage->string) || !cJSON_IsObject(stage))
            return mlops_fail(err, MLOPS_INVALID,
                              "'stages' must be a map from names of stages to maps");
        cJSON_ArrayForEach(item, stage)
        {
            if (check_setting(item, true, err))
                return mlops_wrap(err, "stage '%s'", stage->string);
        }
    }
    return MLOPS_OK;
}

int environment_settings_check(const cJSON *settings, struct mlops_error *err)
{
    const cJSON *item;
    if (!settings)
        return MLOPS_OK;
    if (!cJSON_IsObject(settings))
        return mlops_fail(err, MLOPS_INVALID, "the settings of the environment are no map");
    cJSON_ArrayForEach(item, settings)
    {
        if (str_equal(item->string, "stages"))
            TRY(check_stages(item, err));
        else
            TRY(check_setting(item, false, err));
    }
    return MLOPS_OK;
}

const cJSON *environment_setting(const cJSON *settings, const char *stage, const char *key)
{
    const cJSON *stages = cJSON_GetObjectItemCaseSensitive(settings, "stages"), *own = NULL;
    if (stage)
        own =
            cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(stages, stage), key);
    return own ? own : cJSON_GetObjectItemCaseSensitive(settings, key);
}

cJSON *environment_variables(const cJSON *settings, const char *stage)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(settings, "variables"), *item;
    const cJSON *own = stage ? environment_setting(settings, stage, "variables") : NULL;
    cJSON *merged = cJSON_CreateObject();
    cJSON_ArrayForEach(item, all)
    {
        json_add_string(merged, item->string, item->valuestring);
    }
    if (own == all)
        return merged;
    cJSON_ArrayForEach(item, own)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(merged, item->string);
        json_add_string(merged, item->string, item->valuestring);
    }
    return merged;
}

bool image_is_pinned(const char *image)
{
    const char *at = strstr(image, "@sha256:");
    if (!at || at == image)
        return false;
    at += strlen("@sha256:");
    return strlen(at) == 64 && strspn(at, "0123456789abcdef") == 64;
}
