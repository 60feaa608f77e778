/* lib/trial/test.c - all suites of a version, and the evidence of them. */
#include "registry/registry.h"
#include "trial/evidence.h"
#include "trial/workspace.h"

static const char *const status_names[] = {
    [MLOPS_SUITE_PASSED] = "passed",   [MLOPS_SUITE_FAILED] = "failed",
    [MLOPS_SUITE_ERROR] = "error",     [MLOPS_SUITE_TIMEOUT] = "timeout",
    [MLOPS_SUITE_SKIPPED] = "skipped",
};

const char *mlops_suite_status_name(enum mlops_suite_status status)
{
    return status_names[status];
}

void mlops_test_report_clear(struct mlops_test_report *report)
{
    for (size_t i = 0; i < report->suite_count; i++)
        suite_result_clear(&report->suites[i]);
    free(report->suites);
    *report = (struct mlops_test_report){0};
}

static bool is_asked_for(const struct mlops_test_options *options, const char *name)
{
    if (!options || !options->suites || !options->suites[0])
        return true;
    for (const char *const *suite = options->suites; *suite; suite++)
        if (str_equal(*suite, name))
            return true;
    return false;
}

static int check_names(const struct mlops_test_options *options, const struct project *project,
                       struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    for (size_t i = 0; i < project->suite_count; i++)
        buffer_printf(&names, "%s%s", i ? ", " : "", project->suites[i].name);
    for (const char *const *name = options ? options->suites : NULL; name && *name; name++) {
        bool known = false;
        for (size_t i = 0; i < project->suite_count && !known; i++)
            known = str_equal(project->suites[i].name, *name);
        if (known)
            continue;
        mlops_fail(err, MLOPS_NOT_FOUND, "there is no suite called '%s'", *name);
        return mlops_hint(err, "the suites are %s", names.data);
    }
    return MLOPS_OK;
}

static int check_testable(const struct mlops_version *version, const struct project *project,
                          struct mlops_error *err)
{
    if (version->number == 0) {
        mlops_fail(err, MLOPS_INVALID,
                   "%.23s… is not registered, so nobody could find its evidence", version->bundle);
        return mlops_hint(err, "run 'mlops register %.23s' first", version->bundle);
    }
    if (project->suite_count > 0)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "%s@%llu declares no test suites", version->model,
               (unsigned long long)version->number);
    return mlops_hint(err, "add 'tests:' to mlops.yaml (docs/project-file.md) and register anew");
}

static void start_result(struct mlops_suite_result *result, const struct project_suite *suite)
{
    str_copy(result->name, sizeof(result->name), suite->name);
    str_copy(result->kind, sizeof(result->kind), suite->kind);
    result->message = xstrdup("");
    result->output = xstrdup("");
    result->status = MLOPS_SUITE_SKIPPED;
}

static void tell(const struct mlops_observer *observer, const char *suite, size_t done,
                 size_t total)
{
    if (observer && observer->progress)
        observer->progress(observer->context, suite, done, total);
}

/* Run those that are asked for, each in a workspace of its own; `outcomes` has room for every
 * suite. */
static int run_all(struct mlops_registry *registry, const struct manifest *manifest,
                   const struct mlops_test_options *options, struct mlops_test_report *report,
                   struct suite_outcome *outcomes, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(registry);
    const struct project *project = &manifest->project;
    size_t total = 0, done = 0;
    const char *last = "";
    for (size_t i = 0; i < project->suite_count; i++)
        total += is_asked_for(options, project->suites[i].name);
    for (size_t i = 0; i < project->suite_count; i++) {
        const struct project_suite *suite = &project->suites[i];
        struct mlops_suite_result *result = &report->suites[report->suite_count++];
        start_result(result, suite);
        if (!is_asked_for(options, suite->name))
            continue;
        _cleanup_(workspace_remove) struct workspace workspace = {0};
        last = suite->name;
        int code = workspace_make(registry, manifest, &workspace, err);
        tell(observer, last, done++, total);
        if (code == MLOPS_OK)
            code = suite_run(registry, &report->version, suite, workspace.tree, result,
                             &outcomes[i], err);
        if (code)
            return mlops_wrap(err, "suite '%s'", suite->name);
        report->passed = report->passed && result->status == MLOPS_SUITE_PASSED;
    }
    tell(observer, last, total, total);
    return MLOPS_OK;
}

static int run_and_record(struct mlops_registry *registry, const struct manifest *manifest,
                          const struct mlops_test_options *options,
                          struct mlops_test_report *report, struct mlops_error *err)
{
    const struct project *project = &manifest->project;
    struct suite_outcome *outcomes = xcalloc(project->suite_count, sizeof(*outcomes));
    report->passed = true;
    report->suites = xcalloc(project->suite_count, sizeof(*report->suites));
    int code = run_all(registry, manifest, options, report, outcomes, err);
    if (code == MLOPS_OK)
        code = trial_record(registry, report, project->suites, outcomes, err);
    for (size_t i = 0; i < project->suite_count; i++)
        suite_outcome_clear(&outcomes[i]);
    free(outcomes);
    return code;
}

int mlops_test(struct mlops_registry *registry, const char *ref,
               const struct mlops_test_options *options, struct mlops_test_report *report,
               struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    *report = (struct mlops_test_report){0};
    TRY(manifest_load(registry, ref, &report->version, &manifest, NULL, err));
    TRY(check_testable(&report->version, &manifest.project, err));
    TRY(check_names(options, &manifest.project, err));
    return run_and_record(registry, &manifest, options, report, err);
}
