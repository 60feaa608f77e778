/* lib/trial/test.c - all suites of a version, and the evidence of them. */
#include "base/json.h"
#include "registry/registry.h"
#include "trial/runner.h"

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
    if (!options || !options->suites)
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

static cJSON *evidence_to_json(const struct mlops_suite_result *result)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "kind", result->kind);
    json_add_number(json, "seconds", result->seconds);
    json_add_string(json, "message", result->message);
    json_add_string(json, "output", result->output);
    cJSON *metrics = json_add_object(json, "metrics");
    for (size_t i = 0; i < result->metric_count; i++)
        json_add_number(metrics, result->metrics[i].name, result->metrics[i].value);
    cJSON *requirements = json_add_array(json, "requirements");
    for (size_t i = 0; i < result->requirement_count; i++) {
        const struct mlops_requirement_result *required = &result->requirements[i];
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "metric", required->metric);
        json_add_string(item, "demand", required->demand);
        json_add_string(item, "detail", required->detail);
        json_add_bool(item, "met", required->met);
        cJSON_AddItemToArray(requirements, item);
    }
    return json;
}

static int record_one(struct transaction *tx, const struct mlops_version *version,
                      const struct mlops_suite_result *result, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = evidence_to_json(result);
    _cleanup_(buffer_clear) struct buffer body = {0};
    TRY(json_write_canonical(json, &body, err));
    return evidence_record(tx, version->bundle, "test", result->name, status_names[result->status],
                           body.data, err);
}

/* One transaction for all suites of a run, with one entry in the log. */
static int record(struct mlops_registry *registry, const struct mlops_test_report *report,
                  struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    const struct mlops_version *version = &report->version;
    size_t counts[ARRAY_LENGTH(status_names)] = {0};
    TRY(transaction_begin(registry, &tx, err));
    for (size_t i = 0; i < report->suite_count; i++) {
        counts[report->suites[i].status]++;
        if (report->suites[i].status != MLOPS_SUITE_SKIPPED)
            TRY(record_one(tx, version, &report->suites[i], err));
    }
    _cleanup_(buffer_clear) struct buffer detail = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        if (counts[i] > 0)
            buffer_printf(&detail, "%s\"%s\":%zu", detail.length ? "," : "{", status_names[i],
                          counts[i]);
    buffer_putc(&detail, '}');
    struct audit_entry entry = {.action = "test",
                                .model = version->model,
                                .version = version->number,
                                .bundle = version->bundle,
                                .reason = report->passed ? "passed" : "not passed",
                                .detail = detail.data};
    TRY(audit_append(tx, &entry, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int run_all(struct mlops_registry *registry, const struct manifest *manifest,
                   const struct mlops_test_options *options, struct mlops_test_report *report,
                   struct mlops_error *err)
{
    const struct project *project = &manifest->project;
    const struct mlops_observer *observer = registry_observer(registry);
    report->passed = true;
    report->suites = xcalloc(project->suite_count, sizeof(*report->suites));
    for (size_t i = 0; i < project->suite_count; i++) {
        const struct project_suite *suite = &project->suites[i];
        struct mlops_suite_result *result = &report->suites[report->suite_count++];
        str_copy(result->name, sizeof(result->name), suite->name);
        str_copy(result->kind, sizeof(result->kind), suite->kind);
        result->message = xstrdup("");
        result->output = xstrdup("");
        result->status = MLOPS_SUITE_SKIPPED;
        if (!is_asked_for(options, suite->name))
            continue;
        if (observer && observer->progress)
            observer->progress(observer->context, suite->name, i, project->suite_count);
        TRY(suite_run(registry, &report->version, manifest, suite, result, err));
        report->passed = report->passed && result->status == MLOPS_SUITE_PASSED;
    }
    if (observer && observer->progress)
        observer->progress(observer->context, "tests", project->suite_count, project->suite_count);
    return MLOPS_OK;
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
    TRY(run_all(registry, &manifest, options, report, err));
    return record(registry, report, err);
}
