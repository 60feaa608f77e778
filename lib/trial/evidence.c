/*
 * lib/trial/evidence.c - results of suites as evidence. docs/testing.md describes the members of
 * its body.
 */
#include "trial/evidence.h"
#include "base/json.h"
#include "registry/registry.h"
#include "trial/scan.h"
#include <math.h>

/* A log entry names the digest of each piece of evidence, and has room for some 600. */
#define SUITES_PER_ENTRY 250

static void add_requirements(cJSON *json, const struct mlops_suite_result *result)
{
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
}

static void add_metrics(cJSON *json, const struct mlops_metric *metrics, size_t count)
{
    cJSON *values = json_add_object(json, "metrics"),
          *intervals = json_add_object(json, "intervals");
    for (size_t i = 0; i < count; i++) {
        json_add_number(values, metrics[i].name, metrics[i].value);
        if (isnan(metrics[i].low))
            continue;
        cJSON *interval = json_add_object(intervals, metrics[i].name);
        json_add_number(interval, "low", metrics[i].low);
        json_add_number(interval, "high", metrics[i].high);
        json_add_string(interval, "method", metrics[i].method);
    }
}

static void add_slices(cJSON *json, const struct mlops_suite_result *result)
{
    if (result->slice_count == 0)
        return;
    cJSON *slices = json_add_array(json, "slices");
    for (size_t i = 0; i < result->slice_count; i++) {
        const struct mlops_slice_result *slice = &result->slices[i];
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "name", slice->name);
        json_add_u64(item, "rows", slice->rows);
        add_metrics(item, slice->metrics, slice->metric_count);
        cJSON_AddItemToArray(slices, item);
    }
}

static cJSON *to_json(const struct project_suite *suite, const struct mlops_suite_result *result,
                      const struct suite_outcome *outcome)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "kind", result->kind);
    json_add_number(json, "seconds", result->seconds);
    json_add_number(json, "timeout_seconds", (double)suite->timeout_ns / 1e9);
    if (outcome->exit_status >= 0)
        json_add_number(json, "exit_status", outcome->exit_status);
    if (outcome->signal)
        json_add_number(json, "signal", outcome->signal);
    json_add_string(json, "inputs", outcome->inputs);
    json_add_string(json, "sandbox", mlops_sandbox_level_name(outcome->level));
    json_add_number(json, "cpu_seconds", outcome->cpu_seconds);
    json_add_u64(json, "memory_bytes", outcome->memory_bytes);
    json_add_u64(json, "output_bytes", outcome->output_bytes);
    if (outcome->network_refused)
        json_add_u64(json, "network_refused", outcome->network_refused);
    if (*result->reason)
        json_add_string(json, "reason", result->reason);
    if (result->attempts > 1) {
        json_add_number(json, "attempts", result->attempts);
        json_add_string(json, "first_failure",
                        outcome->first_failure ? outcome->first_failure : "");
    }
    json_add_string(json, "message", result->message);
    json_add_string(json, "output_tail", outcome->tail ? outcome->tail : "");
    if (*outcome->evaluation.name) {
        cJSON *set = json_add_object(json, "evaluation");
        json_add_string(set, "name", outcome->evaluation.name);
        json_add_string(set, "bundle", outcome->evaluation.bundle);
        json_add_string(set, "sha256", outcome->evaluation.sha256);
        json_add_u64(set, "rows", outcome->evaluation.rows);
        /* without namespaces the suite could have looked for them in the registry */
        json_add_bool(set, "withheld", outcome->level >= MLOPS_SANDBOX_NAMESPACES);
    }
    if (outcome->positive)
        json_add_string(json, "positive_class", outcome->positive);
    if (result->counts.known) {
        cJSON *tests = json_add_object(json, "tests");
        json_add_u64(tests, "passed", result->counts.passed);
        json_add_u64(tests, "failed", result->counts.failed);
        json_add_u64(tests, "errors", result->counts.errors);
        json_add_u64(tests, "skipped", result->counts.skipped);
    }
    if (result->metric_count > 0)
        json_add_number(json, "confidence", suite->measurement.options.confidence);
    add_metrics(json, result->metrics, result->metric_count);
    add_slices(json, result);
    add_requirements(json, result);
    return json;
}

/* `{"failed":1,"passed":2}` of those suites that were run. */
static int add_entry(struct transaction *tx, const struct mlops_test_report *report,
                     const size_t counts[], struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *detail = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    for (enum mlops_suite_status status = 0; status <= MLOPS_SUITE_SKIPPED; status++)
        if (counts[status] > 0)
            json_add_u64(detail, mlops_suite_status_name(status), counts[status]);
    TRY(json_write_canonical(detail, &text, err));
    struct audit_entry entry = {.action = "test",
                                .model = report->version.model,
                                .version = report->version.number,
                                .bundle = report->version.bundle,
                                .reason = report->passed ? "passed" : "not passed",
                                .detail = text.data};
    return audit_append(tx, &entry, err);
}

static int record_one(struct transaction *tx, const struct mlops_test_report *report, size_t index,
                      const struct project_suite *suite, const struct suite_outcome *outcome,
                      struct mlops_error *err)
{
    const struct mlops_suite_result *result = &report->suites[index];
    _cleanup_(json_free) cJSON *json = to_json(suite, result, outcome);
    _cleanup_(buffer_clear) struct buffer body = {0};
    if (json_write_canonical(json, &body, err))
        return mlops_wrap(err, "the evidence of suite '%s'", result->name);
    return evidence_record(tx, report->version.bundle, "test", result->name,
                           mlops_suite_status_name(result->status), body.data, err);
}

/* One that had to be skipped is recorded, lest older evidence stand for it. */
static bool is_news(const struct mlops_suite_result *result)
{
    return !result->cached && (result->status != MLOPS_SUITE_SKIPPED || *result->reason);
}

int trial_record(struct mlops_registry *registry, const struct mlops_test_report *report,
                 const struct project_suite *suites, const struct suite_outcome *outcomes,
                 const struct mlops_scan_report *scan, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    size_t counts[MLOPS_SUITE_SKIPPED + 1] = {0}, recorded = 0;
    bool any = scan;
    for (size_t i = 0; i < report->suite_count; i++) {
        counts[report->suites[i].status] += !report->suites[i].cached;
        any = any || is_news(&report->suites[i]);
    }
    if (!any)
        return MLOPS_OK;
    TRY(transaction_begin(registry, &tx, err));
    for (size_t i = 0; i + 1 < report->suite_count; i++) {
        if (!is_news(&report->suites[i]))
            continue;
        if (recorded > 0 && recorded % SUITES_PER_ENTRY == 0)
            TRY(add_entry(tx, report, counts, err));
        TRY(record_one(tx, report, i, &suites[i], &outcomes[i], err));
        recorded++;
    }
    if (scan)
        TRY(scan_record(tx, scan, err));
    TRY(add_entry(tx, report, counts, err));
    return transaction_commit(TAKE_PTR(tx), err);
}
