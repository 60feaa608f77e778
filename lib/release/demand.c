/* lib/release/demand.c - one demand on recorded figures, judged and said. */
#include "release/demand.h"
#include "bundle/requirement.h"

void demand_note(struct demand_gate *gate, const char *suite, const char *what, bool met,
                 const char *detail)
{
    gate->count++;
    gate_note(gate->result, "%s: %s is %smet: %s", suite, what, met ? "" : "NOT ", detail);
    if (!met)
        wrongs_add(gate->wrongs, "; ", "%s: %s", what, detail);
}

/* A stage that the policy does not know holds nothing for ever, and would let everything pass. */
static const char *unknown_stage(const struct gate_context *context,
                                 const struct requirement *requirement)
{
    bool known =
        !requirement->stage[0] || policy_stage_find(&context->in_force->policy, requirement->stage);
    return known ? NULL : requirement->stage;
}

static int judge_metric(const struct gate_context *context, const char *suite,
                        const struct project_requirement *required,
                        const struct suite_evidence *evidence, struct judgement *judgement,
                        struct mlops_error *err)
{
    struct requirement requirement;
    TRY(requirement_parse(required->demand, &requirement, err));
    const char *unknown = unknown_stage(context, &requirement);
    *judgement = (struct judgement){0};
    if (!unknown)
        return judge_requirement(context->judge, suite, required, &evidence->metrics, judgement,
                                 err);
    judgement->detail = xprintf("'%s' is no stage of the policy", unknown);
    return MLOPS_OK;
}

int demand_judge(struct demand_gate *gate, const char *suite,
                 const struct project_requirement *required, const struct suite_evidence *evidence,
                 struct mlops_error *err)
{
    struct judgement judgement = {0};
    struct budget budget = {0};
    int code;
    if (budget_is_known(required->metric)) {
        code = budget_parse(required->metric, required->demand, &budget, err);
        if (code == MLOPS_OK)
            judge_budget(&budget, gate->context->manifest, evidence, &judgement);
        budget_clear(&budget);
    } else {
        code = judge_metric(gate->context, suite, required, evidence, &judgement, err);
    }
    TRY(code);
    _cleanup_(free_string) char *what = xprintf("%s %s", required->metric, required->demand);
    demand_note(gate, suite, what, judgement.met, judgement.detail);
    free(judgement.detail);
    return MLOPS_OK;
}
