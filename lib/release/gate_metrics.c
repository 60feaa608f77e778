/* lib/release/gate_metrics.c - recorded metrics: what the author requires of them, and what the
 * policy does, on a set of the registry's where it says so. */
#include "base/json.h"
#include "bundle/requirement.h"
#include "registry/evaluation.h"
#include "release/gate.h"

/* A stage that the policy does not know holds nothing for ever, and would let everything pass. */
static bool names_a_stage(const struct gate_context *context, const char *demand,
                          struct wrongs *wrongs)
{
    struct requirement requirement;
    struct mlops_error ignored = {0};
    if (requirement_parse(demand, &requirement, &ignored) != MLOPS_OK || !requirement.stage[0] ||
        policy_stage_find(&context->in_force->policy, requirement.stage))
        return true;
    wrongs_add(wrongs, "; ", "'%s' is no stage of the policy", requirement.stage);
    return false;
}

static int judge_one(const struct gate_context *context, const char *suite,
                     const struct project_requirement *required, const struct metric_list *metrics,
                     struct wrongs *wrongs, struct mlops_error *err)
{
    struct judgement judgement;
    if (!names_a_stage(context, required->demand, wrongs))
        return MLOPS_OK;
    TRY(judge_requirement(context->judge, suite, required, metrics, &judgement, err));
    if (!judgement.met)
        wrongs_add(wrongs, "; ", "%s %s: %s", required->metric, required->demand, judgement.detail);
    free(judgement.detail);
    return MLOPS_OK;
}

/* ---- the author's ----------------------------------------------------------------------------- */

static int judge_suite(const struct gate_context *context, const struct project_suite *suite,
                       struct wrongs *wrongs, struct mlops_error *err)
{
    _cleanup_(suite_evidence_clear) struct suite_evidence evidence = {0};
    TRY(judge_evidence(context->judge, suite->name, &evidence, err));
    if (evidence.metrics.count == 0) {
        wrongs_add(wrongs, "; ", "no metrics of %s are recorded", suite->name);
        return MLOPS_OK;
    }
    for (size_t i = 0; i < suite->require_count; i++)
        TRY(judge_one(context, suite->name, &suite->require[i], &evidence.metrics, wrongs, err));
    return MLOPS_OK;
}

/* Every requirement of the performance suites holds on the recorded metrics against what the stages
 * hold now, which may be another version than when the suite ran. */
int gate_requirements(const struct gate_context *context, struct mlops_gate_result *result,
                      struct mlops_error *err)
{
    const struct project *project = &context->manifest->project;
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    size_t required = 0;
    for (size_t i = 0; i < project->suite_count; i++) {
        required += project->suites[i].require_count;
        if (project->suites[i].require_count > 0)
            TRY(judge_suite(context, &project->suites[i], &wrongs, err));
    }
    wrongs_end(&wrongs);
    result->passed = wrongs.count == 0;
    result->detail = !result->passed ? buffer_steal(&wrongs.text)
                     : required > 0  ? xprintf("%zu of %zu requirements met", required, required)
                                     : xstrdup("the bundle requires none");
    return MLOPS_OK;
}

/* ---- the registry's sets ---------------------------------------------------------------------- */

/* What the policy demands that versions be examined on. */
struct examination {
    const char *name;                 /* NULL: anything */
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

/* ---- the policy's ----------------------------------------------------------------------------- */

/* One demand on every suite that it means; one at least must have the metric. */
static int judge_metric(const struct gate_context *context, struct examination *examination,
                        const struct policy_metric *metric, struct wrongs *wrongs,
                        struct mlops_error *err)
{
    const struct project *project = &context->manifest->project;
    const struct project_requirement required = {.metric = metric->metric,
                                                 .demand = metric->demand};
    bool any = false;
    for (size_t i = 0; i < project->suite_count; i++) {
        _cleanup_(suite_evidence_clear) struct suite_evidence evidence = {0};
        const char *suite = project->suites[i].name;
        bool examined;
        if (metric->suite && !str_equal(metric->suite, suite))
            continue;
        TRY(was_examined(examination, suite, &examined, err));
        TRY(judge_evidence(context->judge, suite, &evidence, err));
        if (!examined || !metric_list_find(&evidence.metrics, metric->metric))
            continue;
        any = true;
        if (!gate_suite_passed(context, &evidence))
            wrongs_add(wrongs, "; ", "%s of %s: the suite %s", metric->metric, suite,
                       evidence.status);
        else
            TRY(judge_one(context, suite, &required, &evidence.metrics, wrongs, err));
    }
    if (!any)
        wrongs_add(wrongs, "; ", "%s is recorded of no suite%s%s%s%s", metric->metric,
                   metric->suite ? " called " : "", metric->suite ? metric->suite : "",
                   examination->name ? " that was measured on " : "",
                   examination->name ? examination->name : "");
    return MLOPS_OK;
}

int gate_thresholds(const struct gate_context *context, struct mlops_gate_result *result,
                    struct mlops_error *err)
{
    const struct policy_stage *demands = context->demands;
    _cleanup_(examination_clear) struct examination examination = {0};
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    TRY(examination_open(context, &examination, err));
    for (size_t i = 0; i < demands->metric_count; i++)
        TRY(judge_metric(context, &examination, &demands->metrics[i], &wrongs, err));
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
