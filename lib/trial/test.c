/* lib/trial/test.c - all suites of a version and a scan of it, and the evidence of them. */
#include "base/clock.h"
#include "base/file.h"
#include "bundle/external.h"
#include "bundle/needs.h"
#include "registry/registry.h"
#include "registry/scratch.h"
#include "trial/data_run.h"
#include "trial/evidence.h"
#include "trial/inputs.h"
#include "trial/reuse.h"
#include "trial/rival.h"
#include "trial/scan.h"
#include "trial/schedule.h"

#define SCAN_LINES_MAX 20

static const char *const status_names[] = {
    [MLOPS_SUITE_PASSED] = "passed", [MLOPS_SUITE_FAILED] = "failed",
    [MLOPS_SUITE_ERROR] = "error",   [MLOPS_SUITE_TIMEOUT] = "timeout",
    [MLOPS_SUITE_FLAKY] = "flaky",   [MLOPS_SUITE_SKIPPED] = "skipped",
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

/* Those that are asked for by their names or that of their matrix, and what they need. */
static bool *choose(const struct mlops_test_options *options, const struct project *project)
{
    bool *wanted = xcalloc(project->suite_count + 1, sizeof(*wanted)), more = true;
    for (size_t i = 0; i < project->suite_count; i++) {
        const char *group = project->suites[i].execution.group;
        wanted[i] = is_asked_for(options, project->suites[i].name) ||
                    (group && is_asked_for(options, group));
    }
    while (more) {
        more = false;
        for (size_t i = 0; i < project->suite_count; i++)
            for (size_t j = 0; wanted[i] && j < project->suite_count; j++)
                if (!wanted[j] && needs(&project->suites[i], &project->suites[j]))
                    wanted[j] = more = true;
    }
    return wanted;
}

static bool scan_is_asked_for(const struct mlops_test_options *options)
{
    return is_asked_for(options, MLOPS_SCAN_SUITE);
}

static int check_names(const struct mlops_test_options *options, const struct project *project,
                       struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    for (size_t i = 0; i < project->suite_count; i++)
        buffer_printf(&names, "%s, ", project->suites[i].name);
    buffer_puts(&names, MLOPS_SCAN_SUITE);
    for (const char *const *name = options ? options->suites : NULL; name && *name; name++) {
        bool known = str_equal(*name, MLOPS_SCAN_SUITE);
        for (size_t i = 0; i < project->suite_count && !known; i++)
            known = str_equal(project->suites[i].name, *name) ||
                    (project->suites[i].execution.group &&
                     str_equal(project->suites[i].execution.group, *name));
        if (known)
            continue;
        mlops_fail(err, MLOPS_NOT_FOUND, "there is no suite called '%s'", *name);
        return mlops_hint(err, "the suites are %s", names.data);
    }
    return MLOPS_OK;
}

/* A sandbox that is less than it could be is said, not only recorded. */
static void warn_of_sandbox(const struct mlops_registry *registry, const struct sandbox *sandbox)
{
    const struct mlops_sandbox_check *check = &sandbox->check;
    if (*check->bubblewrap)
        registry_warn(registry,
                      "suites can reach your files%s, each in a checkout of its own, for there is "
                      "no sandbox of namespaces: %s; %s",
                      sandbox->level == MLOPS_SANDBOX_LIMITS ? " and the network" : "",
                      check->bubblewrap, check->hint);
    else if (*check->seccomp)
        registry_warn(registry, "suites run without a filter of system calls: %s", check->seccomp);
}

/* Of those that are wanted, what has passed before; `*any` false where nothing is left to be run,
 * `*any_command` where no command is. Their evidence says in what sandbox that was. */
static int reuse(struct mlops_registry *registry, const struct project *project,
                 const struct mlops_test_options *options, const bool *wanted,
                 struct mlops_test_report *report, struct suite_outcome *outcomes, bool *any,
                 bool *any_command, struct mlops_error *err)
{
    enum mlops_sandbox_wish wish = options ? options->sandbox : MLOPS_SANDBOX_AUTO;
    report->sandbox = MLOPS_SANDBOX_FULL;
    *any = *any_command = false;
    for (size_t i = 0; i < project->suite_count; i++) {
        const struct project_suite *suite = &project->suites[i];
        enum mlops_sandbox_level level = MLOPS_SANDBOX_FULL;
        if (!wanted[i])
            continue;
        TRY(inputs_digest(registry, &report->version, suite, options ? options->against : NULL,
                          outcomes[i].inputs, err));
        if (!options || !options->no_cache)
            TRY(reuse_suite(registry, &report->version, suite, outcomes[i].inputs, wish,
                            &report->suites[i], &level, err));
        if (level < report->sandbox)
            report->sandbox = level;
        *any = *any || !report->suites[i].cached;
        *any_command = *any_command || (!report->suites[i].cached && !suite_reads_data(suite));
    }
    return MLOPS_OK;
}

/* Before anything runs, and one after the other, so that no suite waits for it while it runs. */
static int find_rivals(struct mlops_registry *registry, const struct manifest *manifest,
                       const struct mlops_test_options *options, const struct sandbox *sandbox,
                       const bool *wanted, const char *keep, const struct mlops_test_report *report,
                       struct rivals *rivals, struct mlops_error *err)
{
    for (size_t i = 0; i < manifest->project.suite_count; i++) {
        if (!wanted[i] || report->suites[i].cached)
            continue;
        const struct rival_options wish = {.registry = registry,
                                           .version = &report->version,
                                           .manifest = manifest,
                                           .suite = &manifest->project.suites[i],
                                           .sandbox = sandbox,
                                           .against = options ? options->against : NULL,
                                           .keep = keep};
        TRY(rivals_find(&wish, &rivals[i], err));
    }
    return MLOPS_OK;
}

/* Run those that are asked for; `outcomes` has room for every suite. What they leave lies in the
 * folder `*keep`, which the caller removes. */
static int run_all(struct mlops_registry *registry, const struct manifest *manifest,
                   const struct mlops_test_options *options, struct mlops_test_report *report,
                   struct suite_outcome *outcomes, char **keep, struct mlops_error *err)
{
    const struct project *project = &manifest->project;
    _cleanup_(sandbox_clear) struct sandbox sandbox = {0};
    bool *wanted = choose(options, project), any = false, commands = false;
    for (size_t i = 0; i < project->suite_count; i++)
        suite_result_start(&report->suites[report->suite_count++], &project->suites[i]);
    enum mlops_sandbox_wish wish = options ? options->sandbox : MLOPS_SANDBOX_AUTO;
    int code = rivals_check(registry, &report->version, options ? options->against : NULL, err);
    if (code == MLOPS_OK)
        code = reuse(registry, project, options, wanted, report, outcomes, &any, &commands, err);
    if (code == MLOPS_OK && commands)
        code = sandbox_open(wish, &sandbox, err);
    if (code == MLOPS_OK && any)
        code = scratch_make(registry, "evidence", keep, err);
    if (code == MLOPS_OK && commands && wish == MLOPS_SANDBOX_AUTO)
        warn_of_sandbox(registry, &sandbox);
    if (commands && sandbox.level < report->sandbox)
        report->sandbox = sandbox.level;
    struct rivals *rivals = xcalloc(project->suite_count + 1, sizeof(*rivals));
    if (code == MLOPS_OK && any)
        code =
            find_rivals(registry, manifest, options, &sandbox, wanted, *keep, report, rivals, err);
    const struct schedule schedule = {.registry = registry,
                                      .manifest = manifest,
                                      .sandbox = &sandbox,
                                      .report = report,
                                      .outcomes = outcomes,
                                      .keep = *keep,
                                      .rivals = rivals,
                                      .wanted = wanted,
                                      .jobs = options && options->jobs ? options->jobs : 1,
                                      .fetches = options && options->fetches};
    if (code == MLOPS_OK && commands && any && !schedule.fetches)
        external_tell(registry, manifest);
    if (code == MLOPS_OK && any)
        code = schedule_run(&schedule, err);
    for (size_t i = 0; i < project->suite_count; i++)
        rivals_clear(&rivals[i]);
    free(rivals);
    free(wanted);
    bool allow_flaky = options && options->allow_flaky;
    for (size_t i = 0; i < project->suite_count; i++) {
        enum mlops_suite_status status = report->suites[i].status;
        report->passed =
            report->passed && (status == MLOPS_SUITE_PASSED || status == MLOPS_SUITE_SKIPPED ||
                               (status == MLOPS_SUITE_FLAKY && allow_flaky));
    }
    return code;
}

/* What was found, the worst first, as a suite would have printed it. */
static char *scan_output(const struct mlops_scan_report *scan)
{
    struct buffer text = {0};
    size_t shown = 0;
    for (size_t i = 0; i < scan->finding_count && shown < SCAN_LINES_MAX; i++) {
        const struct mlops_scan_finding *finding = &scan->findings[i];
        if (finding->accepted || finding->rule.verdict == MLOPS_SCAN_SAFE)
            continue;
        buffer_printf(&text, "%s: %s: %s (%s)\n", finding->file,
                      mlops_severity_name(finding->rule.severity), finding->message,
                      finding->rule.id);
        shown++;
    }
    return text.data ? buffer_steal(&text) : xstrdup("");
}

static bool may_reuse_scan(const struct mlops_test_options *options)
{
    return !options || (!options->no_cache && !options->advisories);
}

/* The scan as the last of the suites: it passes where the verdict is safe. */
static int run_scan(struct mlops_registry *registry, const struct manifest *manifest,
                    const struct mlops_test_options *options, struct mlops_test_report *report,
                    struct mlops_scan_report *scan, struct mlops_error *err)
{
    struct mlops_suite_result *result = &report->suites[report->suite_count++];
    int64_t begun_ns = clock_monotonic_ns();
    str_copy(result->name, sizeof(result->name), MLOPS_SCAN_SUITE);
    str_copy(result->kind, sizeof(result->kind), "security");
    result->status = MLOPS_SUITE_SKIPPED;
    result->message = xstrdup("");
    result->output = xstrdup("");
    if (!scan_is_asked_for(options))
        return MLOPS_OK;
    if (may_reuse_scan(options))
        TRY(reuse_scan(registry, &report->version, &result->cached, err));
    if (result->cached) {
        result->status = MLOPS_SUITE_PASSED;
        return MLOPS_OK;
    }
    TRY(scan_bundle(registry, &report->version, manifest, options ? options->advisories : NULL,
                    scan, err));
    bool safe = scan->verdict == MLOPS_SCAN_SAFE;
    result->seconds = (double)(clock_monotonic_ns() - begun_ns) / 1e9;
    result->status = safe ? MLOPS_SUITE_PASSED : MLOPS_SUITE_FAILED;
    if (!safe) {
        free(result->message);
        free(result->output);
        result->message = scan_summary(scan);
        result->output = scan_output(scan);
    }
    report->passed = report->passed && safe;
    return MLOPS_OK;
}

static int run_and_record(struct mlops_registry *registry, const struct manifest *manifest,
                          const struct mlops_test_options *options,
                          struct mlops_test_report *report, struct mlops_error *err)
{
    const struct project *project = &manifest->project;
    struct suite_outcome *outcomes = xcalloc(project->suite_count, sizeof(*outcomes));
    _cleanup_(mlops_scan_report_clear) struct mlops_scan_report scan = {0};
    bool scans = scan_is_asked_for(options);
    report->passed = true;
    report->started_ns = clock_now_ns();
    report->suites = xcalloc(project->suite_count + 1, sizeof(*report->suites));
    char *keep = NULL;
    int code = run_all(registry, manifest, options, report, outcomes, &keep, err);
    if (code == MLOPS_OK)
        code = run_scan(registry, manifest, options, report, &scan, err);
    if (code == MLOPS_OK)
        code =
            trial_record(registry, report, project->suites, outcomes,
                         scans && !report->suites[project->suite_count].cached ? &scan : NULL, err);
    for (size_t i = 0; i < project->suite_count; i++)
        suite_outcome_clear(&outcomes[i]);
    free(outcomes);
    struct mlops_error ignored = {0}; /* what stays is stale and removed by a later run */
    if (keep)
        (void)tree_remove(keep, &ignored);
    free(keep);
    return code;
}

int mlops_test(struct mlops_registry *registry, const char *ref,
               const struct mlops_test_options *options, struct mlops_test_report *report,
               struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    *report = (struct mlops_test_report){0};
    TRY(manifest_load(registry, ref, &report->version, &manifest, NULL, err));
    TRY(manifest_check_files(&manifest, err));
    TRY(version_check_registered(&report->version, err));
    TRY(check_names(options, &manifest.project, err));
    return run_and_record(registry, &manifest, options, report, err);
}
