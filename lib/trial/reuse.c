/* lib/trial/reuse.c - evidence that stands for another run. */
#include "trial/reuse.h"
#include "base/clock.h"
#include "base/json.h"
#include "bundle/comparison.h"
#include "registry/registry.h"
#include "stats/interval.h"
#include "trial/data_run.h"
#include "trial/log.h"
#include <math.h>
#include <mlops/scan.h>
#include <mlops/text.h>

static const struct mlops_evidence *newest(const struct mlops_evidence_list *list, const char *name)
{
    for (size_t i = list->count; i-- > 0;)
        if (str_equal(list->items[i].name, name))
            return &list->items[i];
    return NULL;
}

static bool parse_level(const char *name, enum mlops_sandbox_level *level)
{
    for (enum mlops_sandbox_level i = MLOPS_SANDBOX_LIMITS; i <= MLOPS_SANDBOX_FULL; i++)
        if (str_equal(mlops_sandbox_level_name(i), name)) {
            *level = i;
            return true;
        }
    return false;
}

/* Of a suite or of one of its slices; the caller frees. */
static struct mlops_metric *take_metrics(const cJSON *body, size_t *count)
{
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(body, "metrics"), *item;
    const cJSON *intervals = cJSON_GetObjectItemCaseSensitive(body, "intervals");
    struct mlops_metric *taken = xcalloc((size_t)cJSON_GetArraySize(metrics), sizeof(*taken));
    *count = 0;
    cJSON_ArrayForEach(item, metrics)
    {
        const cJSON *interval = cJSON_GetObjectItemCaseSensitive(intervals, item->string);
        struct mlops_metric *metric = &taken[(*count)++];
        str_copy(metric->name, sizeof(metric->name), item->string);
        metric->value = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
        metric->low = json_number(interval, "low", (double)NAN);
        metric->high = json_number(interval, "high", (double)NAN);
        metric->confidence = json_number(interval, "confidence", 0);
        metric->method =
            interval_method_name(interval_method_named(json_string(interval, "method", "none")));
    }
    return taken;
}

/* "slices", "thresholds" or "confusion"; the caller frees. */
static struct mlops_slice_result *take_slices(const cJSON *body, const char *key, size_t *count)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(body, key), *item;
    struct mlops_slice_result *taken =
        xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*taken));
    *count = 0;
    cJSON_ArrayForEach(item, array)
    {
        struct mlops_slice_result *slice = &taken[(*count)++];
        slice->name = xstrdup(json_string(item, "name", ""));
        slice->rows = json_u64(item, "rows", 0);
        slice->metrics = take_metrics(item, &slice->metric_count);
    }
    return taken;
}

static void take_requirements(const cJSON *body, struct mlops_suite_result *result)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(body, "requirements"), *item;
    result->requirements =
        xcalloc((size_t)cJSON_GetArraySize(array), sizeof(*result->requirements));
    cJSON_ArrayForEach(item, array)
    {
        struct mlops_requirement_result *one = &result->requirements[result->requirement_count++];
        str_copy(one->metric, sizeof(one->metric), json_string(item, "metric", ""));
        one->demand = xstrdup(json_string(item, "demand", ""));
        one->detail = xstrdup(json_string(item, "detail", ""));
        one->met = json_bool(item, "met", false);
    }
}

static void take_counts(const cJSON *body, struct mlops_test_counts *counts)
{
    const cJSON *tests = cJSON_GetObjectItemCaseSensitive(body, "tests");
    *counts = (struct mlops_test_counts){.known = cJSON_IsObject(tests),
                                         .passed = json_u64(tests, "passed", 0),
                                         .failed = json_u64(tests, "failed", 0),
                                         .errors = json_u64(tests, "errors", 0),
                                         .skipped = json_u64(tests, "skipped", 0)};
}

static void take_expectations(const cJSON *body, struct mlops_suite_result *result)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(body, "expectations"), *item, *example;
    result->expectations =
        xcalloc((size_t)cJSON_GetArraySize(array), sizeof(*result->expectations));
    cJSON_ArrayForEach(item, array)
    {
        const cJSON *examples = cJSON_GetObjectItemCaseSensitive(item, "examples");
        struct mlops_expectation_result *one = &result->expectations[result->expectation_count++];
        one->name = xstrdup(json_string(item, "name", ""));
        one->detail = xstrdup(json_string(item, "detail", ""));
        one->met = json_bool(item, "met", false);
        one->judged = json_u64(item, "judged", 0);
        one->unexpected = json_u64(item, "unexpected", 0);
        one->examples = xcalloc((size_t)cJSON_GetArraySize(examples), sizeof(*one->examples));
        cJSON_ArrayForEach(example, examples) one->examples[one->example_count++] =
            (struct mlops_expectation_example){.line = json_u64(example, "line", 0),
                                               .value = xstrdup(json_string(example, "value", ""))};
    }
}

