/* lib/release/gate_tests.c - suites that must have passed: all of the bundle, or those that the
 * policy names, by name and by kind. */
#include "base/json.h"
#include "release/gate.h"

/* What keeps suite `name` from counting, into `wrongs`. */
static int judge_suite(const struct gate_context *context, const char *name,
                       struct mlops_gate_result *result, struct wrongs *wrongs,
                       struct mlops_error *err)
{
    _cleanup_(suite_evidence_clear) struct suite_evidence evidence = {0};
    TRY(judge_evidence(context->judge, name, &evidence, err));
    bool flaky = str_equal(evidence.status, "flaky");
    if (flaky)
        gate_note(result, "%s is flaky: it %s", name, json_string(evidence.body, "message", ""));
    if (!evidence.found)
        wrongs_add(wrongs, ", ", "%s was never run", name);
    else if (str_equal(evidence.status, "error"))
        wrongs_add(wrongs, ", ", "%s could not be judged", name);
    else if (str_equal(evidence.status, "timeout"))
        wrongs_add(wrongs, ", ", "%s was stopped at its time limit", name);
    else if (!gate_suite_passed(context, &evidence))
        wrongs_add(wrongs, ", ", "%s %s%s", name, flaky ? "is " : "", evidence.status);
    return MLOPS_OK;
}

static bool names(char *const *texts, const char *text)
{
    for (; texts && *texts; texts++)
        if (str_equal(*texts, text))
            return true;
    return false;
}

static const struct project_suite *find_suite(const struct project *project, const char *name)
{
    for (size_t i = 0; i < project->suite_count; i++)
        if (str_equal(project->suites[i].name, name))
            return &project->suites[i];
    return NULL;
}

/* What the policy names must be there; a bundle without it would pass by having nothing. */
static void demand_presence(const struct gate_context *context, struct wrongs *wrongs)
{
    const struct project *project = &context->manifest->project;
    for (char **name = context->demands->suites; name && *name; name++)
        if (!find_suite(project, *name))
            wrongs_add(wrongs, ", ", "the bundle has no suite %s", *name);
    for (char **kind = context->demands->kinds; kind && *kind; kind++) {
        bool any = false;
        for (size_t i = 0; i < project->suite_count && !any; i++)
            any = str_equal(project->suites[i].kind, *kind);
        if (!any)
            wrongs_add(wrongs, ", ", "the bundle has no %s suite", *kind);
    }
}

int gate_tests(const struct gate_context *context, struct mlops_gate_result *result,
               struct mlops_error *err)
{
    const struct policy_stage *demands = context->demands;
    const struct project *project = &context->manifest->project;
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0}, absent = {0};
    size_t judged = 0;
    if (demands->all_suites && project->suite_count == 0) {
        result->detail = xstrdup("the bundle declares no test suites: add 'tests:' to mlops.yaml");
        return MLOPS_OK;
    }
    demand_presence(context, &absent);
    wrongs_end(&absent);
    for (size_t i = 0; i < project->suite_count; i++) {
        const struct project_suite *suite = &project->suites[i];
        if (!demands->all_suites && !names(demands->suites, suite->name) &&
            !names(demands->kinds, suite->kind))
            continue;
        judged++;
        TRY(judge_suite(context, suite->name, result, &wrongs, err));
    }
    wrongs_end(&wrongs);
    result->passed = wrongs.count == 0 && absent.count == 0;
    if (absent.count > 0)
        result->detail = buffer_steal(&absent.text);
    else if (result->passed)
        result->detail =
            result->evidence_count > 0
                ? xprintf("%zu of %zu suites passed, %zu of them flaky, which the policy allows",
                          judged, judged, result->evidence_count)
                : xprintf("%zu of %zu suites passed", judged, judged);
    else
        result->detail =
            xprintf("%s: run 'mlops test %s@%llu'", wrongs.text.data, context->version->model,
                    (unsigned long long)context->version->number);
    return MLOPS_OK;
}
