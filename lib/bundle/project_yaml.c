/* lib/bundle/project_yaml.c - mlops.yaml read and checked; every refusal has a line. */
#include "base/path.h"
#include "base/yaml.h"
#include "bundle/project.h"
#include "bundle/requirement.h"
#include "stats/metrics.h"
#include <mlops/text.h>
#include <stdio.h>

#define TIMEOUT_DEFAULT_NS 600000000000LL

struct checker {
    const char *what;
    struct mlops_error *err;
};

static int wrong(const struct checker *checker, const struct yaml_node *node, const char *format,
                 ...) MLOPS_PRINTF(3, 4);
static int wrong(const struct checker *checker, const struct yaml_node *node, const char *format,
                 ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut where too long, on purpose */
    va_end(arguments);
    return mlops_fail(checker->err, MLOPS_INVALID, "%s:%d: %s", checker->what, node->line, text);
}

static const char *kind_name(const struct yaml_node *node)
{
    static const char *const names[] = {"nothing", "a single value", "a list", "a map"};
    return names[node->kind];
}

/* Refuse keys of `map` that are not in `known`. `where` is "" or "in 'tests'". */
static int check_keys(const struct checker *checker, const struct yaml_node *map, const char *where,
                      const char *const *known)
{
    if (map->kind != YAML_MAP)
        return wrong(checker, map, "%s must be a map of keys, not %s", where, kind_name(map));
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *node = map->items[i];
        bool found = false;
        for (const char *const *key = known; *key && !found; key++)
            found = str_equal(*key, node->key);
        const char *near = mlops_suggest(node->key, known);
        if (!found && near)
            return wrong(checker, node, "unknown key '%s' (did you mean '%s'?)", node->key, near);
        if (!found)
            return wrong(checker, node, "unknown key '%s' in %s", node->key, where);
    }
    return MLOPS_OK;
}

/* The text of key `key` of `map`; NULL where it is not there. The caller frees. */
static int take_text(const struct checker *checker, const struct yaml_node *map, const char *key,
                     char **text)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind != YAML_SCALAR)
        return wrong(checker, node, "'%s' must be a single value, not %s", key, kind_name(node));
    *text = xstrdup(node->text);
    return MLOPS_OK;
}

static int demand(const struct checker *checker, const struct yaml_node *map, const char *where,
                  const char *key, const char *found)
{
    return found ? MLOPS_OK : wrong(checker, map, "%s has no '%s'", where, key);
}

static int normalize(const struct checker *checker, const struct yaml_node *node, const char *text,
                     char **path)
{
    if (path_normalize(text, path, checker->err))
        return mlops_wrap(checker->err, "%s:%d", checker->what, node->line);
    return MLOPS_OK;
}

static int take_path(const struct checker *checker, const struct yaml_node *map, const char *key,
                     char **path)
{
    _cleanup_(free_string) char *text = NULL;
    TRY(take_text(checker, map, key, &text));
    return text ? normalize(checker, yaml_get(map, key), text, path) : MLOPS_OK;
}

/* A list of paths, or one path alone. */
static int take_paths(const struct checker *checker, const struct yaml_node *map, const char *key,
                      char ***paths)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind == YAML_SCALAR) {
        *paths = xcalloc(2, sizeof(**paths));
        return normalize(checker, node, node->text, &(*paths)[0]);
    }
    if (node->kind != YAML_LIST)
        return wrong(checker, node, "'%s' must be a list of paths, not %s", key, kind_name(node));
    *paths = xcalloc(node->count + 1, sizeof(**paths));
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        if (item->kind != YAML_SCALAR)
            return wrong(checker, item, "'%s' must be a list of paths, and this is %s", key,
                         kind_name(item));
        TRY(normalize(checker, item, item->text, &(*paths)[i]));
    }
    return MLOPS_OK;
}

static int check_name(const struct checker *checker, const struct yaml_node *node, const char *what,
                      const char *name)
{
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    bool digits = strspn(name, "0123456789") == strlen(name);
    if (length == 0 || name[length] || length > MLOPS_NAME_MAX || digits || strchr("._-", name[0]))
        return wrong(checker, node,
                     "'%s' is not a name for a %s: use letters, digits, '.', '_' and '-', "
                     "and begin with a letter or digit",
                     name, what);
    return MLOPS_OK;
}

