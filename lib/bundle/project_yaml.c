/* lib/bundle/project_yaml.c - mlops.yaml read and checked; every refusal has a line. */
#include "base/escape.h"
#include "base/number.h"
#include "base/path.h"
#include "base/yaml.h"
#include "bundle/git.h"
#include "bundle/lineage.h"
#include "bundle/matrix.h"
#include "bundle/needs.h"
#include "bundle/project_environment.h"
#include "bundle/requirement.h"
#include "registry/registry.h"
#include "stats/metrics.h"
#include <mlops/text.h>
#include <stdio.h>

#define TIMEOUT_DEFAULT_NS 600000000000LL

struct checker {
    const char *what;
    struct project *project; /* that is being read */
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

/* Refuse keys of `map` that are not in `known`; `where` says what the map is. */
static int check_keys(const struct checker *checker, const struct yaml_node *map, const char *where,
                      const char *const *known)
{
    if (map->kind != YAML_MAP)
        return wrong(checker, map, "%s must be a map of keys, not %s", where, kind_name(map));
    _cleanup_(buffer_clear) struct buffer list = {0};
    for (const char *const *key = known; *key; key++)
        buffer_printf(&list, "%s%s", list.length ? ", " : "", *key);
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *node = map->items[i];
        bool found = false;
        for (const char *const *key = known; *key && !found; key++)
            found = str_equal(*key, node->key);
        if (found)
            continue;
        const char *near = mlops_suggest(node->key, known);
        if (near)
            wrong(checker, node, "unknown key '%s' (did you mean '%s'?)", node->key, near);
        else
            wrong(checker, node, "unknown key '%s' in %s", node->key, where);
        return mlops_hint(checker->err, "the keys of %s are %s", where, list.data);
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

/* `found` must be there, and more than nothing. */
static int demand(const struct checker *checker, const struct yaml_node *map, const char *where,
                  const char *key, const char *found)
{
    if (found && !*found)
        return wrong(checker, yaml_get(map, key), "'%s' is empty", key);
    return found ? MLOPS_OK : wrong(checker, map, "%s has no '%s'", where, key);
}

static int wrap(const struct checker *checker, const struct yaml_node *node)
{
    return mlops_wrap(checker->err, "%s:%d", checker->what, node->line);
}

static int take_path(const struct checker *checker, const struct yaml_node *map, const char *key,
                     char **path)
{
    _cleanup_(free_string) char *text = NULL;
    TRY(take_text(checker, map, key, &text));
    if (text && path_normalize(text, path, checker->err))
        return wrap(checker, yaml_get(map, key));
    return MLOPS_OK;
}

/* Remember that `path` is to be packaged because of `node`. */
static void remember(const struct checker *checker, const char *key, const struct yaml_node *node,
                     const char *path)
{
    struct project *project = checker->project;
    GROW(project->paths, project->path_count, &project->path_capacity);
    project->paths[project->path_count++] = (struct project_path){
        .key = key, .path = xstrdup(path), .text = xstrdup(node->text), .line = node->line};
}

/* A path that is to be packaged. */
static int take_source(const struct checker *checker, const struct yaml_node *map, const char *key,
                       char **path)
{
    TRY(take_path(checker, map, key, path));
    if (*path)
        remember(checker, key, yaml_get(map, key), *path);
    return MLOPS_OK;
}

static int take_item(const struct checker *checker, const char *key, const struct yaml_node *item,
                     char **path)
{
    if (item->kind != YAML_SCALAR)
        return wrong(checker, item, "'%s' must be a list of paths, and this is %s", key,
                     kind_name(item));
    if (path_normalize(item->text, path, checker->err))
        return wrap(checker, item);
    remember(checker, key, item, *path);
    return MLOPS_OK;
}

/* A list of paths that are to be packaged, or one path alone. */
static int take_sources(const struct checker *checker, const struct yaml_node *map, const char *key,
                        char ***paths)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind == YAML_MAP)
        return wrong(checker, node, "'%s' must be a list of paths, not %s", key, kind_name(node));
    *paths = xcalloc(node->count + 2, sizeof(**paths));
    if (node->kind == YAML_SCALAR)
        return take_item(checker, key, node, &(*paths)[0]);
    for (size_t i = 0; i < node->count; i++)
        TRY(take_item(checker, key, node->items[i], &(*paths)[i]));
    return MLOPS_OK;
}

