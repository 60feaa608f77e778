/*
 * lib/trial/evidence.c - results of suites as evidence. docs/testing.md describes the members of
 * its body.
 */
#include "trial/evidence.h"
#include "base/json.h"
#include "bundle/comparison.h"
#include "bundle/reach.h"
#include "registry/condemned.h"
#include "registry/registry.h"
#include "trial/data_run.h"
#include "trial/inputs.h"
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
        if (metrics[i].confidence > 0)
            json_add_number(interval, "confidence", metrics[i].confidence);
    }
}

/* `key`: "slices", "thresholds" or "confusion"; left out where there are none. */
static void add_slices(cJSON *json, const char *key, const struct mlops_slice_result *slices,
                       size_t count)
{
    if (count == 0)
        return;
    cJSON *array = json_add_array(json, key);
    for (size_t i = 0; i < count; i++) {
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "name", slices[i].name);
        json_add_u64(item, "rows", slices[i].rows);
        add_metrics(item, slices[i].metrics, slices[i].metric_count);
        cJSON_AddItemToArray(array, item);
    }
}

static void add_kept(cJSON *json, const char *name, const struct mlops_kept *kept)
{
    cJSON *item = json_add_object(json, name);
    json_add_u64(item, "bytes", kept->bytes);
    if (*kept->sha256)
        json_add_string(item, "sha256", kept->sha256);
}

/* Predictions without a digest were too large to be kept. */
static void add_files(cJSON *json, const struct mlops_suite_files *files)
{
    if (*files->output.sha256) {
        cJSON *logs = json_add_object(json, "logs");
        add_kept(logs, KEEP_OUTPUT, &files->output);
        add_kept(logs, KEEP_ERRORS, &files->errors);
        json_add_bool(logs, "cut", files->cut);
    }
    if (files->predictions.bytes > 0)
        add_kept(json, KEEP_PREDICTIONS, &files->predictions);
}

static void add_expectations(cJSON *json, const struct mlops_suite_result *result)
{
    cJSON *expectations = json_add_array(json, "expectations");
    for (size_t i = 0; i < result->expectation_count; i++) {
        const struct mlops_expectation_result *one = &result->expectations[i];
        cJSON *item = cJSON_CreateObject();
        json_add_string(item, "name", one->name);
        json_add_string(item, "detail", one->detail);
        json_add_bool(item, "met", one->met);
        json_add_u64(item, "judged", one->judged);
        json_add_u64(item, "unexpected", one->unexpected);
        cJSON *examples = json_add_array(item, "examples");
        for (size_t j = 0; j < one->example_count; j++) {
            cJSON *example = cJSON_CreateObject();
            json_add_u64(example, "line", one->examples[j].line);
            json_add_string(example, "value", one->examples[j].value);
            cJSON_AddItemToArray(examples, example);
        }
        cJSON_AddItemToArray(expectations, item);
    }
}

/* Which limits the kernel held, rather than our looking. */
static void add_held(cJSON *json, const struct suite_outcome *outcome)
{
    cJSON *held = json_add_array(json, "held_by_kernel");
    if (outcome->memory_group)
        json_append_text(held, "memory");
    if (outcome->processes_group)
        json_append_text(held, "processes");
}

/* A data suite runs no command, so that there is nothing to say of one. */
static cJSON *data_to_json(const struct mlops_suite_result *result,
                           const struct suite_outcome *outcome)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "kind", result->kind);
    json_add_number(json, "seconds", result->seconds);
    json_add_string(json, "inputs", outcome->inputs);
    json_add_string(json, "message", result->message);
    if (*result->reason)
        json_add_string(json, "reason", result->reason);
    if (outcome->until_ns)
        json_add_number(json, "holds_until", floor((double)outcome->until_ns / 1e9));
    cJSON *tests = json_add_object(json, "tests");
    json_add_u64(tests, "passed", result->counts.passed);
    json_add_u64(tests, "failed", result->counts.failed);
    add_expectations(json, result);
    return json;
}

