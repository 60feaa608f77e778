/* lib/bundle/drift_settings.c - the `drift` of a project file: from YAML, to JSON and back. */
#include "bundle/drift_settings.h"
#include "base/json.h"
#include "base/number.h"
#include "base/yaml_check.h"
#include <math.h>

/* A test holds these against the methods that there are, which stand in a room above this one. */
const char *const drift_method_names[] = {"ks",
                                          "jensen_shannon",
                                          "psi",
                                          "wasserstein",
                                          "total_variation",
                                          "hellinger",
                                          "l_infinity",
                                          "energy",
                                          "cramer_von_mises",
                                          "anderson_darling",
                                          "chi_square",
                                          "g",
                                          "z",
                                          "fisher",
                                          NULL};
static const char *const seasons[] = {"hour", "weekday", NULL};

static int read_choice(const struct yaml_checker *checker, const struct yaml_node *map,
                       const char *key, const char *const *choices, char **text)
{
    const struct yaml_node *node = yaml_get(map, key);
    size_t index;
    if (!node)
        return MLOPS_OK;
    TRY(yaml_check_choice(checker, node, choices, &index));
    *text = xstrdup(choices[index]);
    return MLOPS_OK;
}

static int read_text(const struct yaml_checker *checker, const struct yaml_node *map,
                     const char *key, char **text)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node)
        return MLOPS_OK;
    TRY(yaml_check_text(checker, node));
    *text = xstrdup(node->text);
    return MLOPS_OK;
}

/* Above 0 and at most `most`. */
static int read_number(const struct yaml_checker *checker, const struct yaml_node *map,
                       const char *key, double most, double *number)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node)
        return MLOPS_OK;
    if (node->kind != YAML_SCALAR || !yaml_as_number(node, number) ||
        !(*number > 0 && *number <= most))
        return yaml_wrong(checker, node, "'%s' must be a number above 0%s", key,
                          isinf(most) ? "" : ", and not that large");
    return MLOPS_OK;
}

/* "1%" or 0.01 */
static int read_far(const struct yaml_checker *checker, const struct yaml_node *map, double *far)
{
    const struct yaml_node *node = yaml_get(map, "far");
    if (!node)
        return MLOPS_OK;
    TRY(yaml_check_text(checker, node));
    bool percent = str_ends(node->text, "%");
    if (!number_parse(node->text, strlen(node->text) - percent, far) ||
        !(*far > 0 && *far < (percent ? 100 : 1)))
        return yaml_wrong(checker, node, "'%s' is no share between 0 and 1: write 1%% or 0.01",
                          node->text);
    *far /= percent ? 100 : 1;
    return MLOPS_OK;
}

/* The name of a method, or a map. */
static int read_column(const struct yaml_checker *checker, const struct yaml_node *node,
                       struct drift_column_settings *column)
{
    static const char *const keys[] = {"method", "threshold", "weight", NULL};
    size_t index;
    column->name = xstrdup(node->key);
    if (node->kind == YAML_SCALAR) {
        TRY(yaml_check_choice(checker, node, drift_method_names, &index));
        column->method = xstrdup(drift_method_names[index]);
        return MLOPS_OK;
    }
    TRY(yaml_check_keys(checker, node, "a column's settings", keys));
    TRY(read_choice(checker, node, "method", drift_method_names, &column->method));
    TRY(read_number(checker, node, "threshold", INFINITY, &column->threshold));
    return read_number(checker, node, "weight", DRIFT_WEIGHT_MAX, &column->weight);
}