static int check_name(const struct checker *checker, const struct yaml_node *node, const char *what,
                      const char *name)
{
    return name_check(what, name, checker->err) ? wrap(checker, node) : MLOPS_OK;
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
    _cleanup_(buffer_clear) struct buffer list = {0};
    for (size_t i = 0; choices[i]; i++)
        buffer_printf(&list, "%s%s", i ? ", " : "", choices[i]);
    const char *near = mlops_suggest(*text, choices);
    wrong(checker, yaml_get(map, key), "'%s' is not a %s%s%s%s", *text, key,
          near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    return mlops_hint(checker->err, "use one of %s", list.data);
}

/* Is it to stay where it is, and where do others get it? */
static int read_external(const struct checker *checker, const struct yaml_node *node,
                         struct project_data *data)
{
    const struct yaml_node *copy = yaml_get(node, "copy"), *source = yaml_get(node, "source");
    _cleanup_(free_string) char *text = NULL;
    bool copies = true;
    if (copy && copy->kind != YAML_NULL && !yaml_as_bool(copy, &copies))
        return wrong(checker, copy, "'copy' must be true or false");
    data->external = !copies;
    TRY(take_text(checker, node, "source", &text));
    if (!text)
        return MLOPS_OK;
    if (!data->external)
        return wrong(checker, source, "'source' is for data with 'copy: false'");
    if (!*text || !name_is_plain(text))
        return wrong(checker, source, "'source' must be a path or URL without control characters");
    data->source = git_strip_credentials(text);
    return MLOPS_OK;
}

static int read_data(const struct checker *checker, const struct yaml_node *node,
                     struct project_data *data)
{
    static const char *const keys[] = {"path", "target", "time", "role", "copy", "source", NULL};
    static const char *const roles[] = {"reference", "evaluation", NULL};
    char where[MLOPS_NAME_MAX + 32];
    TRY(check_name(checker, node, "snapshot", node->key));
    (void)snprintf(where, sizeof(where), "the snapshot '%s'", node->key);
    TRY(check_keys(checker, node, where, keys));
    data->name = xstrdup(node->key);
    data->line = node->line;
    TRY(take_path(checker, node, "path", &data->path));
    TRY(demand(checker, node, where, "path", data->path));
    TRY(read_external(checker, node, data));
    if (!data->external)
        remember(checker, "data", yaml_get(node, "path"), data->path);
    TRY(take_text(checker, node, "target", &data->target));
    TRY(take_text(checker, node, "time", &data->time));
    TRY(take_choice(checker, node, "role", roles, &data->role));
    const struct project_data *other = checker->project->data;
    for (; other < data && data->role; other++)
        if (other->role && str_equal(other->role, data->role) && str_equal(data->role, "reference"))
            return wrong(checker, yaml_get(node, "role"),
                         "'%s' is the reference already (line %d), and there can be one only",
                         other->name, other->line);
    return MLOPS_OK;
}

static int check_metric(const struct checker *checker, const struct yaml_node *item)
{
    _cleanup_(buffer_clear) struct buffer list = {0};
    if (metric_is_known(item->key))
        return MLOPS_OK;
    for (const char *const *name = metric_names(); *name; name++)
        buffer_printf(&list, "%s%s", list.length ? ", " : "", *name);
    const char *near = mlops_suggest(item->key, metric_names());
    if (near)
        return wrong(checker, item, "unknown metric '%s' (did you mean '%s'?)", item->key, near);
    wrong(checker, item, "unknown metric '%s'", item->key);
    return mlops_hint(checker->err, "the metrics are %s", list.data);
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
        bool budget = budget_is_known(item->key);
        if (!budget)
            TRY(check_metric(checker, item));
        if (item->kind != YAML_SCALAR)
            return wrong(checker, item, "the demand on '%s' must be a text such as \">= 0.8\"",
                         item->key);
        if (budget && budgets_add(&suite->budgets, item->key, item->text, checker->err))
            return wrap(checker, item);
        if (budget)
            continue;
        if (requirement_parse(item->text, &requirement, checker->err))
            return wrap(checker, item);
        suite->require[suite->require_count++] = (struct project_requirement){
            .metric = xstrdup(item->key), .demand = xstrdup(item->text)};
    }
    return MLOPS_OK;
}

