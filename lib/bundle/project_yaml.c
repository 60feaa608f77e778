/* lib/bundle/project_yaml.c - mlops.yaml read and checked; every refusal has a line. */
#include "base/escape.h"
#include "base/number.h"
#include "bundle/checker.h"
#include "bundle/external.h"
#include "bundle/git.h"
#include "bundle/lineage.h"
#include "bundle/project_environment.h"
#include "bundle/project_suites.h"
#include "registry/registry.h"
#include <math.h>
#include <mlops/text.h>
#include <stdio.h>

/* Is it to stay where it is, and where do others get it? */
static int read_external(const struct checker *checker, const struct yaml_node *node,
                         struct project_data *data)
{
    const struct yaml_node *copy = yaml_get(node, "copy"), *source = yaml_get(node, "source");
    _cleanup_(free_string) char *text = NULL;
    bool copies = true;
    if (copy && copy->kind != YAML_NULL && !yaml_as_bool(copy, &copies))
        return yaml_wrong(&checker->yaml, copy, "'copy' must be true or false");
    data->external = !copies;
    TRY(checker_text(checker, node, "source", &text));
    if (!text)
        return MLOPS_OK;
    if (!data->external)
        return yaml_wrong(&checker->yaml, source, "'source' is for data with 'copy: false'");
    if (!*text || !name_is_plain(text))
        return yaml_wrong(&checker->yaml, source,
                          "'source' must be a path or URL without control characters");
    data->source = git_strip_credentials(text);
    return MLOPS_OK;
}

/* Content at an address alone: what it is must be declared, for nobody has seen it here. */
static int read_address(const struct checker *checker, const struct yaml_node *node,
                        struct project_data *data)
{
    const struct yaml_node *url = yaml_get(node, "url"), *digest = yaml_get(node, "digest");
    const struct yaml_node *size = yaml_get(node, "size");
    _cleanup_(free_string) char *text = NULL, *hex = NULL;
    struct digest unused;
    double bytes = -1;
    TRY(checker_text(checker, node, "url", &text));
    TRY(checker_text(checker, node, "digest", &hex));
    if (!text) {
        if (hex || (size && size->kind != YAML_NULL))
            return yaml_wrong(&checker->yaml, hex ? digest : size, "'%s' is for data with a 'url'",
                              hex ? "digest" : "size");
        return MLOPS_OK;
    }
    if (!data->external)
        return yaml_wrong(&checker->yaml, url, "'url' is for data with 'copy: false'");
    if (!external_is_address(text) || !name_is_plain(text) || strchr(text, ' '))
        return yaml_wrong(&checker->yaml, url,
                          "'url' must be an address of https, http, file or s3");
    if (!hex || !str_starts(hex, "sha256:") ||
        !digest_from_hex(hex + strlen("sha256:"), strlen(hex) - strlen("sha256:"), &unused))
        return yaml_wrong(&checker->yaml, digest ? digest : node,
                          "data with a 'url' has a 'digest': sha256: and 64 digits");
    if (!size || !yaml_as_number(size, &bytes) || !(bytes >= 0 && bytes < 0x1p50) ||
        bytes != floor(bytes))
        return yaml_wrong(&checker->yaml, size ? size : node,
                          "data with a 'url' has a 'size', in bytes");
    data->url = external_address(text);
    data->sha256 = xstrdup(hex + strlen("sha256:"));
    data->size = (uint64_t)bytes;
    return MLOPS_OK;
}

