/* lib/bundle/execution.c - how suites are run: from YAML, to JSON and back. */
#include "bundle/execution.h"
#include "base/json.h"
#include "base/number.h"
#include "base/path.h"
#include <math.h>
#include <mlops/text.h>
#include <stddef.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: what a JSON number holds exactly */

/* ---- limits ---------------------------------------------------------------------------------- */

enum unit { UNIT_BYTES, UNIT_NUMBER, UNIT_DURATION };

struct limit {
    const char *key, *json, *example;
    enum unit unit;
    double least; /* lest nothing at all can run, which no author means */
    size_t offset;
};

/* Durations are kept in nanoseconds here and in seconds there. */
static const struct limit limits[] = {
    {"cpu", "cpu_seconds", "2m", UNIT_DURATION, 1, offsetof(struct execution_limits, cpu_ns)},
    {"memory", "memory_bytes", "2 GB", UNIT_BYTES, 1 << 20,
     offsetof(struct execution_limits, memory_bytes)},
    {"processes", "processes", "64", UNIT_NUMBER, 1, offsetof(struct execution_limits, processes)},
    {"disk", "disk_bytes", "500 MB", UNIT_BYTES, 1, offsetof(struct execution_limits, disk_bytes)},
    {"output", "output_bytes", "10 MB", UNIT_BYTES, 1,
     offsetof(struct execution_limits, output_bytes)},
};

static void put(struct execution_limits *where, const struct limit *limit, double value)
{
    const uint64_t whole = (uint64_t)value; /* nanoseconds are signed there: the same bits */
    memcpy((char *)where + limit->offset, &whole, sizeof(whole));
}

static double get(const struct execution_limits *where, const struct limit *limit)
{
    uint64_t whole;
    memcpy(&whole, (const char *)where + limit->offset, sizeof(whole));
    return (double)whole;
}

static bool parse_limit(const struct limit *limit, const char *text, double *value)
{
    struct mlops_error ignored = {0}; /* the caller says it better */
    int64_t duration_ns = 0;
    bool good;
    if (limit->unit == UNIT_DURATION) {
        good = mlops_duration_parse(text, &duration_ns, &ignored) == MLOPS_OK;
        *value = (double)duration_ns;
    } else if (limit->unit == UNIT_BYTES)
        good = number_parse_bytes(text, value);
    else
        good = number_parse(text, strlen(text), value) && *value == floor(*value);
    return good && *value >= limit->least && *value <= EXACT_MAX;
}

static int read_limit(const struct yaml_node *node, const char *what,
                      struct execution_limits *where, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer keys = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
        double value = 0;
        buffer_printf(&keys, "%s%s", i ? ", " : "", limits[i].key);
        if (!str_equal(limits[i].key, node->key))
            continue;
        if (node->kind != YAML_SCALAR || !parse_limit(&limits[i], node->text, &value))
            return mlops_fail(err, MLOPS_INVALID, "%s:%d: the limit '%s' must be one such as %s",
                              what, node->line, node->key, limits[i].example);
        put(where, &limits[i], value);
        return MLOPS_OK;
    }
    mlops_fail(err, MLOPS_INVALID, "%s:%d: unknown limit '%s'", what, node->line, node->key);
    return mlops_hint(err, "the limits are %s", keys.data);
}

static int read_limits(const struct yaml_node *node, const char *what,
                       struct execution_limits *where, struct mlops_error *err)
{
    if (node->kind != YAML_MAP)
        return mlops_fail(err, MLOPS_INVALID,
                          "%s:%d: 'limits' must be a map such as {memory: 2 GB, cpu: 5m}", what,
                          node->line);
    for (size_t i = 0; i < node->count; i++)
        TRY(read_limit(node->items[i], what, where, err));
    return MLOPS_OK;
}

static void write_limits(const struct execution_limits *where, cJSON *json)
{
    cJSON *object = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
        double value = get(where, &limits[i]);
        if (value == 0)
            continue;
        if (!object)
            object = json_add_object(json, "limits");
        json_add_number(object, limits[i].json,
                        limits[i].unit == UNIT_DURATION ? value / 1e9 : value);
    }
}

static bool load_limits(const cJSON *object, struct execution_limits *where)
{
    for (size_t i = 0; object && i < ARRAY_LENGTH(limits); i++) {
        if (!cJSON_HasObjectItem(object, limits[i].json))
            continue;
        double value = json_number(object, limits[i].json, -1);
        if (limits[i].unit == UNIT_DURATION)
            value = round(value * 1e9);
        if (!(value >= limits[i].least && value <= EXACT_MAX))
            return false;
        put(where, &limits[i], value);
    }
    return !object || cJSON_IsObject(object);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int read_bool(const struct yaml_node *suite, const char *key, const char *what, bool *value,
                     struct mlops_error *err)
{
    const struct yaml_node *node = yaml_get(suite, key);
    if (node && !yaml_as_bool(node, value))
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: '%s' must be true or false", what, node->line,
                          key);
    return MLOPS_OK;
}