/* Keys that mean nothing here, lest somebody rely on a demand that nobody judges. */
static int refuse_keys(const struct checker *checker, const struct yaml_node *node,
                       const char *const *keys, const char *why)
{
    for (; *keys; keys++) {
        const struct yaml_node *found = yaml_get(node, *keys);
        if (found)
            return wrong(checker, found, "'%s' is for %s", *keys, why);
    }
    return MLOPS_OK;
}

static int read_threshold(const struct checker *checker, const struct yaml_node *node,
                          struct project_suite *suite)
{
    suite->threshold = 0.5;
    if (!node)
        return MLOPS_OK;
    if (node->kind != YAML_SCALAR || node->quoted ||
        !number_parse(node->text, strlen(node->text), &suite->threshold) ||
        !(suite->threshold >= 0 && suite->threshold <= 1))
        return wrong(checker, node, "'threshold' must be a number between 0 and 1");
    return MLOPS_OK;
}

/* The columns that the task needs. */
static int check_columns(const struct checker *checker, const struct yaml_node *node,
                         const char *where, const struct project_suite *suite)
{
    static const char *const binary[] = {"score", "threshold", NULL}, *const at[] = {"threshold",
                                                                                     NULL};
    if (str_equal(suite->task, "multilabel"))
        return suite->measurement.label_count > 0
                   ? MLOPS_OK
                   : wrong(checker, node, "%s has no 'labels'", where);
    if (!suite->evaluation) /* which knows its label */
        TRY(demand(checker, node, where, "label", suite->label));
    if (str_equal(suite->task, "binary"))
        return suite->score || suite->prediction
                   ? MLOPS_OK
                   : wrong(checker, node, "%s has neither 'score' nor 'prediction'", where);
    if (str_equal(suite->task, "ranking")) {
        TRY(refuse_keys(checker, node, at, "the task 'binary'"));
        TRY(demand(checker, node, where, "group", suite->measurement.group));
        return demand(checker, node, where, "score", suite->score);
    }
    TRY(refuse_keys(checker, node, binary, "the task 'binary'"));
    return demand(checker, node, where, "prediction", suite->prediction);
}

/* `registry:NAME` or `registry:MODEL/NAME`. */
static int read_evaluation(const struct checker *checker, const struct yaml_node *node,
                           struct project_suite *suite)
{
    _cleanup_(free_string) char *text = NULL;
    TRY(take_text(checker, node, "data", &text));
    if (!text)
        return MLOPS_OK;
    if (!str_starts(text, EVALUATION_PREFIX)) {
        wrong(checker, yaml_get(node, "data"), "'%s' names no evaluation set of the registry", text);
        return mlops_hint(checker->err, "write one such as registry:holdout-2024; without 'data' "
                                        "the suite is measured on what the bundle has");
    }
    suite->evaluation = xstrdup(text + strlen(EVALUATION_PREFIX));
    const char *slash = strchr(suite->evaluation, '/');
    if (slash) {
        _cleanup_(free_string) char *model =
            xstrndup(suite->evaluation, (size_t)(slash - suite->evaluation));
        TRY(check_name(checker, yaml_get(node, "data"), "model", model));
    }
    return check_name(checker, yaml_get(node, "data"), "evaluation set",
                      slash ? slash + 1 : suite->evaluation);
}

/* Latencies are those of the project's predict command. */
static int check_budgets(const struct checker *checker, const struct yaml_node *node,
                         struct project_suite *suite)
{
    const struct yaml_node *requests = yaml_get(node, "requests");
    if (requests)
        TRY(budgets_read_requests(requests, checker->what, &suite->budgets, checker->err));
    if (!budgets_have_latency(&suite->budgets) || checker->project->predict_run)
        return MLOPS_OK;
    wrong(checker, yaml_get(node, "require"),
          "a latency is that of the predict command, and the project file names none");
    return mlops_hint(checker->err, "add 'predict: {run: COMMAND, data: SNAPSHOT}'");
}

/* A performance suite that runs nothing of its own: there are budgets alone. */
static int read_budgets(const struct checker *checker, const struct yaml_node *node,
                        const char *where, struct project_suite *suite)
{
    static const char *const others[] = {"score",     "prediction", "label",          "task",
                                         "threshold", "data",       MEASUREMENT_KEYS, NULL};
    TRY(refuse_keys(checker, node, others, "suites that write predictions"));
    TRY(read_require(checker, yaml_get(node, "require"), suite));
    if (suite->require_count > 0)
        return wrong(checker, yaml_get(node, "require"),
                     "'%s' is computed of predictions, and %s has no 'predictions'",
                     suite->require[0].metric, where);
    suite->task = xstrdup("binary");
    TRY(measurement_load(NULL, &suite->measurement, checker->err));
    return check_budgets(checker, node, suite);
}

