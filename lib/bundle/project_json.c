/* lib/bundle/project_json.c - the project as it stands in a manifest, and back. */
#include "base/json.h"
#include "base/path.h"
#include "bundle/needs.h"
#include "bundle/project_environment.h"
#include "bundle/requirement.h"
#include "registry/registry.h"
#include <math.h>

static cJSON *suite_to_json(const struct project_suite *suite)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "name", suite->name);
    json_add_string(json, "kind", suite->kind);
    if (suite->expectations.source) {
        cJSON_AddItemToObject(json, "expect", cJSON_Duplicate(suite->expectations.source, true));
        execution_write(&suite->execution, json);
        return json;
    }
    json_add_text(json, "run", suite->run);
    json_add_number(json, "timeout_seconds", (double)suite->timeout_ns / 1e9);
    budgets_write(&suite->budgets, json);
    json_add_text(json, "predictions", suite->predictions);
    json_add_text(json, "score", suite->score);
    json_add_text(json, "prediction", suite->prediction);
    json_add_text(json, "label", suite->label);
    if (suite->evaluation) {
        _cleanup_(free_string) char *data = xprintf(EVALUATION_PREFIX "%s", suite->evaluation);
        json_add_string(json, "data", data);
    }
    json_add_text(json, "task", suite->task);
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
    execution_write(&suite->execution, json);
    if (suite->measurement.source)
        cJSON_AddItemToObject(json, "measurement",
                              cJSON_Duplicate(suite->measurement.source, true));
    return json;
}

/* A path alone where there is no more to say. */
static void add_environment(cJSON *json, const struct project *project)
{
    if (!project->captured && !project->environment_settings) {
        json_add_text(json, "environment", project->environment);
        return;
    }
    cJSON *environment = json_add_object(json, "environment");
    json_add_text(environment, "lock", project->environment);
    json_add_text(environment, "captured", project->captured);
    if (project->environment_settings)
        cJSON_AddItemToObject(environment, "settings",
                              cJSON_Duplicate(project->environment_settings, true));
}

cJSON *project_to_json(const struct project *project)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "model", project->model);
    json_add_text(json, "description", project->description);
    json_add_texts(json, "code", project->code);
    json_add_texts(json, "artifacts", project->artifacts);
    json_add_text(json, "params", project->params);
    json_add_text(json, "metrics", project->metrics);
    add_environment(json, project);
    if (project->data_count > 0) {
        cJSON *array = json_add_array(json, "data");
        for (size_t i = 0; i < project->data_count; i++) {
            const struct project_data *data = &project->data[i];
            cJSON *item = cJSON_CreateObject();
            json_add_string(item, "name", data->name);
            json_add_string(item, "path", data->path);
            json_add_text(item, "target", data->target);
            json_add_text(item, "time", data->time);
            json_add_text(item, "role", data->role);
            if (data->external)
                json_add_bool(item, "copy", false);
            json_add_text(item, "source", data->source);
            json_add_text(item, "url", data->url);
            cJSON_AddItemToArray(array, item);
        }
    }
    cJSON *tests = json_add_array(json, "tests");
    for (size_t i = 0; i < project->suite_count; i++)
        cJSON_AddItemToArray(tests, suite_to_json(&project->suites[i]));
    if (project->train_run) {
        cJSON *train = json_add_object(json, "train");
        json_add_string(train, "run", project->train_run);
        json_add_text(train, "data", project->train_data);
    }
    if (project->predict_run) {
        cJSON *predict = json_add_object(json, "predict");
        json_add_string(predict, "run", project->predict_run);
        json_add_string(predict, "data", project->predict_data);
    }
    if (project->monitor)
        cJSON_AddItemToObject(json, "monitor", cJSON_Duplicate(project->monitor, true));
    cJSON *drift = drift_settings_to_json(&project->drift);
    if (drift)
        cJSON_AddItemToObject(json, "drift", drift);
    cJSON *deploy = deployment_to_json(&project->deploy);
    if (deploy)
        cJSON_AddItemToObject(json, "deploy", deploy);
    return json;
}

static int refuse(struct mlops_error *err, const char *what)
{
    return mlops_fail(err, MLOPS_INTEGRITY, "the manifest's project is wrong: %s", what);
}

/* A name or a path that the project file would not have been let through with. */
static int refuse_as(struct mlops_error *err)
{
    mlops_wrap(err, "the manifest's project is wrong");
    return (int)(err->code = MLOPS_INTEGRITY);
}

