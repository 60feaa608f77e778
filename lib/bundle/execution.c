/* lib/bundle/execution.c - how suites are run: from YAML, to JSON and back. */
#include "bundle/execution.h"
#include "base/json.h"
#include "base/number.h"
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

/* "512 MB", "2GiB", "1000": powers of 1000, and of 1024 with an i. */
static bool parse_bytes(const char *text, double *bytes)
{
    static const char *const units[] = {"", "K", "M", "G", "T"};
    size_t digits = strspn(text, "0123456789.");
    const char *unit = text + digits + strspn(text + digits, " ");
    if (!number_parse(text, digits, bytes))
        return false;
    if (!*unit || str_equal(unit, "B"))
        return true;
    for (size_t i = 1; i < ARRAY_LENGTH(units); i++) {
        if ((unit[0] & ~0x20) != units[i][0])
            continue;
        bool binary = unit[1] == 'i';
        const char *rest = unit + 1 + binary;
        *bytes *= pow(binary ? 1024 : 1000, (double)i);
        return str_equal(rest, "B") || (!*rest && !binary) || (!*rest && binary);
    }
    return false;
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
        good = parse_bytes(text, value);
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

int execution_read(const struct yaml_node *suite, const char *what, struct execution *execution,
                   struct mlops_error *err)
{
    const struct yaml_node *node = yaml_get(suite, "limits");
    if (node)
        TRY(read_limits(node, what, &execution->limits, err));
    return read_bool(suite, "network", what, &execution->network, err);
}

void execution_write(const struct execution *execution, cJSON *json)
{
    write_limits(&execution->limits, json);
    if (execution->network)
        json_add_bool(json, "network", true);
}

bool execution_load(const cJSON *json, struct execution *execution)
{
    execution->network = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "network"));
    return load_limits(cJSON_GetObjectItemCaseSensitive(json, "limits"), &execution->limits);
}

void execution_clear(struct execution *execution)
{
    *execution = (struct execution){0};
}
