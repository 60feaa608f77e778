/* lib/release/gates.c - what a stage demands: a table of gates, one function each. */
#include "release/gates.h"
#include "base/json.h"
#include "bundle/judge.h"
#include <mlops/scan.h>

#define NAMES_MAX 5 /* what a detail lists; the rest is counted */

struct gate_context {
    struct mlops_registry *registry;
    struct judge *judge;
    const struct mlops_version *version;
    const struct project *project;
};

/* Judge: set `passed` and `detail` of `result`. Not being passed is no error. */
struct gate {
    const char *name;
    const char *exempt; /* the stage that does not ask for it; NULL: none */
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

/* ---- scan ----------------------------------------------------------------------------------- */

static int judge_scan_evidence(const struct mlops_evidence *evidence, const char *run,
                               struct mlops_gate_result *result, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", &body, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
    }
    unsigned long long scanner = (unsigned long long)json_u64(body, "scanner", 0);
    const char *summary = json_string(body, "summary", evidence->status);
    if (scanner < MLOPS_SCANNER_VERSION) {
        result->detail = xprintf("was scanned by scanner %llu, and %d finds more: %s", scanner,
                                 MLOPS_SCANNER_VERSION, run);
        return MLOPS_OK;
    }
    result->passed = str_equal(evidence->status, "safe");
    result->detail = result->passed ? xstrdup(summary) : xprintf("%s: %s", summary, run);
    return MLOPS_OK;
}

/* The newest scan of the bundle says that it is safe, what was accepted aside. */
static int judge_scan(const struct gate_context *context, struct mlops_gate_result *result,
                      struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list scans = {0};
    const struct mlops_version *version = context->version;
    _cleanup_(free_string) char *run =
        xprintf("run 'mlops scan %s@%llu'", version->model, (unsigned long long)version->number);
    TRY(mlops_evidence_list(context->registry, version->bundle, "scan", &scans, err));
    if (scans.count > 0)
        return judge_scan_evidence(&scans.items[scans.count - 1], run, result, err);
    result->detail = xprintf("was never scanned: %s", run);
    return MLOPS_OK;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* A newcomer adds a row. */
static const struct gate gates[] = {
    {.name = "tests", .judge = judge_tests},
    {.name = "metrics", .judge = judge_metrics},
    {.name = "scan", .exempt = "dev", .judge = judge_scan},
};

int gates_judge(struct mlops_registry *registry, const struct mlops_version *version,
                const struct manifest *manifest, struct mlops_promotion *promotion, bool *passed,
                struct mlops_error *err)
{
    _cleanup_(judge_free_ptr) struct judge *judge = judge_new(registry, version);
    struct gate_context context = {
        .registry = registry, .judge = judge, .version = version, .project = &manifest->project};
    promotion->gates = xcalloc(ARRAY_LENGTH(gates), sizeof(*promotion->gates));
    *passed = true;
    for (size_t i = 0; i < ARRAY_LENGTH(gates); i++) {
        if (gates[i].exempt && str_equal(gates[i].exempt, promotion->stage))
            continue;
        struct mlops_gate_result *result = &promotion->gates[promotion->gate_count++];
        str_copy(result->gate, sizeof(result->gate), gates[i].name);
        if (gates[i].judge(&context, result, err))
            return mlops_wrap(err, "gate '%s'", gates[i].name);
        *passed = *passed && result->passed;
    }
    return MLOPS_OK;
}
