/* lib/release/policy_check.c - what stages hold now, held against a policy. */
#include "release/gates.h"
#include <mlops/policy.h>

static int judge_one(struct mlops_registry *registry, const struct mlops_stage_row *row,
                     const struct policy *policy, struct mlops_policy_judgement *judgement,
                     struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    struct mlops_version same;
    struct gates_result result;
    str_copy(judgement->stage, sizeof(judgement->stage), row->stage);
    judgement->version = row->version;
    TRY(manifest_load(registry, row->version.bundle, &same, &manifest, NULL, err));
    TRY(gates_judge(registry,
                    &(struct gates_options){.version = &row->version,
                                            .manifest = &manifest,
                                            .stage = row->stage,
                                            .policy = policy,
                                            .any_time = true},
                    &result, err));
    judgement->passed = result.passed;
    judgement->gates = result.gates;
    judgement->gate_count = result.count;
    return MLOPS_OK;
}

/* A stage that the policy does not know is a refusal like any other here. */
static void refuse_stage(struct mlops_policy_judgement *judgement, const char *why)
{
    judgement->gates = xcalloc(1, sizeof(*judgement->gates));
    judgement->gate_count = 1;
    str_copy(judgement->gates[0].gate, sizeof(judgement->gates[0].gate), "stage");
    judgement->gates[0].detail = xstrdup(why);
}

static int judge_all(struct mlops_registry *registry, const char *model,
                     const struct policy *policy, struct mlops_policy_report *report,
                     struct mlops_error *err)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list list = {0};
    TRY(mlops_stage_list(registry, model, &list, err));
    report->items = xcalloc(list.count + 1, sizeof(*report->items));
    report->passed = true;
    for (size_t i = 0; i < list.count; i++) {
        struct mlops_policy_judgement *item = &report->items[report->count++];
        struct mlops_error why = {0};
        int code = judge_one(registry, &list.items[i], policy, item, &why);
        if (code == MLOPS_INVALID) {
            refuse_stage(item, why.message);
        } else if (code) {
            *err = why;
            return code;
        }
        report->passed = report->passed && item->passed;
    }
    return MLOPS_OK;
}

int mlops_policy_check(struct mlops_registry *registry, const struct mlops_policy_options *options,
                       struct mlops_policy_report *report, struct mlops_error *err)
{
    _cleanup_(policy_clear) struct policy policy = {0};
    *report = (struct mlops_policy_report){.count = 0};
    if (options->text)
        TRY(policy_parse(options->text, options->length,
                         options->what ? options->what : "the policy", &policy, err));
    int code = judge_all(registry, options->model, options->text ? &policy : NULL, report, err);
    if (code)
        mlops_policy_report_clear(report);
    return code;
}

void mlops_policy_report_clear(struct mlops_policy_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        gates_free(report->items[i].gates, report->items[i].gate_count);
    free(report->items);
    *report = (struct mlops_policy_report){.count = 0};
}