static cJSON *to_json(const struct mlops_version *version, const struct project_suite *suite,
                      const struct mlops_suite_result *result, const struct suite_outcome *outcome)
{
    if (suite_reads_data(suite))
        return data_to_json(result, outcome);
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "kind", result->kind);
    json_add_number(json, "seconds", result->seconds);
    json_add_number(json, "timeout_seconds", (double)suite->timeout_ns / 1e9);
    if (outcome->exit_status >= 0)
        json_add_number(json, "exit_status", outcome->exit_status);
    if (outcome->signal)
        json_add_number(json, "signal", outcome->signal);
    json_add_string(json, "inputs", outcome->inputs);
    inputs_describe(version, suite, outcome->level >= MLOPS_SANDBOX_NAMESPACES, json);
    json_add_string(json, "sandbox", mlops_sandbox_level_name(outcome->level));
    json_add_string(json, "layer", checkout_kind_name(outcome->kind));
    add_held(json, outcome);
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
    add_files(json, &result->files);
    if (*outcome->evaluation.name) {
        cJSON *set = json_add_object(json, "evaluation");
        json_add_string(set, "name", outcome->evaluation.name);
        json_add_string(set, "bundle", outcome->evaluation.bundle);
        json_add_string(set, "sha256", outcome->evaluation.sha256);
        json_add_u64(set, "rows", outcome->evaluation.rows);
        /* without namespaces the suite could have looked for them in the registry */
        json_add_bool(set, "withheld", outcome->level >= MLOPS_SANDBOX_NAMESPACES);
    }
    if (outcome->machine) {
        cJSON *latency = json_add_object(json, "latency");
        json_add_u64(latency, "requests", suite->budgets.requests);
        json_add_u64(latency, "warm_up", suite->budgets.warm_up);
        json_add_u64(latency, "batch", suite->budgets.batch);
        json_add_string(latency, "machine", outcome->machine);
    }
    json_add_text(json, "positive_class", outcome->positive);
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
    add_slices(json, "slices", result->slices, result->slice_count);
    add_slices(json, "thresholds", result->thresholds, result->threshold_count);
    add_slices(json, "confusion", result->confusion, result->confusion_count);
    add_requirements(json, result);
    comparisons_write(result->comparisons, result->comparison_count, json);
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
    _cleanup_(json_free) cJSON *json = to_json(&report->version, suite, result, outcome);
    _cleanup_(buffer_clear) struct buffer body = {0};
    if (json_write_canonical(json, &body, err))
        return mlops_wrap(err, "the evidence of suite '%s'", result->name);
    TRY(evidence_record(tx, report->version.bundle, "test", result->name,
                        mlops_suite_status_name(result->status), body.data, err));
    return keep_record(tx, &outcome->files, err);
}

/* One that had to be skipped is recorded, lest older evidence stand for it. */
static bool is_news(const struct mlops_suite_result *result)
{
    return !result->cached && (result->status != MLOPS_SUITE_SKIPPED || *result->reason);
}

static int record_all(struct transaction *tx, const struct mlops_test_report *report,
                      const struct project_suite *suites, const struct suite_outcome *outcomes,
                      const struct mlops_scan_report *scan, struct mlops_error *err)
{
    size_t counts[MLOPS_SUITE_SKIPPED + 1] = {0}, recorded = 0;
    for (size_t i = 0; i < report->suite_count; i++)
        counts[report->suites[i].status] += !report->suites[i].cached;
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
    return add_entry(tx, report, counts, err);
}

/* What the suites of this run left. The caller frees the array. */
static struct kept_files **files_of(const struct mlops_test_report *report,
                                    struct suite_outcome *outcomes, size_t *count)
{
    struct kept_files **files = xcalloc(report->suite_count + 1, sizeof(*files));
    *count = 0;
    for (size_t i = 0; i + 1 < report->suite_count; i++)
        if (is_news(&report->suites[i]))
            files[(*count)++] = &outcomes[i].files;
    return files;
}

static int save(struct transaction *tx, struct mlops_registry *registry,
                struct kept_files *const *files, size_t count, uint64_t round, bool *gone,
                struct mlops_error *err)
{
    size_t stored = 0, most = 1;
    for (size_t i = 0; i < count; i++)
        most += kept_files_count(files[i]);
    struct digest *digests = xcalloc(most, sizeof(*digests));
    for (size_t i = 0; i < count; i++)
        stored += kept_files_digests(files[i], digests + stored);
    *gone = false;
    int code =
        stored > 0 ? reach_save_objects(tx, registry, digests, stored, round, gone, err) : MLOPS_OK;
    free(digests);
    return code;
}

/* As every writer: what gc took away meanwhile is stored again (docs/store.md, "Garbage"). */
static int record_once(struct mlops_registry *registry, struct mlops_test_report *report,
                       const struct project_suite *suites, struct suite_outcome *outcomes,
                       const struct mlops_scan_report *scan, bool *gone, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    uint64_t round;
    size_t count;
    struct kept_files **files = files_of(report, outcomes, &count);
    int code = condemned_round(registry, &round, err);
    if (code == MLOPS_OK)
        code = keep_store(registry, files, count, err);
    for (size_t i = 0; code == MLOPS_OK && i + 1 < report->suite_count; i++)
        if (is_news(&report->suites[i]))
            keep_tell(&outcomes[i].files, &report->suites[i]);
    if (code == MLOPS_OK)
        code = transaction_begin(registry, &tx, err);
    if (code == MLOPS_OK)
        code = save(tx, registry, files, count, round, gone, err);
    free(files);
    TRY(code);
    if (*gone)
        return MLOPS_OK;
    TRY(record_all(tx, report, suites, outcomes, scan, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int trial_record(struct mlops_registry *registry, struct mlops_test_report *report,
                 const struct project_suite *suites, struct suite_outcome *outcomes,
                 const struct mlops_scan_report *scan, struct mlops_error *err)
{
    bool any = scan, gone = true;
    for (size_t i = 0; i < report->suite_count; i++)
        any = any || is_news(&report->suites[i]);
    if (!any)
        return MLOPS_OK;
    for (int i = 0; gone && i < REACH_ATTEMPTS; i++) {
        gone = false;
        TRY(record_once(registry, report, suites, outcomes, scan, &gone, err));
    }
    return gone ? reach_fail(err) : MLOPS_OK;
}