/* One of the words of `choices`, or NULL where the key is not there. */
static int take_choice(const struct checker *checker, const struct yaml_node *map, const char *key,
                       const char *const *choices, char **text)
{
    TRY(take_text(checker, map, key, text));
    for (const char *const *choice = choices; *text && *choice; choice++)
        if (str_equal(*choice, *text))
            return MLOPS_OK;
    if (!*text)
        return MLOPS_OK;
    char list[200] = "";
    for (size_t i = 0, used = 0; choices[i] && used < sizeof(list); i++)
        used +=
            (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", choices[i]);
    return wrong(checker, yaml_get(map, key), "'%s' is not a %s: use one of %s", *text, key, list);
}

static int read_data(const struct checker *checker, const struct yaml_node *node,
                     struct project_data *data)
{
    static const char *const keys[] = {"path", "target", "time", "role", NULL};
    static const char *const roles[] = {"reference", "evaluation", NULL};
    char where[MLOPS_NAME_MAX + 32];
    TRY(check_name(checker, node, "snapshot", node->key));
    (void)snprintf(where, sizeof(where), "the snapshot '%s'", node->key);
    TRY(check_keys(checker, node, where, keys));
    data->name = xstrdup(node->key);
    TRY(take_path(checker, node, "path", &data->path));
    TRY(demand(checker, node, where, "path", data->path));
    TRY(take_text(checker, node, "target", &data->target));
    TRY(take_text(checker, node, "time", &data->time));
    return take_choice(checker, node, "role", roles, &data->role);
}

static int read_require(const struct checker *checker, const struct yaml_node *node,
                        struct project_suite *suite)
{
    if (node->kind != YAML_MAP)
        return wrong(checker, node, "'require' must be a map from metrics to demands, not %s",
                     kind_name(node));
    suite->require = xcalloc(node->count, sizeof(*suite->require));
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        struct requirement requirement;
        bool known = false;
        for (const char *const *name = metric_names(); *name && !known; name++)
            known = str_equal(*name, item->key);
        const char *near = mlops_suggest(item->key, metric_names());
        if (!known && near)
            return wrong(checker, item, "unknown metric '%s' (did you mean '%s'?)", item->key,
                         near);
        if (!known)
            return wrong(checker, item, "unknown metric '%s'", item->key);
        if (item->kind != YAML_SCALAR)
            return wrong(checker, item, "the demand on '%s' must be a text such as \">= 0.8\"",
                         item->key);
        if (requirement_parse(item->text, &requirement, checker->err))
            return mlops_wrap(checker->err, "%s:%d", checker->what, item->line);
        suite->require[suite->require_count++] = (struct project_requirement){
            .metric = xstrdup(item->key), .demand = xstrdup(item->text)};
    }
    return MLOPS_OK;
}

static int read_performance(const struct checker *checker, const struct yaml_node *node,
                            const char *where, struct project_suite *suite)
{
    static const char *const tasks[] = {"binary", "multiclass", "regression", NULL};
    TRY(take_path(checker, node, "predictions", &suite->predictions));
    TRY(take_text(checker, node, "score", &suite->score));
    TRY(take_text(checker, node, "prediction", &suite->prediction));
    TRY(take_text(checker, node, "label", &suite->label));
    TRY(take_choice(checker, node, "task", tasks, &suite->task));
    const struct yaml_node *threshold = yaml_get(node, "threshold");
    suite->threshold = 0.5;
    if (threshold && !yaml_as_number(threshold, &suite->threshold))
        return wrong(checker, threshold, "'threshold' must be a number");
    const struct yaml_node *require = yaml_get(node, "require");
    if (require)
        TRY(read_require(checker, require, suite));
    if (!str_equal(suite->kind, "performance"))
        return MLOPS_OK;
    if (!suite->task)
        suite->task = xstrdup("binary");
    TRY(demand(checker, node, where, "predictions", suite->predictions));
    TRY(demand(checker, node, where, "label", suite->label));
    bool binary = str_equal(suite->task, "binary");
    if (binary && !suite->score && !suite->prediction)
        return wrong(checker, node, "%s needs 'score' or 'prediction'", where);
    if (!binary)
        return demand(checker, node, where, "prediction", suite->prediction);
    return MLOPS_OK;
}

static int read_suite(const struct checker *checker, const struct yaml_node *node,
                      struct project_suite *suite)
{
    static const char *const keys[] = {"kind",      "run",        "timeout", "predictions",
                                       "score",     "prediction", "label",   "task",
                                       "threshold", "require",    NULL};
    static const char *const kinds[] = {"unit", "integration", "performance", NULL};
    char where[MLOPS_NAME_MAX + 32];
    TRY(check_name(checker, node, "suite", node->key));
    (void)snprintf(where, sizeof(where), "the suite '%s'", node->key);
    TRY(check_keys(checker, node, where, keys));
    suite->name = xstrdup(node->key);
    TRY(take_choice(checker, node, "kind", kinds, &suite->kind));
    TRY(demand(checker, node, where, "kind", suite->kind));
    TRY(take_text(checker, node, "run", &suite->run));
    TRY(demand(checker, node, where, "run", suite->run));
    suite->timeout_ns = TIMEOUT_DEFAULT_NS;
    const struct yaml_node *timeout = yaml_get(node, "timeout");
    if (timeout && timeout->kind != YAML_SCALAR)
        return wrong(checker, timeout, "'timeout' must be a duration such as 5m");
    if (timeout && mlops_duration_parse(timeout->text, &suite->timeout_ns, checker->err))
        return mlops_wrap(checker->err, "%s:%d", checker->what, timeout->line);
    if (suite->timeout_ns <= 0)
        return wrong(checker, timeout, "'timeout' must be longer than nothing");
    return read_performance(checker, node, where, suite);
}

