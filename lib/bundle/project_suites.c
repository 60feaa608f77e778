/* lib/bundle/project_suites.c - the suites of a project file: what each kind may say, and must. */
#include "bundle/project_suites.h"
#include "base/number.h"
#include "bundle/matrix.h"
#include "bundle/needs.h"
#include "bundle/requirement.h"
#include "stats/metrics.h"
#include <mlops/text.h>
#include <stdio.h>

#define TIMEOUT_DEFAULT_NS 600000000000LL

static int check_metric(const struct checker *checker, const struct yaml_node *item)
{
    _cleanup_(buffer_clear) struct buffer list = {0};
    if (metric_is_known(item->key))
        return MLOPS_OK;
    for (const char *const *name = metric_names(); *name; name++)
        buffer_printf(&list, "%s%s", list.length ? ", " : "", *name);
    const char *near = mlops_suggest(item->key, metric_names());
    if (near)
        return yaml_wrong(&checker->yaml, item, "unknown metric '%s' (did you mean '%s'?)",
                          item->key, near);
    yaml_wrong(&checker->yaml, item, "unknown metric '%s'", item->key);
    return mlops_hint(checker->yaml.err, "the metrics are %s", list.data);
}

static int read_require(const struct checker *checker, const struct yaml_node *node,
                        struct project_suite *suite)
{
    if (node->kind != YAML_MAP)
        return yaml_wrong(&checker->yaml, node,
                          "'require' must be a map from metrics to demands, not %s",
                          yaml_kind_name(node));
    suite->require = xcalloc(node->count, sizeof(*suite->require));
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        struct requirement requirement;
        bool budget = budget_is_known(item->key);
        if (!budget)
            TRY(check_metric(checker, item));
        if (item->kind != YAML_SCALAR)
            return yaml_wrong(&checker->yaml, item,
                              "the demand on '%s' must be a text such as \">= 0.8\"", item->key);
        if (budget && budgets_add(&suite->budgets, item->key, item->text, checker->yaml.err))
            return yaml_wrap(&checker->yaml, item);
        if (budget)
            continue;
        if (requirement_parse(item->text, &requirement, checker->yaml.err))
            return yaml_wrap(&checker->yaml, item);
        suite->require[suite->require_count++] = (struct project_requirement){
            .metric = xstrdup(item->key), .demand = xstrdup(item->text)};
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
        return yaml_wrong(&checker->yaml, node, "'threshold' must be a number between 0 and 1");
    return MLOPS_OK;
}

/* The columns that the task needs. */
static int check_columns(const struct checker *checker, const struct yaml_node *node,
                         const char *where, const struct project_suite *suite)
{
    static const char *const binary[] = {"score", "threshold", "thresholds", NULL};
    static const char *const at[] = {"threshold", "thresholds", NULL};
    if (str_equal(suite->task, "multilabel"))
        return suite->measurement.label_count > 0
                   ? MLOPS_OK
                   : yaml_wrong(&checker->yaml, node, "%s has no 'labels'", where);
    if (!suite->evaluation) /* which knows its label */
        TRY(checker_demand(checker, node, where, "label", suite->label));
    if (suite->measurement.threshold_count > 0 && !suite->score)
        return yaml_wrong(&checker->yaml, yaml_get(node, "thresholds"),
                          "'thresholds' are of the score, and %s has no 'score'", where);
    if (str_equal(suite->task, "binary"))
        return suite->score || suite->prediction
                   ? MLOPS_OK
                   : yaml_wrong(&checker->yaml, node, "%s has neither 'score' nor 'prediction'",
                                where);
    if (str_equal(suite->task, "ranking")) {
        TRY(checker_refuse(checker, node, at, "the task 'binary'"));
        TRY(checker_demand(checker, node, where, "group", suite->measurement.group));
        return checker_demand(checker, node, where, "score", suite->score);
    }
    TRY(checker_refuse(checker, node, binary, "the task 'binary'"));
    return checker_demand(checker, node, where, "prediction", suite->prediction);
}