static int read_performance(const struct checker *checker, const struct yaml_node *node,
                            const char *where, struct project_suite *suite)
{
    static const char *const tasks[] = {"binary",     "multiclass", "multilabel",
                                        "regression", "ranking",    NULL};
    static const char *const ours[] = {"predictions", "score", "prediction", "label",          "task",
                                       "threshold",   "data",  "require",    "requests",
                                       MEASUREMENT_KEYS, NULL};
    suite->threshold = 0.5;
    if (!str_equal(suite->kind, "performance"))
        return refuse_keys(checker, node, ours, "suites of the kind 'performance'");
    if (!suite->run)
        return read_budgets(checker, node, where, suite);
    TRY(take_path(checker, node, "predictions", &suite->predictions));
    TRY(demand(checker, node, where, "predictions", suite->predictions));
    TRY(take_text(checker, node, "score", &suite->score));
    TRY(take_text(checker, node, "prediction", &suite->prediction));
    TRY(take_text(checker, node, "label", &suite->label));
    TRY(read_evaluation(checker, node, suite));
    TRY(take_choice(checker, node, "task", tasks, &suite->task));
    TRY(read_threshold(checker, yaml_get(node, "threshold"), suite));
    if (yaml_get(node, "require"))
        TRY(read_require(checker, yaml_get(node, "require"), suite));
    TRY(check_budgets(checker, node, suite));
    if (!suite->task)
        suite->task = xstrdup("binary");
    TRY(measurement_read(node, checker->what, &suite->measurement, checker->err));
    return check_columns(checker, node, where, suite);
}

static int read_timeout(const struct checker *checker, const struct yaml_node *node,
                        struct project_suite *suite)
{
    suite->timeout_ns = TIMEOUT_DEFAULT_NS;
    if (!node)
        return MLOPS_OK;
    if (node->kind != YAML_SCALAR)
        return wrong(checker, node, "'timeout' must be a duration such as 5m");
    if (mlops_duration_parse(node->text, &suite->timeout_ns, checker->err))
        return wrap(checker, node);
    if (suite->timeout_ns <= 0 || suite->timeout_ns > PROJECT_TIMEOUT_MAX_NS)
        return wrong(checker, node, "'timeout' must be more than nothing and at most 30d");
    return MLOPS_OK;
}

/* Snapshots that expectations name must be there. */
static int check_snapshot(const struct checker *checker, const struct yaml_node *node,
                          const char *name)
{
    const struct project *project = checker->project;
    _cleanup_(buffer_clear) struct buffer names = {0};
    for (size_t i = 0; i < project->data_count; i++) {
        if (str_equal(project->data[i].name, name))
            return MLOPS_OK;
        buffer_printf(&names, "%s%s", i ? ", " : "", project->data[i].name);
    }
    wrong(checker, node, "there is no snapshot called '%s'", name);
    return mlops_hint(checker->err, "the snapshots are %s",
                      project->data_count ? names.data : "none: name them under 'data'");
}

/* A suite that mlops runs itself: nothing of a command means anything. */
static int read_expectations(const struct checker *checker, const struct yaml_node *node,
                             struct project_suite *suite)
{
    static const char *const commands[] = {"run",    "timeout",    "limits",      "network",
                                           "retries", "report",    "matrix",      "predictions",
                                           "score",  "prediction", "label",       "task",
                                           "threshold", "require", "requests", MEASUREMENT_KEYS,
                                           NULL};
    suite->threshold = 0.5;
    suite->timeout_ns = TIMEOUT_DEFAULT_NS;
    TRY(refuse_keys(checker, node, commands, "suites that run a command"));
    TRY(execution_read(node, checker->what, &suite->execution, checker->err));
    TRY(expectations_read(node, checker->what, &suite->expectations, checker->err));
    TRY(check_snapshot(checker, node, suite->expectations.data));
    for (size_t i = 0; i < suite->expectations.count; i++)
        if (suite->expectations.items[i].other)
            TRY(check_snapshot(checker, node, suite->expectations.items[i].other));
    return MLOPS_OK;
}

