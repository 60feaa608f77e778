/* lib/bundle/project_json.c - the project as it stands in a manifest, and back. */
#include "base/json.h"
#include "base/path.h"
#include "bundle/project.h"

static void add_text(cJSON *object, const char *key, const char *text)
{
    if (text)
        json_add_string(object, key, text);
}

static void add_texts(cJSON *object, const char *key, char *const *texts)
{
    if (!texts)
        return;
    cJSON *array = json_add_array(object, key);
    for (; *texts; texts++)
        cJSON_AddItemToArray(array, cJSON_CreateString(*texts));
}

static cJSON *suite_to_json(const struct project_suite *suite)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "name", suite->name);
    json_add_string(json, "kind", suite->kind);
    json_add_string(json, "run", suite->run);
    json_add_number(json, "timeout_seconds", (double)suite->timeout_ns / 1e9);
    add_text(json, "predictions", suite->predictions);
    add_text(json, "score", suite->score);
    add_text(json, "prediction", suite->prediction);
    add_text(json, "label", suite->label);
    add_text(json, "task", suite->task);
    if (str_equal(suite->kind, "performance"))
        json_add_number(json, "threshold", suite->threshold);
    if (suite->require_count > 0) {
        cJSON *require = json_add_array(json, "require");
        for (size_t i = 0; i < suite->require_count; i++) {
            cJSON *item = cJSON_CreateObject();
            json_add_string(item, "metric", suite->require[i].metric);
            json_add_string(item, "demand", suite->require[i].demand);
            cJSON_AddItemToArray(require, item);
        }
    }
    return json;
}

cJSON *project_to_json(const struct project *project)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "model", project->model);
    add_text(json, "description", project->description);
    add_texts(json, "code", project->code);
    add_texts(json, "artifacts", project->artifacts);
    add_text(json, "params", project->params);
    add_text(json, "metrics", project->metrics);
    add_text(json, "environment", project->environment);
    if (project->data_count > 0) {
        cJSON *array = json_add_array(json, "data");
        for (size_t i = 0; i < project->data_count; i++) {
            const struct project_data *data = &project->data[i];
            cJSON *item = cJSON_CreateObject();
            json_add_string(item, "name", data->name);
            json_add_string(item, "path", data->path);
            add_text(item, "target", data->target);
            add_text(item, "time", data->time);
            add_text(item, "role", data->role);
            cJSON_AddItemToArray(array, item);
        }
    }
    cJSON *tests = json_add_array(json, "tests");
    for (size_t i = 0; i < project->suite_count; i++)
        cJSON_AddItemToArray(tests, suite_to_json(&project->suites[i]));
    if (project->train_run) {
        cJSON *train = json_add_object(json, "train");
        json_add_string(train, "run", project->train_run);
        add_text(train, "data", project->train_data);
    }
    if (project->monitor)
        cJSON_AddItemToObject(json, "monitor", cJSON_Duplicate(project->monitor, true));
    return json;
}

static char *get_text(const cJSON *json, const char *key)
{
    const char *text = json_string(json, key, NULL);
    return text ? xstrdup(text) : NULL;
}

static char **get_texts(const cJSON *json, const char *key)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, key), *item;
    if (!cJSON_IsArray(array))
        return NULL;
    char **texts = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*texts));
    size_t count = 0;
    cJSON_ArrayForEach(item, array) if (cJSON_IsString(item)) texts[count++] =
        xstrdup(item->valuestring);
    return texts;
}

static int refuse(struct mlops_error *err, const char *what)
{
    return mlops_fail(err, MLOPS_INTEGRITY, "the manifest's project is wrong: %s", what);
}

/* Predictions are read from this path below the checkout: it must be a path that was packaged as
 * one. */
static bool path_is_normal(const char *path)
{
    struct mlops_error ignored = {0}; /* the caller says what is wrong */
    _cleanup_(free_string) char *normal = NULL;
    return path_normalize(path, &normal, &ignored) == MLOPS_OK && str_equal(path, normal);
}

