/* lib/release/gates.c - what a stage demands: a table of gates, one function each. */
#include "release/gates.h"
#include "bundle/judge.h"

#define NAMES_MAX 5 /* what a detail lists; the rest is counted */

struct gate_context {
    struct judge *judge;
    const struct mlops_version *version;
    const struct project *project;
};

/* Judge: set `passed` and `detail` of `result`. Not being passed is no error. */
struct gate {
    const char *name;
    int (*judge)(const struct gate_context *context, struct mlops_gate_result *result,
                 struct mlops_error *err);
};

/* What is wrong, one after the other in a line that stays readable. */
struct wrongs {
    struct buffer text;
    size_t count;
};

static void add_wrong(struct wrongs *wrongs, const char *separator, const char *format, ...)
    MLOPS_PRINTF(3, 4);

static void add_wrong(struct wrongs *wrongs, const char *separator, const char *format, ...)
{
    if (++wrongs->count > NAMES_MAX)
        return;
    if (wrongs->count > 1)
        buffer_puts(&wrongs->text, separator);
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&wrongs->text, format, arguments);
    va_end(arguments);
}

static void add_rest(struct wrongs *wrongs)
{
    if (wrongs->count > NAMES_MAX)
        buffer_printf(&wrongs->text, ", and %zu more", wrongs->count - NAMES_MAX);
}

static void wrongs_clear(struct wrongs *wrongs)
{
    buffer_clear(&wrongs->text);
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* The newest evidence of every suite that the bundle declares says that it passed. */
static int judge_tests(const struct gate_context *context, struct mlops_gate_result *result,
                       struct mlops_error *err)
{
    const struct project *project = context->project;
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    for (size_t i = 0; i < project->suite_count; i++) {
        _cleanup_(suite_evidence_clear) struct suite_evidence evidence = {0};
        const char *name = project->suites[i].name;
        TRY(judge_evidence(context->judge, name, &evidence, err));
        if (!evidence.found)
            add_wrong(&wrongs, ", ", "%s was never run", name);
        else if (str_equal(evidence.status, "error"))
            add_wrong(&wrongs, ", ", "%s could not be judged", name);
        else if (str_equal(evidence.status, "timeout"))
            add_wrong(&wrongs, ", ", "%s was stopped at its time limit", name);
        else if (!str_equal(evidence.status, "passed"))
            add_wrong(&wrongs, ", ", "%s %s", name, evidence.status);
    }
    add_rest(&wrongs);
    result->passed = project->suite_count > 0 && wrongs.count == 0;
    if (project->suite_count == 0)
        result->detail = xstrdup("the bundle declares no test suites: add 'tests:' to mlops.yaml");
    else if (result->passed)
        result->detail =
            xprintf("%zu of %zu suites passed", project->suite_count, project->suite_count);
    else
        result->detail =
            xprintf("%s: run 'mlops test %s@%llu'", wrongs.text.data, context->version->model,
                    (unsigned long long)context->version->number);
    return MLOPS_OK;
}

/* ---- metrics -------------------------------------------------------------------------------- */

static int judge_suite_metrics(const struct gate_context *context,
                               const struct project_suite *suite, struct wrongs *wrongs,
                               struct mlops_error *err)
{
    _cleanup_(suite_evidence_clear) struct suite_evidence evidence = {0};
    TRY(judge_evidence(context->judge, suite->name, &evidence, err));
    if (evidence.metrics.count == 0) {
        add_wrong(wrongs, "; ", "no metrics of %s are recorded", suite->name);
        return MLOPS_OK;
    }
    for (size_t i = 0; i < suite->require_count; i++) {
        struct judgement judgement;
        TRY(judge_requirement(context->judge, suite->name, &suite->require[i], &evidence.metrics,
                              &judgement, err));
        if (!judgement.met)
            add_wrong(wrongs, "; ", "%s %s: %s", suite->require[i].metric, suite->require[i].demand,
                      judgement.detail);
        free(judgement.detail);
    }
    return MLOPS_OK;
}

/* Every requirement of the performance suites holds on the recorded metrics against what the stages
 * hold now, which may be another version than when the suite ran. */
static int judge_metrics(const struct gate_context *context, struct mlops_gate_result *result,
                         struct mlops_error *err)
{
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    size_t required = 0;
    for (size_t i = 0; i < context->project->suite_count; i++) {
        const struct project_suite *suite = &context->project->suites[i];
        required += suite->require_count;
        if (suite->require_count > 0)
            TRY(judge_suite_metrics(context, suite, &wrongs, err));
    }
    add_rest(&wrongs);
    result->passed = wrongs.count == 0;
    result->detail = !result->passed ? buffer_steal(&wrongs.text)
                     : required > 0  ? xprintf("%zu of %zu requirements met", required, required)
                                     : xstrdup("the bundle requires none");
    return MLOPS_OK;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* A newcomer adds a row. */
static const struct gate gates[] = {
    {"tests", judge_tests},
    {"metrics", judge_metrics},
};

int gates_judge(struct mlops_registry *registry, const struct mlops_version *version,
                const struct manifest *manifest, struct mlops_promotion *promotion, bool *passed,
                struct mlops_error *err)
{
    _cleanup_(judge_free_ptr) struct judge *judge = judge_new(registry, version);
    struct gate_context context = {
        .judge = judge, .version = version, .project = &manifest->project};
    promotion->gates = xcalloc(ARRAY_LENGTH(gates), sizeof(*promotion->gates));
    *passed = true;
    for (size_t i = 0; i < ARRAY_LENGTH(gates); i++) {
        struct mlops_gate_result *result = &promotion->gates[promotion->gate_count++];
        str_copy(result->gate, sizeof(result->gate), gates[i].name);
        if (gates[i].judge(&context, result, err))
            return mlops_wrap(err, "gate '%s'", gates[i].name);
        *passed = *passed && result->passed;
    }
    return MLOPS_OK;
}
