/* lib/release/health.c - what a monitor recorded about a version in a stage. */
#include "release/health.h"
#include "release/gate.h"
#include "base/json.h"

static void read_body(const cJSON *body, struct health *health)
{
    const cJSON *alerts = cJSON_GetObjectItemCaseSensitive(body, "open_alerts"), *item;
    struct buffer names = {0};
    health->known = cJSON_IsArray(alerts) &&
                    cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(body, "predictions"));
    if (!health->known)
        health->why = xstrdup("what the monitor recorded says nothing of alerts and predictions");
    health->predictions = json_u64(body, "predictions", 0);
    cJSON_ArrayForEach(item, alerts)
    {
        buffer_printf(&names, "%s%s", health->open_alerts++ ? ", " : "",
                      cJSON_IsString(item) ? item->valuestring : "?");
    }
    health->alerts = buffer_steal(&names);
}

int health_read(struct mlops_registry *registry, const char *bundle, const char *stage,
                int64_t since_ns, int64_t now_ns, struct health *health, struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list list = {0};
    _cleanup_(json_free) cJSON *body = NULL;
    const struct mlops_evidence *newest = NULL;
    *health = (struct health){.known = false};
    TRY(mlops_evidence_list(registry, bundle, HEALTH_EVIDENCE, &list, err));
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i].name, stage))
            newest = &list.items[i];
    if (!newest || newest->recorded_ns < since_ns) {
        health->why = xprintf("no monitor recorded how it does in %s", stage);
        return MLOPS_OK;
    }
    health->as_of_ns = newest->recorded_ns;
    if (newest->recorded_ns < now_ns - HEALTH_AGE_MAX_NS) {
        _cleanup_(free_string) char *age = duration_text(now_ns - newest->recorded_ns);
        health->why = xprintf("the monitor last said %s ago how it does in %s", age, stage);
        return MLOPS_OK;
    }
    TRY(evidence_body(newest, &body, err));
    read_body(body, health);
    return MLOPS_OK;
}

void health_clear(struct health *health)
{
    free(health->why);
    free(health->alerts);
    *health = (struct health){.known = false};
}