static int suite_from_json(const cJSON *json, struct project_suite *suite, struct mlops_error *err)
{
    suite->name = get_text(json, "name");
    suite->kind = get_text(json, "kind");
    suite->run = get_text(json, "run");
    double timeout = json_number(json, "timeout_seconds", 0);
    suite->predictions = get_text(json, "predictions");
    suite->score = get_text(json, "score");
    suite->prediction = get_text(json, "prediction");
    suite->label = get_text(json, "label");
    suite->task = get_text(json, "task");
    suite->threshold = json_number(json, "threshold", 0.5);
    if (!suite->name || strlen(suite->name) > MLOPS_NAME_MAX || !suite->kind || !suite->run ||
        !(timeout > 0 && timeout < 1e9))
        return refuse(err, "a suite lacks its name, kind, command or time limit");
    suite->timeout_ns = (int64_t)(timeout * 1e9);
    if (str_equal(suite->kind, "performance") &&
        (!suite->predictions || !path_is_normal(suite->predictions) || !suite->label ||
         !suite->task))
        return refuse(err, "a performance suite lacks its predictions, label or task");
    const cJSON *require = cJSON_GetObjectItemCaseSensitive(json, "require"), *item;
    if (!cJSON_IsArray(require))
        return MLOPS_OK;
    suite->require = xcalloc((size_t)cJSON_GetArraySize(require), sizeof(*suite->require));
    cJSON_ArrayForEach(item, require)
    {
        struct project_requirement *requirement = &suite->require[suite->require_count++];
        requirement->metric = get_text(item, "metric");
        requirement->demand = get_text(item, "demand");
        if (!requirement->metric || strlen(requirement->metric) > MLOPS_NAME_MAX ||
            !requirement->demand)
            return refuse(err, "a requirement lacks its metric or demand");
    }
    return MLOPS_OK;
}

static int read_project(const cJSON *json, struct project *project, struct mlops_error *err)
{
    const cJSON *item, *data = cJSON_GetObjectItemCaseSensitive(json, "data");
    const cJSON *tests = cJSON_GetObjectItemCaseSensitive(json, "tests");
    const cJSON *train = cJSON_GetObjectItemCaseSensitive(json, "train");
    const cJSON *monitor = cJSON_GetObjectItemCaseSensitive(json, "monitor");
    project->model = get_text(json, "model");
    if (!project->model || strlen(project->model) > MLOPS_NAME_MAX)
        return refuse(err, "it names no model");
    project->description = get_text(json, "description");
    project->code = get_texts(json, "code");
    project->artifacts = get_texts(json, "artifacts");
    project->params = get_text(json, "params");
    project->metrics = get_text(json, "metrics");
    project->environment = get_text(json, "environment");
    data = cJSON_IsArray(data) ? data : NULL;
    tests = cJSON_IsArray(tests) ? tests : NULL;
    if (data)
        project->data = xcalloc((size_t)cJSON_GetArraySize(data), sizeof(*project->data));
    cJSON_ArrayForEach(item, data)
    {
        struct project_data *one = &project->data[project->data_count++];
        one->name = get_text(item, "name");
        one->path = get_text(item, "path");
        one->target = get_text(item, "target");
        one->time = get_text(item, "time");
        one->role = get_text(item, "role");
        if (!one->name || strlen(one->name) > MLOPS_NAME_MAX || !one->path)
            return refuse(err, "a snapshot lacks its name or path");
    }
    if (tests)
        project->suites = xcalloc((size_t)cJSON_GetArraySize(tests), sizeof(*project->suites));
    cJSON_ArrayForEach(item, tests)
    {
        size_t i = project->suite_count++;
        TRY(suite_from_json(item, &project->suites[i], err));
    }
    project->train_run = get_text(train, "run");
    project->train_data = get_text(train, "data");
    if (monitor)
        project->monitor = cJSON_Duplicate(monitor, true);
    return MLOPS_OK;
}

int project_from_json(const cJSON *json, struct project *project, struct mlops_error *err)
{
    *project = (struct project){0};
    if (!cJSON_IsObject(json))
        return refuse(err, "it is not there");
    int code = read_project(json, project, err);
    if (code)
        project_clear(project);
    return code;
}

static void suite_clear(struct project_suite *suite)
{
    free(suite->name);
    free(suite->kind);
    free(suite->run);
    free(suite->predictions);
    free(suite->score);
    free(suite->prediction);
    free(suite->label);
    free(suite->task);
    for (size_t i = 0; i < suite->require_count; i++) {
        free(suite->require[i].metric);
        free(suite->require[i].demand);
    }
    free(suite->require);
}

void project_clear(struct project *project)
{
    free(project->model);
    free(project->description);
    strings_free(project->code);
    strings_free(project->artifacts);
    free(project->params);
    free(project->metrics);
    free(project->environment);
    for (size_t i = 0; i < project->data_count; i++) {
        free(project->data[i].name);
        free(project->data[i].path);
        free(project->data[i].target);
        free(project->data[i].time);
        free(project->data[i].role);
    }
    free(project->data);
    for (size_t i = 0; i < project->suite_count; i++)
        suite_clear(&project->suites[i]);
    free(project->suites);
    free(project->train_run);
    free(project->train_data);
    cJSON_Delete(project->monitor);
    *project = (struct project){0};
}