/* A list of names, or one alone. */
static int read_needs(const struct yaml_node *node, const char *what, struct execution *execution,
                      struct mlops_error *err)
{
    bool one = node && node->kind == YAML_SCALAR;
    if (!node)
        return MLOPS_OK;
    if (!one && node->kind != YAML_LIST)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: 'needs' must be a suite's name or a list",
                          what, node->line);
    execution->needs = xcalloc(node->count + 2, sizeof(*execution->needs));
    if (one)
        execution->needs[0] = xstrdup(node->text);
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != YAML_SCALAR)
            return mlops_fail(err, MLOPS_INVALID, "%s:%d: 'needs' must name suites", what,
                              node->items[i]->line);
        execution->needs[i] = xstrdup(node->items[i]->text);
    }
    return MLOPS_OK;
}

static int read_retries(const struct yaml_node *node, const char *what, unsigned *retries,
                        struct mlops_error *err)
{
    double value = 0;
    if (node && (!yaml_as_number(node, &value) || value != floor(value) || value < 0 ||
                 value > EXECUTION_RETRIES_MAX))
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: 'retries' must be a number of 0 to %d", what,
                          node->line, EXECUTION_RETRIES_MAX);
    *retries = (unsigned)value;
    return MLOPS_OK;
}

static int read_report(const struct yaml_node *node, const char *what, char **report,
                       struct mlops_error *err)
{
    if (!node)
        return MLOPS_OK;
    if (node->kind != YAML_SCALAR)
        return mlops_fail(err, MLOPS_INVALID,
                          "%s:%d: 'report' must be a file that the suite writes, or tap", what,
                          node->line);
    if (path_normalize(node->text, report, err))
        return mlops_wrap(err, "%s:%d", what, node->line);
    return MLOPS_OK;
}

int execution_read(const struct yaml_node *suite, const char *what, struct execution *execution,
                   struct mlops_error *err)
{
    const struct yaml_node *node = yaml_get(suite, "limits");
    if (node)
        TRY(read_limits(node, what, &execution->limits, err));
    TRY(read_needs(yaml_get(suite, "needs"), what, execution, err));
    TRY(read_retries(yaml_get(suite, "retries"), what, &execution->retries, err));
    TRY(read_report(yaml_get(suite, "report"), what, &execution->report, err));
    return read_bool(suite, "network", what, &execution->network, err);
}

void execution_write(const struct execution *execution, cJSON *json)
{
    write_limits(&execution->limits, json);
    if (execution->network)
        json_add_bool(json, "network", true);
    if (execution->retries)
        json_add_number(json, "retries", execution->retries);
    json_add_text(json, "report", execution->report);
    json_add_text(json, "group", execution->group);
    json_add_texts(json, "needs", execution->needs);
    cJSON *parameters = execution->parameter_count ? json_add_object(json, "parameters") : NULL;
    for (size_t i = 0; i < execution->parameter_count; i++)
        json_add_string(parameters, execution->parameters[i].name, execution->parameters[i].value);
}

static bool load_parameters(const cJSON *object, struct execution *execution)
{
    const cJSON *item;
    if (!cJSON_IsObject(object))
        return !object;
    execution->parameters =
        xcalloc((size_t)cJSON_GetArraySize(object), sizeof(*execution->parameters));
    cJSON_ArrayForEach(item, object)
    {
        if (!cJSON_IsString(item) || strchr(item->string, '='))
            return false;
        execution->parameters[execution->parameter_count++] = (struct execution_parameter){
            .name = xstrdup(item->string), .value = xstrdup(item->valuestring)};
    }
    return true;
}

static bool load_text(const cJSON *json, const char *key, char **text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (item && !cJSON_IsString(item))
        return false;
    *text = item ? xstrdup(item->valuestring) : NULL;
    return true;
}

/* What will be opened must be a path that the project file could name. */
static bool is_normal(const char *path)
{
    struct mlops_error ignored = {0}; /* the caller says it better */
    _cleanup_(free_string) char *normal = NULL;
    return !path ||
           (path_normalize(path, &normal, &ignored) == MLOPS_OK && str_equal(path, normal));
}

bool execution_load(const cJSON *json, struct execution *execution)
{
    double retries = json_number(json, "retries", 0);
    execution->network = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "network"));
    if (!(retries >= 0 && retries <= EXECUTION_RETRIES_MAX))
        return false;
    execution->retries = (unsigned)retries;
    return load_text(json, "report", &execution->report) && is_normal(execution->report) &&
           load_text(json, "group", &execution->group) &&
           json_copy_texts(json, "needs", &execution->needs) &&
           load_parameters(cJSON_GetObjectItemCaseSensitive(json, "parameters"), execution) &&
           load_limits(cJSON_GetObjectItemCaseSensitive(json, "limits"), &execution->limits);
}

void execution_clear(struct execution *execution)
{
    free(execution->report);
    free(execution->group);
    strings_free(execution->needs);
    for (size_t i = 0; i < execution->parameter_count; i++) {
        free(execution->parameters[i].name);
        free(execution->parameters[i].value);
    }
    free(execution->parameters);
    *execution = (struct execution){0};
}