static int read_suite(const struct checker *checker, const struct yaml_node *node,
                      struct project_suite *suite)
{
    static const char *const keys[] = {
        "kind", "run",       "timeout", "predictions",  "score",          "prediction", "label",
        "task", "threshold", "require", "data",         EXECUTION_KEYS,   MEASUREMENT_KEYS,
        EXPECTATION_KEYS, "requests", NULL};
    static const char *const kinds[] = {"unit", "integration", "performance", "data", NULL};
    static const char *const ours[] = {EXPECTATION_KEYS, NULL};
    char where[MLOPS_NAME_MAX + 32];
    TRY(check_name(checker, node, "suite", node->key));
    (void)snprintf(where, sizeof(where), "the suite '%s'", node->key);
    TRY(check_keys(checker, node, where, keys));
    suite->name = xstrdup(node->key);
    TRY(take_choice(checker, node, "kind", kinds, &suite->kind));
    TRY(demand(checker, node, where, "kind", suite->kind));
    if (str_equal(suite->kind, "data"))
        return read_expectations(checker, node, suite);
    TRY(refuse_keys(checker, node, ours, "suites of the kind 'data'"));
    TRY(take_text(checker, node, "run", &suite->run));
    bool budgets = str_equal(suite->kind, "performance") && yaml_get(node, "require") &&
                   !yaml_get(node, "predictions");
    if (suite->run || !budgets)
        TRY(demand(checker, node, where, "run", suite->run));
    TRY(read_timeout(checker, yaml_get(node, "timeout"), suite));
    TRY(execution_read(node, checker->what, &suite->execution, checker->err));
    return read_performance(checker, node, where, suite);
}

/* "0.5%" or 0.005 */
static bool is_rate(const char *text)
{
    double value;
    size_t length = strlen(text);
    bool percent = str_ends(text, "%");
    return number_parse(text, length - percent, &value) && value >= 0 &&
           value <= (percent ? 100 : 1);
}

static int read_monitor(const struct checker *checker, const struct yaml_node *node,
                        struct project *project)
{
    static const char *const keys[] = {"score",       "prediction", "label",
                                       "latency_p99", "error_rate", NULL};
    int64_t latency_ns;
    TRY(check_keys(checker, node, "'monitor'", keys));
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        if (item->kind != YAML_SCALAR)
            return wrong(checker, item, "'%s' must be a single value", item->key);
        if (str_equal(item->key, "latency_p99") &&
            mlops_duration_parse(item->text, &latency_ns, checker->err))
            return wrap(checker, item);
        if (str_equal(item->key, "error_rate") && !is_rate(item->text))
            return wrong(checker, item, "'%s' is not a rate: write one such as 0.5%% or 0.005",
                         item->text);
    }
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

static int read_predict(const struct checker *checker, const struct yaml_node *node,
                        struct project *project)
{
    static const char *const keys[] = {"run", "data", NULL};
    TRY(check_keys(checker, node, "'predict'", keys));
    TRY(take_text(checker, node, "run", &project->predict_run));
    TRY(demand(checker, node, "'predict'", "run", project->predict_run));
    TRY(take_text(checker, node, "data", &project->predict_data));
    TRY(demand(checker, node, "'predict'", "data", project->predict_data));
    return check_snapshot(checker, yaml_get(node, "data"), project->predict_data);
}

/* A map whose keys are the author's names. */
static int need_map(const struct checker *checker, const struct yaml_node *node)
{
    if (node->kind == YAML_MAP || node->kind == YAML_NULL)
        return MLOPS_OK;
    return wrong(checker, node, "'%s' must be a map from names, not %s", node->key,
                 kind_name(node));
}

static int read_suites(const struct checker *checker, const struct yaml_node *tests,
                       struct project *project)
{
    size_t total = 0;
    for (size_t i = 0; i < tests->count; i++) {
        size_t count = 1;
        if (tests->items[i]->kind == YAML_MAP)
            TRY(matrix_count(tests->items[i], checker->what, &count, checker->err));
        total += count;
        if (total > PROJECT_SUITES_MAX)
            return wrong(checker, tests, "more than %d suites", PROJECT_SUITES_MAX);
    }
    project->suites = xcalloc(total, sizeof(*project->suites));
    for (size_t i = 0; i < tests->count; i++) {
        size_t first = project->suite_count, count = 1;
        do {
            struct project_suite *suite = &project->suites[project->suite_count++];
            TRY(read_suite(checker, tests->items[i], suite));
            TRY(matrix_count(tests->items[i], checker->what, &count, checker->err));
            matrix_apply(tests->items[i], project->suite_count - 1 - first, suite);
            TRY(check_name(checker, tests->items[i], "suite", suite->name));
        } while (project->suite_count - first < count);
    }
    return needs_check(project, checker->err) ? wrap(checker, tests) : MLOPS_OK;
}