static int take(const struct mlops_evidence *evidence, const char *inputs, bool data,
                enum mlops_sandbox_wish wish, struct mlops_suite_result *result,
                enum mlops_sandbox_level *level, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", &body, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
    }
    if (!str_equal(json_string(body, "inputs", ""), inputs) ||
        (!data && !parse_level(json_string(body, "sandbox", ""), level)) ||
        (wish == MLOPS_SANDBOX_STRICT && *level != MLOPS_SANDBOX_FULL))
        return MLOPS_OK;
    double until = json_number(body, "holds_until", INFINITY);
    if (until < (double)clock_now_ns() / 1e9)
        return MLOPS_OK; /* the data has become too old since */
    bool examined = cJSON_HasObjectItem(body, "evaluation");
    if (examined && *level < MLOPS_SANDBOX_NAMESPACES && wish != MLOPS_SANDBOX_NONE)
        return MLOPS_OK; /* it could have looked for the labels: perhaps it cannot now */
    result->status = MLOPS_SUITE_PASSED;
    result->cached = true;
    result->seconds = json_number(body, "seconds", 0);
    str_copy(result->evaluation, sizeof(result->evaluation),
             json_string(cJSON_GetObjectItemCaseSensitive(body, "evaluation"), "name", ""));
    suite_files_read(body, &result->files);
    result->metrics = take_metrics(body, &result->metric_count);
    result->slices = take_slices(body, "slices", &result->slice_count);
    result->thresholds = take_slices(body, "thresholds", &result->threshold_count);
    result->confusion = take_slices(body, "confusion", &result->confusion_count);
    take_requirements(body, result);
    take_expectations(body, result);
    take_counts(body, &result->counts);
    result->comparisons = comparisons_read(body, &result->comparison_count);
    return MLOPS_OK;
}

int reuse_suite(struct mlops_registry *registry, const struct mlops_version *version,
                const struct project_suite *suite, const char *inputs, enum mlops_sandbox_wish wish,
                struct mlops_suite_result *result, enum mlops_sandbox_level *level,
                struct mlops_error *err)
{
    struct mlops_evidence_list list = {0};
    if (suite->execution.network) /* what is out there may have changed */
        return MLOPS_OK;
    TRY(mlops_evidence_list(registry, version->bundle, "test", &list, err));
    const struct mlops_evidence *evidence = newest(&list, suite->name);
    int code = MLOPS_OK;
    if (evidence && str_equal(evidence->status, "passed"))
        code = take(evidence, inputs, suite_reads_data(suite), wish, result, level, err);
    mlops_evidence_list_clear(&list);
    return code;
}

static bool stands(const cJSON *body)
{
    return json_u64(body, "scanner", 0) == MLOPS_SCANNER_VERSION &&
           str_equal(json_string(body, "mlops", ""), mlops_library_version()) &&
           !cJSON_HasObjectItem(body, "advisories");
}

/* Evidence of every kind: an acceptance may have been withdrawn since. */
static int find_scan(const struct mlops_evidence_list *list, bool *safe, struct mlops_error *err)
{
    const struct mlops_evidence *scan = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal(list->items[i].kind, "acceptance"))
            return MLOPS_OK;
        if (str_equal(list->items[i].kind, "scan"))
            scan = &list->items[i];
    }
    if (!scan || !str_equal(scan->status, mlops_scan_verdict_name(MLOPS_SCAN_SAFE)))
        return MLOPS_OK;
    _cleanup_(json_free) cJSON *body = NULL;
    if (json_parse(scan->body, strlen(scan->body), "evidence", &body, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_wrap(err, "evidence %llu", (unsigned long long)scan->id);
    }
    *safe = stands(body);
    return MLOPS_OK;
}

int reuse_scan(struct mlops_registry *registry, const struct mlops_version *version, bool *safe,
               struct mlops_error *err)
{
    struct mlops_evidence_list list = {0};
    *safe = false;
    TRY(mlops_evidence_list(registry, version->bundle, NULL, &list, err));
    int code = find_scan(&list, safe, err);
    mlops_evidence_list_clear(&list);
    return code;
}
