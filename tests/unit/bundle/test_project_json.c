/* tests/unit/bundle/test_project_json.c - the project in a manifest, and back. */
#include "test.h"

#include "base/json.h"
#include "bundle/project.h"

static const char source[] =
    "model: fraud\n"
    "code: [train.py]\n"
    "artifacts: [model/]\n"
    "params: params.yaml\n"
    "data:\n"
    "  train: {path: data/train.csv, target: y, time: ts, role: reference}\n"
    "tests:\n"
    "  second: {kind: unit, run: a, timeout: 250ms}\n"
    "  first:\n"
    "    kind: performance\n"
    "    run: b\n"
    "    predictions: out.csv\n"
    "    prediction: c\n"
    "    label: y\n"
    "    task: multiclass\n"
    "    require: {f1_macro: '>= 0.5'}\n"
    "train: {run: t, data: train}\n"
    "monitor: {score: p, error_rate: 0.5%}\n";

static cJSON *given_json(void)
{
    struct project project;
    struct mlops_error err = {0};
    if (project_parse(source, strlen(source), "mlops.yaml", &project, &err))
        fail_msg("%s", err.message);
    cJSON *json = project_to_json(&project);
    project_clear(&project);
    return json;
}

static char *canonical(const cJSON *json)
{
    struct buffer text = {0};
    struct mlops_error err = {0};
    assert_int_equal(MLOPS_OK, json_write_canonical(json, &text, &err));
    return buffer_steal(&text);
}

static void what_is_read_back_writes_the_same(void **state)
{
    struct project project;
    struct mlops_error err = {0};
    cJSON *json = given_json();
    (void)state;
    if (project_from_json(json, &project, &err))
        fail_msg("%s", err.message);
    cJSON *again = project_to_json(&project);
    char *one = canonical(json), *two = canonical(again);
    assert_string_equal(one, two);
    assert_int_equal(2, project.suite_count);
    assert_string_equal("second", project.suites[0].name); /* the author's order */
    assert_true(project.suites[0].timeout_ns == 250000000);
    assert_string_equal("multiclass", project.suites[1].task);
    assert_int_equal(0, project.path_count);
    free(one);
    free(two);
    cJSON_Delete(again);
    cJSON_Delete(json);
    project_clear(&project);
}

/* Replace what stands at `path` ("tests/1/kind") by `value` (JSON; NULL removes it). */
static void put(cJSON *json, const char *path, const char *value)
{
    char *copy = xstrdup(path), *rest = NULL, *name = strtok_r(copy, "/", &rest);
    for (;;) {
        char *next = strtok_r(NULL, "/", &rest);
        bool list = cJSON_IsArray(json);
        if (!next && value && list)
            cJSON_ReplaceItemInArray(json, atoi(name), cJSON_Parse(value));
        else if (!next && value && cJSON_HasObjectItem(json, name))
            cJSON_ReplaceItemInObjectCaseSensitive(json, name, cJSON_Parse(value));
        else if (!next && value)
            cJSON_AddItemToObject(json, name, cJSON_Parse(value));
        else if (!next)
            cJSON_DeleteItemFromObjectCaseSensitive(json, name);
        if (!next)
            break;
        json = list ? cJSON_GetArrayItem(json, atoi(name)) : cJSON_GetObjectItem(json, name);
        assert_non_null(json);
        name = next;
    }
    free(copy);
}

static void what_packaging_cannot_have_written_is_an_integrity_error(void **state)
{
    static const struct {
        const char *path, *value, *message;
    } table[] = {
        {"model", NULL, "a name is missing"},
        {"model", "7", "'model' is not a text"},
        {"model", "\"a/b\"", "'a/b' is not a model name"},
        {"description", "[]", "'description' is not a text"},
        {"code", "\"train.py\"", "paths are not a list"},
        {"code/0", "\"../train.py\"", "'../train.py' has '..' in it, and must stay in the project"},
        {"code/0", "\"./train.py\"", "a path is not normalized"},
        {"code/0", "5", "a path is not a text"},
        {"params", "\"/etc/passwd\"", "'/etc/passwd' is absolute, and must lie in the project"},
        {"data", "{}", "snapshots or suites are not a list"},
        {"data/0", "5", "a name is missing"},
        {"data/0/path", NULL, "a snapshot has no path"},
        {"data/0/path", "\"a/../b\"", "'a/../b' has '..' in it, and must stay in the project"},
        {"tests", "5", "snapshots or suites are not a list"},
        {"tests/0/kind", "\"other\"", "a suite lacks its kind, command or time limit"},
        {"tests/0/run", NULL, "a suite lacks its kind, command or time limit"},
        {"tests/0/run", "\"\"", "a suite lacks its kind, command or time limit"},
        {"tests/0/timeout_seconds", "0", "a suite lacks its kind, command or time limit"},
        {"tests/0/timeout_seconds", "1e300", "a suite lacks its kind, command or time limit"},
        {"tests/0/timeout_seconds", "-5", "a suite lacks its kind, command or time limit"},
        {"tests/0/name", "\"first\"", "two suites have the same name"},
        {"tests/0/name", "\"../first\"", "'../first' is not a suite name"},
        {"tests/1/predictions", "\"/etc/passwd\"",
         "'/etc/passwd' is absolute, and must lie in the project"},
        {"tests/1/predictions", NULL,
         "a performance suite lacks its predictions, label, task or threshold"},
        {"tests/1/task", "\"dance\"",
         "a performance suite lacks its predictions, label, task or threshold"},
        {"tests/1/prediction", NULL,
         "a performance suite lacks its predictions, label, task or threshold"},
        {"tests/1/threshold", "\"0.5\"",
         "a performance suite lacks its predictions, label, task or threshold"},
        {"tests/1/require", "{}", "requirements are not a list"},
        {"tests/1/require/0/metric", NULL, "a name is missing"},
        {"tests/1/require/0/demand", NULL, "a requirement demands nothing"},
        {"tests/1/require/0/demand", "\"\"",
         "'' is not a requirement: one of >= > <= < == was expected"},
        {"train", "5", "the training has no command"},
        {"monitor", "[]", "'monitor' is not a map"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        struct project project;
        struct mlops_error err = {0};
        cJSON *json = given_json();
        put(json, table[i].path, table[i].value);
        if (project_from_json(json, &project, &err) == MLOPS_OK)
            fail_msg("%s was let through", table[i].path);
        char *message = xprintf("the manifest's project is wrong: %s", table[i].message);
        assert_string_equal(message, err.message);
        assert_int_equal(MLOPS_INTEGRITY, err.code);
        free(message);
        cJSON_Delete(json);
    }
}

static void a_project_that_is_not_there_is_an_integrity_error(void **state)
{
    struct project project;
    struct mlops_error err = {0};
    (void)state;
    assert_int_equal(MLOPS_INTEGRITY, project_from_json(NULL, &project, &err));
    assert_string_equal("the manifest's project is wrong: it is not there", err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_back_writes_the_same),
        cmocka_unit_test(what_packaging_cannot_have_written_is_an_integrity_error),
        cmocka_unit_test(a_project_that_is_not_there_is_an_integrity_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