/* A lock file, or a map of it and settings for what is made of it. */
static int read_environment(const struct checker *checker, const struct yaml_node *node,
                            struct project *project)
{
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind == YAML_SCALAR)
        return take_item(checker, "environment", node, &project->environment);
    if (node->kind != YAML_MAP)
        return wrong(checker, node, "'environment' must be a path or a map, not %s",
                     kind_name(node));
    TRY(take_path(checker, node, "lock", &project->environment));
    TRY(take_path(checker, node, "captured", &project->captured));
    if (project->environment)
        remember(checker, "environment", yaml_get(node, "lock"), project->environment);
    if (project->captured)
        remember(checker, project->environment ? "captured" : "environment",
                 yaml_get(node, "captured"), project->captured);
    if (!project->environment)
        project->environment = project->captured ? xstrdup(project->captured) : NULL;
    TRY(demand(checker, node, "'environment'", "lock", project->environment));
    project->environment_settings = environment_settings(node);
    if (environment_settings_check(project->environment_settings, checker->err))
        return wrap(checker, node);
    return MLOPS_OK;
}

static int read_project(const struct checker *checker, const struct yaml_node *root,
                        struct project *project)
{
    static const char *const keys[] = {"model",     "description", "code",    "params",
                                       "artifacts", "metrics",     "data",    "environment",
                                       "tests",     "train",       "monitor", "deploy",
                                       "lineage",   "predict",     NULL};
    if (root->kind == YAML_NULL)
        return wrong(checker, root, "the file is empty: it must at least say 'model: NAME'");
    TRY(check_keys(checker, root, "the project file", keys));
    TRY(take_text(checker, root, "model", &project->model));
    TRY(demand(checker, root, "the project file", "model", project->model));
    TRY(check_name(checker, yaml_get(root, "model"), "model", project->model));
    TRY(take_text(checker, root, "description", &project->description));
    TRY(take_sources(checker, root, "code", &project->code));
    TRY(take_sources(checker, root, "artifacts", &project->artifacts));
    TRY(take_source(checker, root, "params", &project->params));
    TRY(take_source(checker, root, "metrics", &project->metrics));
    TRY(read_environment(checker, yaml_get(root, "environment"), project));
    const struct yaml_node *data = yaml_get(root, "data"), *tests = yaml_get(root, "tests");
    if (data) {
        TRY(need_map(checker, data));
        project->data = xcalloc(data->count, sizeof(*project->data));
        for (; project->data_count < data->count;) {
            size_t i = project->data_count++;
            TRY(read_data(checker, data->items[i], &project->data[i]));
        }
    }
    if (yaml_get(root, "predict"))
        TRY(read_predict(checker, yaml_get(root, "predict"), project));
    if (tests) {
        TRY(need_map(checker, tests));
        TRY(read_suites(checker, tests, project));
    }
    if (yaml_get(root, "train"))
        TRY(read_train(checker, yaml_get(root, "train"), project));
    if (yaml_get(root, "monitor"))
        TRY(read_monitor(checker, yaml_get(root, "monitor"), project));
    if (yaml_get(root, "lineage"))
        TRY(lineage_read(yaml_get(root, "lineage"), checker->what, project, checker->err));
    if (yaml_get(root, "deploy"))
        TRY(deployment_read(yaml_get(root, "deploy"), checker->what, &project->deploy,
                            checker->err));
    return MLOPS_OK;
}

int project_parse(const char *text, size_t length, const char *what, struct project *project,
                  struct mlops_error *err)
{
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    struct checker checker = {.what = what, .project = project, .err = err};
    *project = (struct project){0};
    TRY(yaml_parse(text, length, what, &root, err));
    int code = read_project(&checker, root, project);
    if (code)
        project_clear(project);
    return code;
}
