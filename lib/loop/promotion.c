/* lib/loop/promotion.c - the way through the stages. */
#include "loop/promotion.h"
#include "base/buffer.h"
#include "release/policy.h"
#include <mlops/policy.h>
#include <mlops/release.h>

#define STEPS_MAX 16

static char *say_refusal(const struct mlops_promotion *promotion)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s refuses it", promotion->stage);
    for (size_t i = 0; i < promotion->gate_count; i++)
        if (!promotion->gates[i].passed)
            buffer_printf(&text, "; %s: %s", promotion->gates[i].gate, promotion->gates[i].detail);
    return buffer_steal(&text);
}

static int step(struct mlops_registry *registry, const struct promotion_goal *goal,
                const char *stage, char reached[MLOPS_STAGE_MAX + 1], bool *entered, char **refused,
                struct mlops_error *err)
{
    _cleanup_(mlops_promotion_clear) struct mlops_promotion promotion = {.entry = 0};
    _cleanup_(free_string) char *ref =
        xprintf("%s@%llu", goal->version->model, (unsigned long long)goal->version->number);
    TRY(mlops_promote(
        registry,
        &(struct mlops_promote_options){.ref = ref, .stage = stage, .reason = goal->reason},
        &promotion, err));
    *entered = promotion.promoted || promotion.already;
    if (*entered)
        str_copy(reached, MLOPS_STAGE_MAX + 1, stage);
    else if (!*refused)
        *refused = say_refusal(&promotion);
    return MLOPS_OK;
}

/* The stages that it must come through, the goal last. */
static size_t find_way(const struct policy *policy, const char *goal, const char *way[STEPS_MAX])
{
    const char *back[STEPS_MAX];
    size_t count = 0;
    for (const char *stage = goal; stage && count < STEPS_MAX;) {
        const struct policy_stage *demands = policy_stage_find(policy, stage);
        back[count++] = stage;
        stage = demands ? demands->from.stage : NULL;
    }
    for (size_t i = 0; i < count; i++)
        way[i] = back[count - 1 - i];
    return count;
}

/* The last stage of the policy before the goal that lets it in. */
static int fall_back(struct mlops_registry *registry, const struct promotion_goal *goal,
                     const struct policy *policy, char reached[MLOPS_STAGE_MAX + 1], char **refused,
                     struct mlops_error *err)
{
    size_t at = 0;
    bool entered = false;
    while (at < policy->stage_count && !str_equal(policy->stages[at].name, goal->stage))
        at++;
    if (at == policy->stage_count)
        return MLOPS_OK;
    while (at-- > 0 && !entered)
        if (!str_equal(policy->stages[at].name, POLICY_ANY_STAGE))
            TRY(step(registry, goal, policy->stages[at].name, reached, &entered, refused, err));
    return MLOPS_OK;
}

int promote_far(struct mlops_registry *registry, const struct promotion_goal *goal,
                char reached[MLOPS_STAGE_MAX + 1], char **refused, struct mlops_error *err)
{
    _cleanup_(mlops_policy_clear) struct mlops_policy shown = {.number = 0};
    _cleanup_(policy_clear) struct policy policy = {.stages = NULL};
    const char *way[STEPS_MAX];
    bool entered = true;
    reached[0] = '\0';
    *refused = NULL;
    TRY(mlops_policy_show(registry, goal->version->model, &shown, err));
    if (*shown.json)
        TRY(policy_read(shown.json, strlen(shown.json), &policy, err));
    else
        policy_default(&policy);
    size_t count = find_way(&policy, goal->stage, way);
    for (size_t i = 0; i < count && entered; i++)
        TRY(step(registry, goal, way[i], reached, &entered, refused, err));
    return entered || *reached ? MLOPS_OK
                               : fall_back(registry, goal, &policy, reached, refused, err);
}