/* `*text` stays NULL where `key` is not there. */
static int get_text(const cJSON *json, const char *key, char **text, struct mlops_error *err)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!member || cJSON_IsNull(member))
        return MLOPS_OK;
    if (!cJSON_IsString(member))
        return mlops_fail(err, MLOPS_INTEGRITY,
                          "the manifest's project is wrong: '%s' is not a text", key);
    *text = xstrdup(member->valuestring);
    return MLOPS_OK;
}

/* What was packaged is normalized; anything else might lead out of a checkout. */
static int get_path(const cJSON *json, const char *key, char **path, struct mlops_error *err)
{
    _cleanup_(free_string) char *normal = NULL;
    TRY(get_text(json, key, path, err));
    if (!*path)
        return MLOPS_OK;
    if (path_normalize(*path, &normal, err))
        return refuse_as(err);
    return str_equal(*path, normal) ? MLOPS_OK : refuse(err, "a path is not normalized");
}

static int get_paths(const cJSON *json, const char *key, char ***paths, struct mlops_error *err)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, key), *item;
    if (!array)
        return MLOPS_OK;
    if (!cJSON_IsArray(array))
        return refuse(err, "paths are not a list");
    *paths = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(**paths));
    size_t count = 0;
    cJSON_ArrayForEach(item, array)
    {
        _cleanup_(free_string) char *normal = NULL;
        if (!cJSON_IsString(item))
            return refuse(err, "a path is not a text");
        if (path_normalize(item->valuestring, &normal, err))
            return refuse_as(err);
        if (!str_equal(item->valuestring, normal))
            return refuse(err, "a path is not normalized");
        (*paths)[count++] = TAKE_PTR(normal);
    }
    return MLOPS_OK;
}

static int get_name(const cJSON *json, const char *key, const char *what, char **name,
                    struct mlops_error *err)
{
    TRY(get_text(json, key, name, err));
    if (!*name)
        return refuse(err, "a name is missing");
    return name_check(what, *name, err) ? refuse_as(err) : MLOPS_OK;
}

static int get_requirements(const cJSON *array, struct project_suite *suite,
                            struct mlops_error *err)
{
    const cJSON *item;
    if (!cJSON_IsArray(array))
        return array ? refuse(err, "requirements are not a list") : MLOPS_OK;
    suite->require = xcalloc((size_t)cJSON_GetArraySize(array), sizeof(*suite->require));
    cJSON_ArrayForEach(item, array)
    {
        struct project_requirement *one = &suite->require[suite->require_count++];
        struct requirement parsed;
        TRY(get_text(item, "metric", &one->metric, err));
        if (!one->metric)
            return refuse(err, "a name is missing");
        if (!metric_is_known(one->metric))
            return refuse(err, "a requirement is of no metric");
        TRY(get_text(item, "demand", &one->demand, err));
        if (!one->demand)
            return refuse(err, "a requirement demands nothing");
        if (requirement_parse(one->demand, &parsed, err))
            return refuse_as(err);
    }
    return MLOPS_OK;
}

static int get_evaluation(const cJSON *json, struct project_suite *suite, struct mlops_error *err)
{
    _cleanup_(free_string) char *data = NULL;
    TRY(get_text(json, "data", &data, err));
    if (data && !str_starts(data, EVALUATION_PREFIX))
        return refuse(err, "a suite's data is no set of the registry's");
    suite->evaluation = data ? xstrdup(data + strlen(EVALUATION_PREFIX)) : NULL;
    return MLOPS_OK;
}

/* Does it name the columns that its task needs? */
static bool has_columns(const struct project_suite *suite)
{
    if (str_equal(suite->task, "multilabel"))
        return suite->measurement.label_count > 0;
    if (str_equal(suite->task, "ranking"))
        return (suite->label || suite->evaluation) && suite->score && suite->measurement.group;
    bool binary = str_equal(suite->task, "binary");
    return (suite->label || suite->evaluation) && (suite->prediction || (binary && suite->score));
}

static int get_performance(const cJSON *json, struct project_suite *suite, struct mlops_error *err)
{
    static const char *const tasks[] = {"binary",     "multiclass", "multilabel",
                                        "regression", "ranking",    NULL};
    TRY(get_path(json, "predictions", &suite->predictions, err));
    TRY(get_text(json, "score", &suite->score, err));
    TRY(get_text(json, "prediction", &suite->prediction, err));
    TRY(get_text(json, "label", &suite->label, err));
    TRY(get_evaluation(json, suite, err));
    TRY(get_text(json, "task", &suite->task, err));
    suite->threshold = json_number(json, "threshold", -1);
    if (!suite->run) {
        suite->threshold = 0.5;
        TRY(measurement_load(NULL, &suite->measurement, err));
        return suite->budgets.count > 0 && !suite->predictions && str_is_one_of(suite->task, tasks)
                   ? MLOPS_OK
                   : refuse(err, "a performance suite has neither command nor budget");
    }
    if (measurement_load(cJSON_GetObjectItemCaseSensitive(json, "measurement"), &suite->measurement,
                         err))
        return refuse_as(err);
    if (!suite->predictions || !str_is_one_of(suite->task, tasks) || !has_columns(suite) ||
        !(suite->threshold >= 0 && suite->threshold <= 1))
        return refuse(err, "a performance suite lacks its predictions, label, task or threshold");
    return get_requirements(cJSON_GetObjectItemCaseSensitive(json, "require"), suite, err);
}