static int read_data(const struct checker *checker, const struct yaml_node *node,
                     struct project_data *data)
{
    static const char *const keys[] = {"path", "target", "time", "role",   "copy", "source",
                                       "url",  "digest", "size", CSV_KEYS, NULL};
    static const char *const roles[] = {"reference", "evaluation", NULL};
    char where[MLOPS_NAME_MAX + 32];
    TRY(checker_name(checker, node, "snapshot", node->key));
    (void)snprintf(where, sizeof(where), "the snapshot '%s'", node->key);
    TRY(yaml_check_keys(&checker->yaml, node, where, keys));
    data->name = xstrdup(node->key);
    data->line = node->line;
    TRY(checker_path(checker, node, "path", &data->path));
    TRY(checker_demand(checker, node, where, "path", data->path));
    TRY(read_external(checker, node, data));
    TRY(read_address(checker, node, data));
    if (!data->external)
        checker_remember(checker, "data", yaml_get(node, "path"), data->path);
    TRY(checker_text(checker, node, "target", &data->target));
    TRY(checker_text(checker, node, "time", &data->time));
    TRY(checker_choice(checker, node, "role", roles, &data->role));
    TRY(csv_keys_read(&checker->yaml, node, &data->csv));
    const struct project_data *other = checker->project->data;
    for (; other < data && data->role; other++)
        if (other->role && str_equal(other->role, data->role) && str_equal(data->role, "reference"))
            return yaml_wrong(&checker->yaml, yaml_get(node, "role"),
                              "'%s' is the reference already (line %d), and there can be one only",
                              other->name, other->line);
    return MLOPS_OK;
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

/* {fp: 5, fn: 120}: what a false alarm and a miss cost, in money. */
static int check_cost(const struct checker *checker, const struct yaml_node *node)
{
    static const char *const keys[] = {"fp", "fn", NULL};
    if (node->kind != YAML_MAP)
        return yaml_wrong(&checker->yaml, node, "'cost' must be a map such as {fp: 5, fn: 120}");
    TRY(yaml_check_keys(&checker->yaml, node, "'cost'", keys));
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        double cost;
        if (item->kind != YAML_SCALAR || !yaml_as_number(item, &cost) || !isfinite(cost))
            return yaml_wrong(&checker->yaml, item, "'%s' must be an amount of money", item->key);
    }
    return MLOPS_OK;
}

static int read_monitor(const struct checker *checker, const struct yaml_node *node,
                        struct project *project)
{
    static const char *const keys[] = {"score",      "prediction", "label", "latency_p99",
                                       "error_rate", "cost",       NULL};
    int64_t latency_ns;
    TRY(yaml_check_keys(&checker->yaml, node, "'monitor'", keys));
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        if (str_equal(item->key, "cost")) {
            TRY(check_cost(checker, item));
            continue;
        }
        if (item->kind != YAML_SCALAR)
            return yaml_wrong(&checker->yaml, item, "'%s' must be a single value", item->key);
        if (str_equal(item->key, "latency_p99") &&
            mlops_duration_parse(item->text, &latency_ns, checker->yaml.err))
            return yaml_wrap(&checker->yaml, item);
        if (str_equal(item->key, "error_rate") && !is_rate(item->text))
            return yaml_wrong(&checker->yaml, item,
                              "'%s' is not a rate: write one such as 0.5%% or 0.005", item->text);
    }
    project->monitor = yaml_to_json(node);
    return MLOPS_OK;
}

static int read_train(const struct checker *checker, const struct yaml_node *node,
                      struct project *project)
{
    static const char *const keys[] = {"run", "data", NULL};
    TRY(yaml_check_keys(&checker->yaml, node, "'train'", keys));
    TRY(checker_text(checker, node, "run", &project->train_run));
    TRY(checker_demand(checker, node, "'train'", "run", project->train_run));
    TRY(checker_text(checker, node, "data", &project->train_data));
    if (!project->train_data)
        return MLOPS_OK;
    for (size_t i = 0; i < project->data_count; i++)
        if (str_equal(project->data[i].name, project->train_data))
            return MLOPS_OK;
    return yaml_wrong(&checker->yaml, yaml_get(node, "data"),
                      "'data' names no snapshot called '%s'", project->train_data);
}

static int read_predict(const struct checker *checker, const struct yaml_node *node,
                        struct project *project)
{
    static const char *const keys[] = {"run", "data", NULL};
    TRY(yaml_check_keys(&checker->yaml, node, "'predict'", keys));
    TRY(checker_text(checker, node, "run", &project->predict_run));
    TRY(checker_demand(checker, node, "'predict'", "run", project->predict_run));
    TRY(checker_text(checker, node, "data", &project->predict_data));
    TRY(checker_demand(checker, node, "'predict'", "data", project->predict_data));
    return checker_snapshot(checker, yaml_get(node, "data"), project->predict_data);
}

