/*
 * lib/release/gate_requirements.c - what the author requires, judged again by what is recorded:
 * metrics against what the stages hold now, which may be another version than when the suite ran,
 * the worst slice, budgets of time and room, and what is expected of data.
 */
#include "base/clock.h"
#include "base/json.h"
#include "release/demand.h"
#include <mlops/text.h>

/* ---- performance suites ---------------------------------------------------------------------- */

static size_t demands_of(const struct project_suite *suite)
{
    return suite->require_count + suite->measurement.demand_count + suite->budgets.count;
}

static int judge_every_slice(struct demand_gate *gate, const struct project_suite *suite,
                             const struct suite_evidence *evidence, struct mlops_error *err)
{
    for (size_t i = 0; i < suite->measurement.demand_count; i++) {
        const struct measurement_demand *demanded = &suite->measurement.demands[i];
        struct judgement judgement;
        TRY(judge_slices(gate->context->judge, suite, demanded, evidence->slices,
                         evidence->slice_count, &judgement, err));
        _cleanup_(free_string) char *what =
            xprintf("%s %s in every slice", demanded->metric, demanded->demand);
        demand_note(gate, suite->name, what, judgement.met, judgement.detail);
        free(judgement.detail);
    }
    return MLOPS_OK;
}

static int judge_figures(struct demand_gate *gate, const struct project_suite *suite,
                         const struct suite_evidence *evidence, struct mlops_error *err)
{
    if (evidence->metrics.count == 0) {
        wrongs_add(gate->wrongs, "; ", "no metrics of %s are recorded", suite->name);
        return MLOPS_OK;
    }
    for (size_t i = 0; i < suite->require_count; i++)
        TRY(demand_judge(gate, suite->name, &suite->require[i], evidence, err));
    TRY(judge_every_slice(gate, suite, evidence, err));
    for (size_t i = 0; i < suite->budgets.count; i++)
        TRY(demand_judge(gate, suite->name,
                         &(struct project_requirement){.metric = suite->budgets.items[i].metric,
                                                       .demand = suite->budgets.items[i].demand},
                         evidence, err));
    return MLOPS_OK;
}

/* ---- data suites ----------------------------------------------------------------------------- */

/* What was recorded of an expectation; NULL: nothing. */
static const cJSON *find_recorded(const cJSON *body, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(body, "expectations"))
    {
        if (str_equal(json_string(item, "name", ""), name))
            return item;
    }
    return NULL;
}

/* Data grow old: what was expected of their age may be true no more. */
static void judge_age(struct demand_gate *gate, const struct project_suite *suite,
                      const struct suite_evidence *evidence)
{
    double until = json_number(evidence->body, "holds_until", 0);
    char time[32];
    if (!(until > 0) || (double)gate->context->now_ns / 1e9 <= until)
        return;
    mlops_time_format((int64_t)until * 1000000000, time);
    wrongs_add(gate->wrongs, "; ", "the data of %s were young enough until %s: run 'mlops test'",
               suite->name, time);
}

/* Those that are met are told together. */
static void judge_data(struct demand_gate *gate, const struct project_suite *suite,
                       const struct suite_evidence *evidence)
{
    const struct expectations *expectations = &suite->expectations;
    size_t met = 0;
    if (!evidence->found) {
        wrongs_add(gate->wrongs, "; ", "nothing of %s is recorded", suite->name);
        return;
    }
    for (size_t i = 0; i < expectations->count; i++) {
        const cJSON *recorded = find_recorded(evidence->body, expectations->items[i].name);
        bool good = json_bool(recorded, "met", false);
        met += good;
        gate->count += good;
        if (!good)
            demand_note(gate, suite->name, expectations->items[i].name, false,
                        json_string(recorded, "detail", "it was not judged"));
    }
    gate_note(gate->result, "%s: %zu of %zu expectations are met", suite->name, met,
              expectations->count);
    judge_age(gate, suite, evidence);
}

/* ---- all of them ----------------------------------------------------------------------------- */

int gate_requirements(const struct gate_context *context, struct mlops_gate_result *result,
                      struct mlops_error *err)
{
    const struct project *project = &context->manifest->project;
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    struct demand_gate gate = {.context = context, .result = result, .wrongs = &wrongs};
    for (size_t i = 0; i < project->suite_count; i++) {
        _cleanup_(suite_evidence_clear) struct suite_evidence evidence = {0};
        const struct project_suite *suite = &project->suites[i];
        if (demands_of(suite) == 0 && suite->expectations.count == 0)
            continue;
        TRY(judge_evidence(context->judge, suite->name, &evidence, err));
        if (suite->expectations.count > 0)
            judge_data(&gate, suite, &evidence);
        else
            TRY(judge_figures(&gate, suite, &evidence, err));
    }
    wrongs_end(&wrongs);
    result->passed = wrongs.count == 0;
    result->detail = !result->passed ? buffer_steal(&wrongs.text)
                     : gate.count > 0
                         ? xprintf("%zu of %zu requirements met", gate.count, gate.count)
                         : xstrdup("the bundle requires none");
    return MLOPS_OK;
}