/* Names of snapshots may name none: then the suite says so when it is run. */
static int get_expectations(const cJSON *json, struct project_suite *suite, struct mlops_error *err)
{
    suite->timeout_ns = PROJECT_TIMEOUT_MAX_NS;
    suite->threshold = 0.5;
    if (!execution_load(json, &suite->execution))
        return refuse(err, "how a suite is to be run makes no sense");
    return expectations_load(cJSON_GetObjectItemCaseSensitive(json, "expect"), &suite->expectations,
                             err)
               ? refuse_as(err)
               : MLOPS_OK;
}

static int get_suite(const cJSON *json, struct project_suite *suite, struct mlops_error *err)
{
    static const char *const kinds[] = {"unit", "integration", "performance", NULL};
    TRY(get_name(json, "name", "suite", &suite->name, err));
    TRY(get_text(json, "kind", &suite->kind, err));
    if (suite->kind && str_equal(suite->kind, "data"))
        return get_expectations(json, suite, err);
    TRY(get_text(json, "run", &suite->run, err));
    double timeout = json_number(json, "timeout_seconds", 0) * 1e9;
    if (!budgets_load(json, &suite->budgets))
        return refuse(err, "the budgets of a suite make no sense");
    bool needs_run =
        !suite->kind || !str_equal(suite->kind, "performance") || suite->budgets.count == 0;
    if (!str_is_one_of(suite->kind, kinds) || (suite->run ? !*suite->run : needs_run) ||
        !(timeout >= 1 && timeout <= (double)PROJECT_TIMEOUT_MAX_NS))
        return refuse(err, "a suite lacks its kind, command or time limit");
    suite->timeout_ns = llround(timeout);
    suite->threshold = 0.5;
    if (!execution_load(json, &suite->execution))
        return refuse(err, "how a suite is to be run makes no sense");
    return str_equal(suite->kind, "performance") ? get_performance(json, suite, err) : MLOPS_OK;
}

static int get_data(const cJSON *json, struct project_data *data, struct mlops_error *err)
{
    TRY(get_name(json, "name", "snapshot", &data->name, err));
    TRY(get_path(json, "path", &data->path, err));
    TRY(get_text(json, "target", &data->target, err));
    TRY(get_text(json, "time", &data->time, err));
    TRY(get_text(json, "role", &data->role, err));
    TRY(get_text(json, "source", &data->source, err));
    TRY(get_text(json, "url", &data->url, err));
    data->external = !json_bool(json, "copy", true);
    return data->path ? MLOPS_OK : refuse(err, "a snapshot has no path");
}

/* The array `key`, or NULL where there is none. */
static int get_array(const cJSON *json, const char *key, const cJSON **array,
                     struct mlops_error *err)
{
    *array = cJSON_GetObjectItemCaseSensitive(json, key);
    if (*array && !cJSON_IsArray(*array))
        return refuse(err, "snapshots or suites are not a list");
    return MLOPS_OK;
}

static int get_train(const cJSON *json, struct project *project, struct mlops_error *err)
{
    const cJSON *train = cJSON_GetObjectItemCaseSensitive(json, "train");
    if (!train)
        return MLOPS_OK;
    TRY(get_text(train, "run", &project->train_run, err));
    TRY(get_text(train, "data", &project->train_data, err));
    return project->train_run ? MLOPS_OK : refuse(err, "the training has no command");
}

/* Evidence is filed by the suite's name: a second of the same name could hide what the first
 * found. */
static int check_suite_names(const struct project *project, struct mlops_error *err)
{
    for (size_t i = 0; i < project->suite_count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_equal(project->suites[i].name, project->suites[j].name))
                return refuse(err, "two suites have the same name");
    return MLOPS_OK;
}

