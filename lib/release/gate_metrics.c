/* lib/release/gate_metrics.c - recorded metrics and budgets: what the policy demands of them, on a
 * set of the registry's where it says so. */
#include "base/json.h"
#include "registry/evaluation.h"
#include "release/demand.h"

/* ---- the registry's sets ------------------------------------------------------------------- */

/* What the policy demands that versions be examined on. */
struct examination {
    const char *name;                  /* NULL: anything */
    char bundle[MLOPS_BUNDLE_ID_SIZE]; /* that the name stands for now, by the log; "" for none */
    struct mlops_evidence_list tests;
    bool open_book; /* a suite was measured there that could have looked for the labels */
};

static void examination_clear(struct examination *examination)
{
    mlops_evidence_list_clear(&examination->tests);
}

static int examination_open(const struct gate_context *context, struct examination *examination,
                            struct mlops_error *err)
{
    *examination = (struct examination){.name = context->demands->evaluation};
    if (!examination->name)
        return MLOPS_OK;
    TRY(evaluation_in_force(context->view, examination->name, examination->bundle, err));
    return mlops_evidence_list(context->registry, context->version->bundle, "test",
                               &examination->tests, err);
}

/* Was `suite` measured there, by its newest evidence? Where nothing is demanded, it was. A set of
 * that name that was removed since, or is another one now, is not meant; nor is an exam whose
 * answers could be looked up. */
static int was_examined(struct examination *examination, const char *suite, bool *examined,
                        struct mlops_error *err)
{
    *examined = !examination->name;
    for (size_t i = examination->tests.count; i-- > 0 && !*examined;) {
        const struct mlops_evidence *evidence = &examination->tests.items[i];
        _cleanup_(json_free) cJSON *body = NULL;
        if (!str_equal(evidence->name, suite))
            continue;
        TRY(evidence_body(evidence, &body, err));
        const cJSON *set = cJSON_GetObjectItemCaseSensitive(body, "evaluation");
        *examined = *examination->bundle &&
                    str_equal(json_string(set, "name", ""), examination->name) &&
                    str_equal(json_string(set, "bundle", ""), examination->bundle);
        bool withheld = json_bool(set, "withheld", false);
        examination->open_book = examination->open_book || (*examined && !withheld);
        *examined = *examined && withheld;
        return MLOPS_OK;
    }
    return MLOPS_OK;
}

/* ---- the policy's -------------------------------------------------------------------------- */

static bool is_meant(const struct policy_metric *metric, const char *suite)
{
    return !metric->suite || str_equal(metric->suite, suite);
}

/* One demand on every suite that it means; one at least must have the metric. A latency is none of
 * predictions: it is the same whatever the suite was measured on. */
static int judge_metric(struct demand_gate *gate, struct examination *examination,
                        const struct policy_metric *metric, struct mlops_error *err)
{
    const struct gate_context *context = gate->context;
    const struct project *project = &context->manifest->project;
    const struct project_requirement required = {.metric = metric->metric,
                                                 .demand = metric->demand};
    const char *set = budget_is_known(metric->metric) ? NULL : examination->name;
    bool any = false;
    for (size_t i = 0; i < project->suite_count; i++) {
        _cleanup_(suite_evidence_clear) struct suite_evidence evidence = {0};
        const char *suite = project->suites[i].name;
        bool examined = true;
        if (!is_meant(metric, suite))
            continue;
        if (set)
            TRY(was_examined(examination, suite, &examined, err));
        TRY(judge_evidence(context->judge, suite, &evidence, err));
        if (!examined || !metric_list_find(&evidence.metrics, metric->metric))
            continue;
        any = true;
        if (!gate_suite_passed(context, &evidence))
            wrongs_add(gate->wrongs, "; ", "%s of %s: the suite %s", metric->metric, suite,
                       evidence.status);
        else
            TRY(demand_judge(gate, suite, &required, &evidence, err));
    }
    if (!any)
        wrongs_add(gate->wrongs, "; ", "%s is recorded of no suite%s%s%s%s%s", metric->metric,
                   metric->suite ? " called " : "", metric->suite ? metric->suite : "",
                   set ? " that was measured on " : "", set ? set : "",
                   budget_is_known(metric->metric)
                       ? ": a performance suite that requires a latency records all"
                       : "");
    return MLOPS_OK;
}

/* The size is the bundle's, whatever its suites ask. */
static int judge_size(struct demand_gate *gate, const struct policy_metric *metric,
                      struct mlops_error *err)
{
    return demand_judge(
        gate, "the artifacts",
        &(struct project_requirement){.metric = metric->metric, .demand = metric->demand}, NULL,
        err);
}

int gate_thresholds(const struct gate_context *context, struct mlops_gate_result *result,
                    struct mlops_error *err)
{
    const struct policy_stage *demands = context->demands;
    _cleanup_(examination_clear) struct examination examination = {0};
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    struct demand_gate gate = {.context = context, .result = result, .wrongs = &wrongs};
    TRY(examination_open(context, &examination, err));
    for (size_t i = 0; i < demands->metric_count; i++)
        if (str_equal(demands->metrics[i].metric, BUDGET_SIZE))
            TRY(judge_size(&gate, &demands->metrics[i], err));
        else
            TRY(judge_metric(&gate, &examination, &demands->metrics[i], err));
    wrongs_end(&wrongs);
    result->passed = wrongs.count == 0;
    result->detail = result->passed ? xprintf("%zu of %zu metrics are what the policy demands",
                                              demands->metric_count, demands->metric_count)
                                    : buffer_steal(&wrongs.text);
    return MLOPS_OK;
}

/* The newest evidence of one suite at least was measured on the registry's own set, and passed. */
int gate_evaluation(const struct gate_context *context, struct mlops_gate_result *result,
                    struct mlops_error *err)
{
    const struct project *project = &context->manifest->project;
    _cleanup_(examination_clear) struct examination examination = {0};
    TRY(examination_open(context, &examination, err));
    for (size_t i = 0; i < project->suite_count && !result->passed; i++) {
        _cleanup_(suite_evidence_clear) struct suite_evidence evidence = {0};
        const char *suite = project->suites[i].name;
        bool examined;
        TRY(was_examined(&examination, suite, &examined, err));
        TRY(judge_evidence(context->judge, suite, &evidence, err));
        result->passed = examined && gate_suite_passed(context, &evidence);
        if (result->passed)
            result->detail = xprintf("%s was measured on %s", suite, examination.name);
    }
    if (!result->passed && !*examination.bundle)
        result->detail = xprintf("the registry has no evaluation set '%s'", examination.name);
    else if (!result->passed && examination.open_book)
        result->detail = xprintf("what was measured on %s could have looked for the labels: run "
                                 "'mlops test' where 'mlops sandbox check' has namespaces",
                                 examination.name);
    else if (!result->passed)
        result->detail = xprintf("no suite that passed was measured on the registry's set '%s'",
                                 examination.name);
    return MLOPS_OK;
}
