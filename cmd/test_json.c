/* cmd/test_json.c - 'mlops test': what suites came to, for programs. */
#include "cli_expectations.h"
#include "cli_test.h"
#include <math.h>

static void metrics_json(cJSON *json, const struct mlops_metric *metrics, size_t count)
{
    cJSON *values = cli_json_object(), *intervals = cli_json_object();

    cli_json_add(json, "metrics", values);
    cli_json_add(json, "intervals", intervals);
    for (size_t i = 0; i < count; i++) {
        cli_json_number(values, metrics[i].name, metrics[i].value);
        if (isnan(metrics[i].low))
            continue;
        cJSON *interval = cli_json_object();
        cli_json_number(interval, "low", metrics[i].low);
        cli_json_number(interval, "high", metrics[i].high);
        cli_json_text(interval, "method", metrics[i].method);
        if (metrics[i].confidence > 0)
            cli_json_number(interval, "confidence", metrics[i].confidence);
        cli_json_add(intervals, metrics[i].name, interval);
    }
}

static cJSON *slices_json(const struct mlops_slice_result *slices, size_t count)
{
    cJSON *array = cli_json_array();

    for (size_t i = 0; i < count; i++) {
        cJSON *slice = cli_json_object();
        cli_json_text(slice, "name", slices[i].name);
        cli_json_number(slice, "rows", (double)slices[i].rows);
        metrics_json(slice, slices[i].metrics, slices[i].metric_count);
        cli_json_push(array, slice);
    }
    return array;
}

static cJSON *suite_json(const struct mlops_suite_result *suite)
{
    cJSON *json = cli_json_object(), *require = cli_json_array();

    cli_json_text(json, "name", suite->name);
    cli_json_text(json, "kind", suite->kind);
    cli_json_text(json, "status", mlops_suite_status_name(suite->status));
    cli_json_text_or_null(json, "reason", suite->reason);
    cli_json_number(json, "attempts", suite->attempts);
    cli_json_bool(json, "cached", suite->cached);
    cli_json_number(json, "seconds", suite->seconds);
    if (suite->counts.known) {
        cJSON *tests = cli_json_object();
        cli_json_number(tests, "passed", (double)suite->counts.passed);
        cli_json_number(tests, "failed", (double)suite->counts.failed);
        cli_json_number(tests, "errors", (double)suite->counts.errors);
        cli_json_number(tests, "skipped", (double)suite->counts.skipped);
        cli_json_add(json, "tests", tests);
    } else {
        cli_json_add(json, "tests", cJSON_CreateNull());
    }
    cli_json_text_or_null(json, "evaluation", suite->evaluation);
    metrics_json(json, suite->metrics, suite->metric_count);
    cli_json_add(json, "slices", slices_json(suite->slices, suite->slice_count));
    cli_json_add(json, "thresholds", slices_json(suite->thresholds, suite->threshold_count));
    cli_json_add(json, "confusion", slices_json(suite->confusion, suite->confusion_count));
    cli_json_add(json, "requirements", require);
    for (size_t i = 0; i < suite->requirement_count; i++) {
        const struct mlops_requirement_result *from = &suite->requirements[i];
        cJSON *requirement = cli_json_object();
        cli_json_text(requirement, "metric", from->metric);
        cli_json_text(requirement, "demand", from->demand);
        cli_json_bool(requirement, "met", from->met);
        cli_json_text(requirement, "detail", from->detail);
        cli_json_push(require, requirement);
    }
    cli_json_add(json, "comparisons", test_comparisons_json(suite));
    cli_json_suite_files(json, &suite->files);
    cli_expectations_json(json, suite);
    cli_json_text_or_null(json, "message", suite->message);
    cli_json_text_or_null(json, "output", suite->output);
    return json;
}

cJSON *test_report_json(const struct mlops_test_report *report)
{
    cJSON *document = cli_json_object(), *suites = cli_json_array();

    cli_json_text(document, "model", report->version.model);
    cli_json_version(document, "version", report->version.number);
    cli_json_text(document, "bundle", report->version.bundle);
    cli_json_bool(document, "passed", report->passed);
    cli_json_text(document, "sandbox", mlops_sandbox_level_name(report->sandbox));
    cli_json_add(document, "suites", suites);
    for (size_t i = 0; i < report->suite_count; i++)
        cli_json_push(suites, suite_json(&report->suites[i]));
    return document;
}
