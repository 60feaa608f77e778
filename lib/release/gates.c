/* lib/release/gates.c - the gates, one function each. */
#include "release/gates.h"
#include "bundle/judge.h"

struct gate_context {
    struct mlops_registry *registry;
    const struct mlops_version *version;
    const struct project *project;
};

/* Judge: set `passed` and `detail` of `result`. Not being passed is no error. */
struct gate {
    const char *name;
    int (*judge)(const struct gate_context *context, struct mlops_gate_result *result,
                 struct mlops_error *err);
};

/* The newest evidence of every suite that the bundle declares says that it passed. */
static int judge_tests(const struct gate_context *context, struct mlops_gate_result *result,
                       struct mlops_error *err)
{
    const struct project *project = context->project;
    const struct mlops_version *version = context->version;
    _cleanup_(buffer_clear) struct buffer wrong = {0};
    size_t passed = 0;
    for (size_t i = 0; i < project->suite_count; i++) {
        _cleanup_(metric_list_clear) struct metric_list metrics = {0};
        const char *name = project->suites[i].name;
        bool found;
        char status[32];
        TRY(evidence_newest(context->registry, version->bundle, name, &found, status, &metrics,
                            err));
        if (found && str_equal(status, "passed"))
            passed++;
        else
            buffer_printf(&wrong, "%s%s %s", wrong.length ? ", " : "", name,
                          found ? status : "was never run");
    }
    result->passed = project->suite_count > 0 && passed == project->suite_count;
    if (result->passed)
        result->detail = xprintf("%zu of %zu suites passed", passed, project->suite_count);
    else if (project->suite_count == 0)
        result->detail = xstrdup("the bundle declares no test suites in mlops.yaml");
    else
        result->detail = xprintf("%s: run 'mlops test %s@%llu'", wrong.data, version->model,
                                 (unsigned long long)version->number);
    return MLOPS_OK;
}

static int judge_suite_metrics(const struct gate_context *context,
                               const struct project_suite *suite, size_t *judged,
                               struct buffer *missed, struct mlops_error *err)
{
    _cleanup_(metric_list_clear) struct metric_list metrics = {0};
    bool found;
    char status[32];
    TRY(evidence_newest(context->registry, context->version->bundle, suite->name, &found, status,
                        &metrics, err));
    for (size_t i = 0; i < suite->require_count; i++, (*judged)++) {
        struct judgement judgement;
        TRY(judge_requirement(context->registry, context->version, suite->name, &suite->require[i],
                              &metrics, &judgement, err));
        if (!judgement.met)
            buffer_printf(missed, "%s%s %s: %s", missed->length ? "; " : "",
                          suite->require[i].metric, suite->require[i].demand, judgement.detail);
        free(judgement.detail);
    }
    return MLOPS_OK;
}

/* Every requirement of the performance suites holds on the recorded metrics against what the stages
 * hold now, which may be another version than when the suite ran. */
static int judge_metrics(const struct gate_context *context, struct mlops_gate_result *result,
                         struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer missed = {0};
    size_t judged = 0;
    for (size_t i = 0; i < context->project->suite_count; i++)
        TRY(judge_suite_metrics(context, &context->project->suites[i], &judged, &missed, err));
    result->passed = missed.length == 0;
    result->detail = !result->passed ? buffer_steal(&missed)
                     : judged > 0    ? xprintf("%zu of %zu requirements met", judged, judged)
                                     : xstrdup("the bundle requires none");
    return MLOPS_OK;
}

/* A newcomer adds a row. */
static const struct gate gates[] = {
    {"tests", judge_tests},
    {"metrics", judge_metrics},
};

int gates_judge(struct mlops_registry *registry, const struct mlops_version *version,
                const struct manifest *manifest, struct mlops_promotion *promotion, bool *passed,
                struct mlops_error *err)
{
    struct gate_context context = {
        .registry = registry, .version = version, .project = &manifest->project};
    promotion->gates = xcalloc(ARRAY_LENGTH(gates), sizeof(*promotion->gates));
    *passed = true;
    for (size_t i = 0; i < ARRAY_LENGTH(gates); i++) {
        struct mlops_gate_result *result = &promotion->gates[promotion->gate_count++];
        str_copy(result->gate, sizeof(result->gate), gates[i].name);
        TRY(gates[i].judge(&context, result, err));
        *passed = *passed && result->passed;
    }
    return MLOPS_OK;
}