/* `registry:NAME` or `registry:MODEL/NAME`. */
static int read_evaluation(const struct checker *checker, const struct yaml_node *node,
                           struct project_suite *suite)
{
    _cleanup_(free_string) char *text = NULL;
    TRY(checker_text(checker, node, "data", &text));
    if (!text)
        return MLOPS_OK;
    if (!str_starts(text, EVALUATION_PREFIX)) {
        yaml_wrong(&checker->yaml, yaml_get(node, "data"),
                   "'%s' names no evaluation set of the registry", text);
        return mlops_hint(checker->yaml.err,
                          "write one such as registry:holdout-2024; without 'data' "
                          "the suite is measured on what the bundle has");
    }
    suite->evaluation = xstrdup(text + strlen(EVALUATION_PREFIX));
    const char *slash = strchr(suite->evaluation, '/');
    if (slash) {
        _cleanup_(free_string) char *model =
            xstrndup(suite->evaluation, (size_t)(slash - suite->evaluation));
        TRY(checker_name(checker, yaml_get(node, "data"), "model", model));
    }
    return checker_name(checker, yaml_get(node, "data"), "evaluation set",
                        slash ? slash + 1 : suite->evaluation);
}

/* Latencies are those of the project's predict command. */
static int check_budgets(const struct checker *checker, const struct yaml_node *node,
                         struct project_suite *suite)
{
    const struct yaml_node *requests = yaml_get(node, "requests");
    if (requests)
        TRY(budgets_read_requests(requests, checker->yaml.what, &suite->budgets,
                                  checker->yaml.err));
    if (!budgets_have_latency(&suite->budgets) || checker->project->predict_run)
        return MLOPS_OK;
    yaml_wrong(&checker->yaml, yaml_get(node, "require"),
               "a latency is that of the predict command, and the project file names none");
    return mlops_hint(checker->yaml.err, "add 'predict: {run: COMMAND, data: SNAPSHOT}'");
}

/* A performance suite that runs nothing of its own: there are budgets alone. */
static int read_budgets(const struct checker *checker, const struct yaml_node *node,
                        const char *where, struct project_suite *suite)
{
    static const char *const others[] = {"score",     "prediction", "label",          "task",
                                         "threshold", "data",       MEASUREMENT_KEYS, NULL};
    TRY(checker_refuse(checker, node, others, "suites that write predictions"));
    TRY(read_require(checker, yaml_get(node, "require"), suite));
    if (suite->require_count > 0)
        return yaml_wrong(&checker->yaml, yaml_get(node, "require"),
                          "'%s' is computed of predictions, and %s has no 'predictions'",
                          suite->require[0].metric, where);
    suite->task = xstrdup("binary");
    TRY(measurement_load(NULL, &suite->measurement, checker->yaml.err));
    return check_budgets(checker, node, suite);
}

static int read_performance(const struct checker *checker, const struct yaml_node *node,
                            const char *where, struct project_suite *suite)
{
    static const char *const tasks[] = {"binary",     "multiclass", "multilabel",
                                        "regression", "ranking",    NULL};
    static const char *const ours[] = {"predictions", "score",          "prediction", "label",
                                       "task",        "threshold",      "data",       "require",
                                       "requests",    MEASUREMENT_KEYS, NULL};
    suite->threshold = 0.5;
    if (!str_equal(suite->kind, "performance"))
        return checker_refuse(checker, node, ours, "suites of the kind 'performance'");
    if (!suite->run)
        return read_budgets(checker, node, where, suite);
    TRY(checker_path(checker, node, "predictions", &suite->predictions));
    TRY(checker_demand(checker, node, where, "predictions", suite->predictions));
    TRY(checker_text(checker, node, "score", &suite->score));
    TRY(checker_text(checker, node, "prediction", &suite->prediction));
    TRY(checker_text(checker, node, "label", &suite->label));
    TRY(read_evaluation(checker, node, suite));
    TRY(checker_choice(checker, node, "task", tasks, &suite->task));
    TRY(read_threshold(checker, yaml_get(node, "threshold"), suite));
    if (yaml_get(node, "require"))
        TRY(read_require(checker, yaml_get(node, "require"), suite));
    TRY(check_budgets(checker, node, suite));
    if (!suite->task)
        suite->task = xstrdup("binary");
    TRY(measurement_read(node, checker->yaml.what, &suite->measurement, checker->yaml.err));
    return check_columns(checker, node, where, suite);
}

static int read_timeout(const struct checker *checker, const struct yaml_node *node,
                        struct project_suite *suite)
{
    suite->timeout_ns = TIMEOUT_DEFAULT_NS;
    if (!node)
        return MLOPS_OK;
    if (node->kind != YAML_SCALAR)
        return yaml_wrong(&checker->yaml, node, "'timeout' must be a duration such as 5m");
    if (mlops_duration_parse(node->text, &suite->timeout_ns, checker->yaml.err))
        return yaml_wrap(&checker->yaml, node);
    if (suite->timeout_ns <= 0 || suite->timeout_ns > PROJECT_TIMEOUT_MAX_NS)
        return yaml_wrong(&checker->yaml, node,
                          "'timeout' must be more than nothing and at most 30d");
    return MLOPS_OK;
}