static int read_monitor(const struct checker *checker, const struct yaml_node *node,
                        struct project *project)
{
    static const char *const keys[] = {"score",       "prediction", "label",
                                       "latency_p99", "error_rate", NULL};
    TRY(check_keys(checker, node, "'monitor'", keys));
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i]->kind != YAML_SCALAR)
            return wrong(checker, node->items[i], "'%s' must be a single value",
                         node->items[i]->key);
    project->monitor = yaml_to_json(node);
    return MLOPS_OK;
}

static int read_train(const struct checker *checker, const struct yaml_node *node,
                      struct project *project)
{
    static const char *const keys[] = {"run", "data", NULL};
    TRY(check_keys(checker, node, "'train'", keys));
    TRY(take_text(checker, node, "run", &project->train_run));
    TRY(demand(checker, node, "'train'", "run", project->train_run));
    TRY(take_text(checker, node, "data", &project->train_data));
    if (!project->train_data)
        return MLOPS_OK;
    for (size_t i = 0; i < project->data_count; i++)
        if (str_equal(project->data[i].name, project->train_data))
            return MLOPS_OK;
    return wrong(checker, yaml_get(node, "data"), "'data' names no snapshot called '%s'",
                 project->train_data);
}

/* A map whose keys are the author's names. */
static int need_map(const struct checker *checker, const struct yaml_node *node)
{
    if (node->kind == YAML_MAP || node->kind == YAML_NULL)
        return MLOPS_OK;
    return wrong(checker, node, "'%s' must be a map from names, not %s", node->key,
                 kind_name(node));
}

static int read_project(const struct checker *checker, const struct yaml_node *root,
                        struct project *project)
{
    static const char *const keys[] = {"model",     "description", "code",    "params",
                                       "artifacts", "metrics",     "data",    "environment",
                                       "tests",     "train",       "monitor", NULL};
    if (root->kind == YAML_NULL)
        return wrong(checker, root, "the file is empty: it must at least say 'model: NAME'");
    TRY(check_keys(checker, root, "the project file", keys));
    TRY(take_text(checker, root, "model", &project->model));
    TRY(demand(checker, root, "the project file", "model", project->model));
    TRY(check_name(checker, yaml_get(root, "model"), "model", project->model));
    TRY(take_text(checker, root, "description", &project->description));
    TRY(take_paths(checker, root, "code", &project->code));
    TRY(take_paths(checker, root, "artifacts", &project->artifacts));
    TRY(take_path(checker, root, "params", &project->params));
    TRY(take_path(checker, root, "metrics", &project->metrics));
    TRY(take_path(checker, root, "environment", &project->environment));
    const struct yaml_node *data = yaml_get(root, "data"), *tests = yaml_get(root, "tests");
    if (data) {
        TRY(need_map(checker, data));
        project->data = xcalloc(data->count, sizeof(*project->data));
        for (; project->data_count < data->count;) {
            size_t i = project->data_count++;
            TRY(read_data(checker, data->items[i], &project->data[i]));
        }
    }
    if (tests) {
        TRY(need_map(checker, tests));
        project->suites = xcalloc(tests->count, sizeof(*project->suites));
        for (; project->suite_count < tests->count;) {
            size_t i = project->suite_count++;
            TRY(read_suite(checker, tests->items[i], &project->suites[i]));
        }
    }
    if (yaml_get(root, "train"))
        TRY(read_train(checker, yaml_get(root, "train"), project));
    if (yaml_get(root, "monitor"))
        TRY(read_monitor(checker, yaml_get(root, "monitor"), project));
    return MLOPS_OK;
}

int project_parse(const char *text, size_t length, const char *what, struct project *project,
                  struct mlops_error *err)
{
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    struct checker checker = {.what = what, .err = err};
    *project = (struct project){0};
    TRY(yaml_parse(text, length, what, &root, err));
    int code = read_project(&checker, root, project);
    if (code)
        project_clear(project);
    return code;
}