static int get_environment(const cJSON *json, struct project *project, struct mlops_error *err)
{
    const cJSON *environment = cJSON_GetObjectItemCaseSensitive(json, "environment");
    if (!cJSON_IsObject(environment))
        return get_path(json, "environment", &project->environment, err);
    TRY(get_path(environment, "lock", &project->environment, err));
    TRY(get_path(environment, "captured", &project->captured, err));
    if (!project->environment)
        return refuse(err, "the environment has no lock file");
    const cJSON *settings = cJSON_GetObjectItemCaseSensitive(environment, "settings");
    if (environment_settings_check(settings, err))
        return refuse_as(err);
    project->environment_settings = settings ? cJSON_Duplicate(settings, true) : NULL;
    return MLOPS_OK;
}

static int get_predict(const cJSON *json, struct project *project, struct mlops_error *err)
{
    const cJSON *predict = cJSON_GetObjectItemCaseSensitive(json, "predict");
    if (!predict)
        return MLOPS_OK;
    TRY(get_text(predict, "run", &project->predict_run, err));
    TRY(get_text(predict, "data", &project->predict_data, err));
    return project->predict_run && project->predict_data
               ? MLOPS_OK
               : refuse(err, "the predict command has no command or no data");
}

static int read_project(const cJSON *json, struct project *project, struct mlops_error *err)
{
    const cJSON *item, *data, *tests;
    TRY(get_name(json, "model", "model", &project->model, err));
    TRY(get_text(json, "description", &project->description, err));
    TRY(get_paths(json, "code", &project->code, err));
    TRY(get_paths(json, "artifacts", &project->artifacts, err));
    TRY(get_path(json, "params", &project->params, err));
    TRY(get_path(json, "metrics", &project->metrics, err));
    TRY(get_environment(json, project, err));
    TRY(get_array(json, "data", &data, err));
    TRY(get_array(json, "tests", &tests, err));
    project->data = xcalloc((size_t)cJSON_GetArraySize(data), sizeof(*project->data));
    cJSON_ArrayForEach(item, data)
    {
        size_t i = project->data_count++;
        TRY(get_data(item, &project->data[i], err));
    }
    if (cJSON_GetArraySize(tests) > PROJECT_SUITES_MAX)
        return refuse(err, "it has too many suites");
    project->suites = xcalloc((size_t)cJSON_GetArraySize(tests), sizeof(*project->suites));
    cJSON_ArrayForEach(item, tests)
    {
        size_t i = project->suite_count++;
        TRY(get_suite(item, &project->suites[i], err));
    }
    TRY(check_suite_names(project, err));
    if (needs_check(project, err))
        return refuse_as(err);
    TRY(get_train(json, project, err));
    TRY(get_predict(json, project, err));
    const cJSON *monitor = cJSON_GetObjectItemCaseSensitive(json, "monitor");
    if (monitor && !cJSON_IsObject(monitor))
        return refuse(err, "'monitor' is not a map");
    project->monitor = monitor ? cJSON_Duplicate(monitor, true) : NULL;
    if (!drift_settings_load(cJSON_GetObjectItemCaseSensitive(json, "drift"), &project->drift))
        return refuse(err, "how drift is judged makes no sense");
    if (!deployment_load(cJSON_GetObjectItemCaseSensitive(json, "deploy"), &project->deploy))
        return refuse(err, "how it is deployed makes no sense");
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
    free(suite->evaluation);
    free(suite->task);
    for (size_t i = 0; i < suite->require_count; i++) {
        free(suite->require[i].metric);
        free(suite->require[i].demand);
    }
    free(suite->require);
    execution_clear(&suite->execution);
    measurement_clear(&suite->measurement);
    budgets_clear(&suite->budgets);
    expectations_clear(&suite->expectations);
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
    strings_free(project->parents);
    free(project->run);
    free(project->captured);
    cJSON_Delete(project->environment_settings);
    for (size_t i = 0; i < project->data_count; i++) {
        free(project->data[i].name);
        free(project->data[i].path);
        free(project->data[i].target);
        free(project->data[i].time);
        free(project->data[i].role);
        free(project->data[i].source);
        free(project->data[i].url);
        free(project->data[i].sha256);
        csv_keys_clear(&project->data[i].csv);
    }
    free(project->data);
    for (size_t i = 0; i < project->suite_count; i++)
        suite_clear(&project->suites[i]);
    free(project->suites);
    free(project->train_run);
    free(project->train_data);
    free(project->predict_run);
    free(project->predict_data);
    cJSON_Delete(project->monitor);
    drift_settings_clear(&project->drift);
    deployment_clear(&project->deploy);
    for (size_t i = 0; i < project->path_count; i++) {
        free(project->paths[i].path);
        free(project->paths[i].text);
    }
    free(project->paths);
    *project = (struct project){0};
}