int drift_settings_read(const struct yaml_node *node, const char *what,
                        struct drift_settings *settings, struct mlops_error *err)
{
    static const char *const keys[] = {
        "method", "categorical_method", "threshold", "far", "time", "segment",
        "season", "importance",         "columns",   NULL};
    const struct yaml_checker checker = {.what = what, .err = err};
    TRY(yaml_check_keys(&checker, node, "'drift'", keys));
    TRY(read_choice(&checker, node, "method", drift_method_names, &settings->method));
    TRY(read_choice(&checker, node, "categorical_method", drift_method_names,
                    &settings->categorical_method));
    TRY(read_choice(&checker, node, "season", seasons, &settings->season));
    TRY(read_text(&checker, node, "time", &settings->time));
    TRY(read_text(&checker, node, "segment", &settings->segment));
    TRY(read_number(&checker, node, "threshold", INFINITY, &settings->threshold));
    TRY(read_far(&checker, node, &settings->far));
    const struct yaml_node *columns = yaml_get(node, "columns");
    if (!columns)
        return MLOPS_OK;
    if (columns->kind != YAML_MAP)
        return yaml_wrong(&checker, columns, "'columns' must be a map such as {amount: psi}");
    settings->columns = xcalloc(columns->count + 1, sizeof(*settings->columns));
    while (settings->column_count < columns->count) {
        size_t i = settings->column_count++;
        TRY(read_column(&checker, columns->items[i], &settings->columns[i]));
    }
    return MLOPS_OK;
}

void drift_settings_clear(struct drift_settings *settings)
{
    for (size_t i = 0; i < settings->column_count; i++) {
        free(settings->columns[i].name);
        free(settings->columns[i].method);
    }
    free(settings->columns);
    free(settings->method);
    free(settings->categorical_method);
    free(settings->time);
    free(settings->segment);
    free(settings->season);
    free(settings->importance);
    *settings = (struct drift_settings){0};
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void add_number(cJSON *json, const char *key, double number)
{
    if (number > 0)
        json_add_number(json, key, number);
}

cJSON *drift_settings_to_json(const struct drift_settings *settings)
{
    cJSON *json = cJSON_CreateObject();
    json_add_text(json, "method", settings->method);
    json_add_text(json, "categorical_method", settings->categorical_method);
    json_add_text(json, "time", settings->time);
    json_add_text(json, "segment", settings->segment);
    json_add_text(json, "season", settings->season);
    json_add_text(json, "importance", settings->importance);
    add_number(json, "threshold", settings->threshold);
    add_number(json, "far", settings->far);
    cJSON *columns = settings->column_count ? json_add_array(json, "columns") : NULL;
    for (size_t i = 0; i < settings->column_count; i++) {
        const struct drift_column_settings *column = &settings->columns[i];
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "name", column->name);
        json_add_text(item, "method", column->method);
        add_number(item, "threshold", column->threshold);
        add_number(item, "weight", column->weight);
        cJSON_AddItemToArray(columns, item);
    }
    if (json->child)
        return json;
    cJSON_Delete(json);
    return NULL;
}

static bool is_none_or_one_of(const char *text, const char *const *words)
{
    return !text || str_is_one_of(text, words);
}

static bool load_columns(const cJSON *array, struct drift_settings *settings)
{
    const cJSON *item;
    if (!array)
        return true;
    if (!cJSON_IsArray(array))
        return false;
    settings->columns = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*settings->columns));
    cJSON_ArrayForEach(item, array)
    {
        struct drift_column_settings *column = &settings->columns[settings->column_count++];
        column->name = json_copy_text(item, "name");
        column->method = json_copy_text(item, "method");
        column->threshold = json_number(item, "threshold", 0);
        column->weight = json_number(item, "weight", 0);
        if (!column->name || !is_none_or_one_of(column->method, drift_method_names) ||
            !(column->threshold >= 0) ||
            !(column->weight >= 0 && column->weight <= DRIFT_WEIGHT_MAX))
            return false;
    }
    return true;
}

bool drift_settings_load(const cJSON *json, struct drift_settings *settings)
{
    if (!json)
        return true;
    if (!cJSON_IsObject(json))
        return false;
    settings->method = json_copy_text(json, "method");
    settings->categorical_method = json_copy_text(json, "categorical_method");
    settings->time = json_copy_text(json, "time");
    settings->segment = json_copy_text(json, "segment");
    settings->season = json_copy_text(json, "season");
    settings->importance = json_copy_text(json, "importance");
    settings->threshold = json_number(json, "threshold", 0);
    settings->far = json_number(json, "far", 0);
    return is_none_or_one_of(settings->method, drift_method_names) &&
           is_none_or_one_of(settings->categorical_method, drift_method_names) &&
           is_none_or_one_of(settings->season, seasons) && settings->threshold >= 0 &&
           settings->far >= 0 && settings->far < 1 &&
           load_columns(cJSON_GetObjectItemCaseSensitive(json, "columns"), settings);
}