/* A suite that mlops runs itself: nothing of a command means anything. */
static int read_expectations(const struct checker *checker, const struct yaml_node *node,
                             struct project_suite *suite)
{
    static const char *const commands[] = {
        "run",       "timeout",     "limits",   "network",        "retries", "report",
        "matrix",    "predictions", "score",    "prediction",     "label",   "task",
        "threshold", "require",     "requests", MEASUREMENT_KEYS, NULL};
    suite->threshold = 0.5;
    suite->timeout_ns = TIMEOUT_DEFAULT_NS;
    TRY(checker_refuse(checker, node, commands, "suites that run a command"));
    TRY(execution_read(node, checker->yaml.what, &suite->execution, checker->yaml.err));
    TRY(expectations_read(node, checker->yaml.what, &suite->expectations, checker->yaml.err));
    TRY(checker_snapshot(checker, node, suite->expectations.data));
    for (size_t i = 0; i < suite->expectations.count; i++)
        if (suite->expectations.items[i].other)
            TRY(checker_snapshot(checker, node, suite->expectations.items[i].other));
    return MLOPS_OK;
}

static int read_suite(const struct checker *checker, const struct yaml_node *node,
                      struct project_suite *suite)
{
    static const char *const keys[] = {
        "kind",       "run",          "timeout",        "predictions",    "score",
        "prediction", "label",        "task",           "threshold",      "require",
        "data",       EXECUTION_KEYS, MEASUREMENT_KEYS, EXPECTATION_KEYS, "requests",
        NULL};
    static const char *const kinds[] = {"unit", "integration", "performance", "data", NULL};
    static const char *const ours[] = {EXPECTATION_KEYS, NULL};
    char where[MLOPS_NAME_MAX + 32];
    TRY(checker_name(checker, node, "suite", node->key));
    (void)snprintf(where, sizeof(where), "the suite '%s'", node->key);
    TRY(yaml_check_keys(&checker->yaml, node, where, keys));
    suite->name = xstrdup(node->key);
    TRY(checker_choice(checker, node, "kind", kinds, &suite->kind));
    TRY(checker_demand(checker, node, where, "kind", suite->kind));
    if (str_equal(suite->kind, "data"))
        return read_expectations(checker, node, suite);
    TRY(checker_refuse(checker, node, ours, "suites of the kind 'data'"));
    TRY(checker_text(checker, node, "run", &suite->run));
    bool budgets = str_equal(suite->kind, "performance") && yaml_get(node, "require") &&
                   !yaml_get(node, "predictions");
    if (suite->run || !budgets)
        TRY(checker_demand(checker, node, where, "run", suite->run));
    TRY(read_timeout(checker, yaml_get(node, "timeout"), suite));
    TRY(execution_read(node, checker->yaml.what, &suite->execution, checker->yaml.err));
    return read_performance(checker, node, where, suite);
}

int project_read_suites(const struct checker *checker, const struct yaml_node *tests,
                        struct project *project)
{
    size_t total = 0;
    for (size_t i = 0; i < tests->count; i++) {
        size_t count = 1;
        if (tests->items[i]->kind == YAML_MAP)
            TRY(matrix_count(tests->items[i], checker->yaml.what, &count, checker->yaml.err));
        total += count;
        if (total > PROJECT_SUITES_MAX)
            return yaml_wrong(&checker->yaml, tests, "more than %d suites", PROJECT_SUITES_MAX);
    }
    project->suites = xcalloc(total, sizeof(*project->suites));
    for (size_t i = 0; i < tests->count; i++) {
        size_t first = project->suite_count, count = 1;
        do {
            struct project_suite *suite = &project->suites[project->suite_count++];
            TRY(read_suite(checker, tests->items[i], suite));
            TRY(matrix_count(tests->items[i], checker->yaml.what, &count, checker->yaml.err));
            matrix_apply(tests->items[i], project->suite_count - 1 - first, suite);
            TRY(checker_name(checker, tests->items[i], "suite", suite->name));
        } while (project->suite_count - first < count);
    }
    return needs_check(project, checker->yaml.err) ? yaml_wrap(&checker->yaml, tests) : MLOPS_OK;
}
