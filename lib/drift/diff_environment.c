/* lib/drift/diff_environment.c - which packages of two versions' environments differ. */
#include "drift/diff_environment.h"
#include "base/json.h"
#include "bundle/environment.h"
#include "environment/compare.h"

/* What the side pins; `*known` false where that cannot be told. */
static int load(struct mlops_registry *registry, const struct diff_side *side,
                struct bundle_environment *environment, bool *known, struct mlops_error *err)
{
    *known = !side->manifest->project.environment;
    if (*known || side->manifest->released_ns != 0)
        return MLOPS_OK;
    TRY(environment_load(registry, side->bundle, environment, err));
    *known = environment->lock.format != LOCK_UNKNOWN;
    return MLOPS_OK;
}

static void push(cJSON *array, const struct difference *difference)
{
    static const char *const names[] = {[DIFFERS_MISSING] = "removed",
                                        [DIFFERS_VERSION] = "version",
                                        [DIFFERS_BUILD] = "build",
                                        [DIFFERS_EXTRA] = "added"};
    cJSON *item = xcheck(cJSON_CreateObject());

    cJSON_AddItemToArray(array, item);
    json_add_string(item, "kind", difference->kind);
    json_add_string(item, "name", difference->name);
    json_add_string(item, "status", names[difference->severity]);
    json_add_string(item, "from", difference->expected);
    json_add_string(item, "to", difference->found);
}

int diff_environments(struct mlops_registry *registry, const struct diff_side *from,
                      const struct diff_side *to, cJSON *array, struct mlops_error *err)
{
    _cleanup_(environment_clear) struct bundle_environment before = {0}, after = {0};
    _cleanup_(differences_clear) struct differences differences = {0};
    bool known_before, known_after;

    TRY(load(registry, from, &before, &known_before, err));
    TRY(load(registry, to, &after, &known_after, err));
    if (!known_before || !known_after)
        return MLOPS_OK;
    if (before.lock.format == LOCK_CAPTURED && after.lock.format == LOCK_CAPTURED)
        compare_captured(&before.captured, &after.captured,
                         &(struct compare_options){.machine = true}, &differences);
    else
        compare_locks(&before.lock, &after.lock, &differences);
    for (size_t i = 0; i < differences.count; i++)
        push(array, &differences.items[i]);
    return MLOPS_OK;
}
