/* lib/release/demanded.c - which signature a stage demands, and whether it is there. */
#include "release/demanded.h"
#include "base/clock.h"
#include "release/gate.h"

static const struct policy_stage *find_demands(const struct policy *policy, const char *stage)
{
    const struct policy_stage *found = NULL;
    if (*stage)
        return policy_stage_find(policy, stage);
    for (size_t i = 0; i < policy->stage_count; i++)
        if (policy->stages[i].signed_by)
            found = &policy->stages[i];
    return found;
}

static int judge(const struct gate_context *context, char **signature, struct mlops_error *err)
{
    struct mlops_gate_result result = {.passed = false};
    TRY(gate_signature(context, &result, err));
    if (result.passed) {
        *signature = result.detail;
        return MLOPS_OK;
    }
    mlops_fail(err, MLOPS_INTEGRITY, "%s@%llu has no signature that its stage demands: %s",
               context->version->model, (unsigned long long)context->version->number,
               result.detail);
    free(result.detail);
    return MLOPS_INTEGRITY;
}

int demanded_signature(struct mlops_registry *registry, const struct mlops_version *version,
                       const struct manifest *manifest, const char *stage, char **signature,
                       struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(mlops_trust_list_clear) struct mlops_trust_list trusted = {0};
    _cleanup_(in_force_clear) struct in_force in_force = {.number = 0};
    struct log_view view;
    uint64_t last;
    *signature = NULL;
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(log_view_open(registry, &view, err));
    TRY(trusted_read(&view, &trusted, &last, err));
    TRY(in_force_read(&view, &trusted, version->model, &in_force, err));
    struct gate_context context = {.registry = registry,
                                   .trusted = &trusted,
                                   .demands = find_demands(&in_force.policy, stage),
                                   .version = version,
                                   .manifest = manifest,
                                   .now_ns = clock_now_ns()};
    return context.demands && context.demands->signed_by ? judge(&context, signature, err)
                                                         : MLOPS_OK;
}
