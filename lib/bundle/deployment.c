/* lib/bundle/deployment.c - the `deploy` of a project file: from YAML, to JSON and back. */
#include "bundle/deployment.h"
#include "base/json.h"
#include "base/yaml_check.h"
#include <math.h>
#include <mlops/text.h>

static int read_health(const struct yaml_checker *checker, const struct yaml_node *node,
                       struct deployment *deployment)
{
    if (!node)
        return MLOPS_OK;
    TRY(yaml_check_text(checker, node));
    if (!*node->text)
        return yaml_wrong(checker, node, "'health' is empty");
    deployment->health = xstrdup(node->text);
    return MLOPS_OK;
}

static int read_timeout(const struct yaml_checker *checker, const struct yaml_node *node,
                        struct deployment *deployment)
{
    if (!node)
        return MLOPS_OK;
    TRY(yaml_check_text(checker, node));
    if (mlops_duration_parse(node->text, &deployment->timeout_ns, checker->err))
        return yaml_wrap(checker, node);
    if (deployment->timeout_ns <= 0 || deployment->timeout_ns > DEPLOYMENT_TIMEOUT_MAX_NS)
        return yaml_wrong(checker, node, "'timeout' must be more than nothing and at most 1d");
    return MLOPS_OK;
}

static int read_count(const struct yaml_checker *checker, const struct yaml_node *map,
                      const char *key, uint64_t most, uint64_t *count)
{
    const struct yaml_node *node = yaml_get(map, key);
    double value;
    if (!node)
        return MLOPS_OK;
    if (!yaml_as_number(node, &value) || !(value >= 1 && value <= (double)most) ||
        value != floor(value))
        return yaml_wrong(checker, node, "'%s' must be a whole number from 1 to %llu", key,
                          (unsigned long long)most);
    *count = (uint64_t)value;
    return MLOPS_OK;
}

int deployment_read(const struct yaml_node *node, const char *what, struct deployment *deployment,
                    struct mlops_error *err)
{
    static const char *const keys[] = {"health", "timeout", "attempts", "keep", NULL};
    const struct yaml_checker checker = {.what = what, .err = err};
    TRY(yaml_check_keys(&checker, node, "'deploy'", keys));
    TRY(read_health(&checker, yaml_get(node, "health"), deployment));
    for (size_t i = 1; !deployment->health && i < 3; i++)
        if (yaml_get(node, keys[i]))
            return yaml_wrong(&checker, yaml_get(node, keys[i]), "'%s' is for 'health'", keys[i]);
    TRY(read_timeout(&checker, yaml_get(node, "timeout"), deployment));
    TRY(read_count(&checker, node, "attempts", DEPLOYMENT_ATTEMPTS_MAX, &deployment->attempts));
    return read_count(&checker, node, "keep", DEPLOYMENT_KEEP_MAX, &deployment->keep);
}

void deployment_clear(struct deployment *deployment)
{
    free(deployment->health);
    *deployment = (struct deployment){0};
}

cJSON *deployment_to_json(const struct deployment *deployment)
{
    if (!deployment->health && !deployment->keep)
        return NULL;
    cJSON *json = cJSON_CreateObject();
    json_add_text(json, "health", deployment->health);
    if (deployment->timeout_ns)
        json_add_number(json, "timeout_seconds", (double)deployment->timeout_ns / 1e9);
    if (deployment->attempts)
        json_add_u64(json, "attempts", deployment->attempts);
    if (deployment->keep)
        json_add_u64(json, "keep", deployment->keep);
    return json;
}

bool deployment_load(const cJSON *json, struct deployment *deployment)
{
    if (!json)
        return true;
    const char *health = json_string(json, "health", NULL);
    double timeout = json_number(json, "timeout_seconds", 0) * 1e9;
    deployment->health = health ? xstrdup(health) : NULL;
    deployment->attempts = json_u64(json, "attempts", 0);
    deployment->keep = json_u64(json, "keep", 0);
    if (!cJSON_IsObject(json) || (health && !*health) ||
        !(timeout >= 0 && timeout <= (double)DEPLOYMENT_TIMEOUT_MAX_NS) ||
        deployment->attempts > DEPLOYMENT_ATTEMPTS_MAX || deployment->keep > DEPLOYMENT_KEEP_MAX)
        return false;
    deployment->timeout_ns = llround(timeout);
    return true;
}