/* A lock file, or a map of it and settings for what is made of it. */
static int read_environment(const struct checker *checker, const struct yaml_node *node,
                            struct project *project)
{
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind == YAML_SCALAR)
        return checker_item(checker, "environment", node, &project->environment);
    if (node->kind != YAML_MAP)
        return yaml_wrong(&checker->yaml, node, "'environment' must be a path or a map, not %s",
                          yaml_kind_name(node));
    TRY(checker_path(checker, node, "lock", &project->environment));
    TRY(checker_path(checker, node, "captured", &project->captured));
    if (project->environment)
        checker_remember(checker, "environment", yaml_get(node, "lock"), project->environment);
    if (project->captured)
        checker_remember(checker, project->environment ? "captured" : "environment",
                         yaml_get(node, "captured"), project->captured);
    if (!project->environment)
        project->environment = project->captured ? xstrdup(project->captured) : NULL;
    TRY(checker_demand(checker, node, "'environment'", "lock", project->environment));
    project->environment_settings = environment_settings(node);
    if (environment_settings_check(project->environment_settings, checker->yaml.err))
        return yaml_wrap(&checker->yaml, node);
    return MLOPS_OK;
}

static int read_drift(const struct checker *checker, const struct yaml_node *node,
                      struct project *project)
{
    TRY(drift_settings_read(node, checker->yaml.what, &project->drift, checker->yaml.err));
    return checker_source(checker, node, "importance", &project->drift.importance);
}

static int read_project(const struct checker *checker, const struct yaml_node *root,
                        struct project *project)
{
    static const char *const keys[] = {
        "model", "description", "code",    "params", "artifacts", "metrics", "data",  "environment",
        "tests", "train",       "monitor", "deploy", "lineage",   "predict", "drift", NULL};
    if (root->kind == YAML_NULL)
        return yaml_wrong(&checker->yaml, root,
                          "the file is empty: it must at least say 'model: NAME'");
    TRY(yaml_check_keys(&checker->yaml, root, "the project file", keys));
    TRY(checker_text(checker, root, "model", &project->model));
    TRY(checker_demand(checker, root, "the project file", "model", project->model));
    TRY(checker_name(checker, yaml_get(root, "model"), "model", project->model));
    TRY(checker_text(checker, root, "description", &project->description));
    TRY(checker_sources(checker, root, "code", &project->code));
    TRY(checker_sources(checker, root, "artifacts", &project->artifacts));
    TRY(checker_source(checker, root, "params", &project->params));
    TRY(checker_source(checker, root, "metrics", &project->metrics));
    TRY(read_environment(checker, yaml_get(root, "environment"), project));
    const struct yaml_node *data = yaml_get(root, "data"), *tests = yaml_get(root, "tests");
    if (data) {
        TRY(checker_map(checker, data));
        project->data = xcalloc(data->count, sizeof(*project->data));
        for (; project->data_count < data->count;) {
            size_t i = project->data_count++;
            TRY(read_data(checker, data->items[i], &project->data[i]));
        }
    }
    if (yaml_get(root, "predict"))
        TRY(read_predict(checker, yaml_get(root, "predict"), project));
    if (tests) {
        TRY(checker_map(checker, tests));
        TRY(project_read_suites(checker, tests, project));
    }
    if (yaml_get(root, "train"))
        TRY(read_train(checker, yaml_get(root, "train"), project));
    if (yaml_get(root, "monitor"))
        TRY(read_monitor(checker, yaml_get(root, "monitor"), project));
    if (yaml_get(root, "lineage"))
        TRY(lineage_read(yaml_get(root, "lineage"), checker->yaml.what, project,
                         checker->yaml.err));
    if (yaml_get(root, "drift"))
        TRY(read_drift(checker, yaml_get(root, "drift"), project));
    if (yaml_get(root, "deploy"))
        TRY(deployment_read(yaml_get(root, "deploy"), checker->yaml.what, &project->deploy,
                            checker->yaml.err));
    return MLOPS_OK;
}

int project_parse(const char *text, size_t length, const char *what, struct project *project,
                  struct mlops_error *err)
{
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    struct checker checker = {.yaml = {.what = what, .err = err}, .project = project};
    *project = (struct project){0};
    TRY(yaml_parse(text, length, what, &root, err));
    int code = read_project(&checker, root, project);
    if (code)
        project_clear(project);
    return code;
}
