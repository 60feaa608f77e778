/* lib/release/gate_scan.c - the newest scan of the bundle found nothing that the policy minds. */
#include "base/json.h"
#include "release/gate.h"
#include <mlops/scan.h>

/* How many findings are of the severity that the policy names, or worse; accepted ones aside. */
static uint64_t count_findings(const cJSON *body, enum policy_scan from)
{
    const cJSON *counts = cJSON_GetObjectItemCaseSensitive(body, "counts");
    uint64_t count = 0;
    for (enum policy_scan scan = from; scan <= POLICY_SCAN_CRITICAL; scan++)
        count += json_u64(counts, policy_scan_name(scan), 0);
    return count;
}

static enum policy_scan severity_of(const cJSON *finding)
{
    const char *severity = json_string(finding, "severity", "critical");
    for (enum policy_scan scan = POLICY_SCAN_LOW; scan < POLICY_SCAN_CRITICAL; scan++)
        if (str_equal(severity, policy_scan_name(scan)))
            return scan;
    return str_equal(severity, "info") ? POLICY_SCAN_NONE : POLICY_SCAN_CRITICAL;
}

/* Does the finding stand against the bundle, as far as the policy minds? */
static bool counts(const cJSON *finding, enum policy_scan demanded)
{
    if (json_bool(finding, "accepted", false))
        return false;
    bool weighs = !str_equal(json_string(finding, "verdict", ""), "safe");
    return demanded == POLICY_SCAN_SAFE ? weighs : severity_of(finding) >= demanded;
}

/* Is everything that counts among what the policy accepts? Only where the evidence has all of it.
 * `*accepted` is how many are. */
static bool all_accepted(const cJSON *body, const struct policy_stage *demands, uint64_t *accepted)
{
    const cJSON *findings = cJSON_GetObjectItemCaseSensitive(body, "findings"), *finding;
    *accepted = 0;
    if (demands->accepts.count == 0 || !json_bool(body, "whole", false) ||
        !cJSON_IsArray(findings))
        return false;
    cJSON_ArrayForEach(finding, findings)
    {
        if (!counts(finding, demands->scan))
            continue;
        if (!policy_accepts_find(&demands->accepts, finding))
            return false;
        ++*accepted;
    }
    return *accepted > 0;
}

static int judge_scan(const struct gate_context *context, const struct mlops_evidence *evidence,
                      const char *run, struct mlops_gate_result *result, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    enum policy_scan demanded = context->demands->scan;
    uint64_t accepted = 0;
    TRY(evidence_body(evidence, &body, err));
    unsigned long long scanner = (unsigned long long)json_u64(body, "scanner", 0);
    const char *summary = json_string(body, "summary", evidence->status);
    if (scanner < MLOPS_SCANNER_VERSION) {
        result->detail = xprintf("was scanned by scanner %llu, and %d finds more: %s", scanner,
                                 MLOPS_SCANNER_VERSION, run);
        return MLOPS_OK;
    }
    bool unreadable = str_equal(evidence->status, "unreadable");
    result->passed = str_equal(evidence->status, "safe");
    if (!result->passed && demanded > POLICY_SCAN_SAFE)
        result->passed = !unreadable &&
                         cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(body, "counts")) &&
                         count_findings(body, demanded) == 0;
    if (!result->passed && !unreadable && all_accepted(body, context->demands, &accepted)) {
        result->passed = true;
        result->detail = xprintf("%s, %llu of them accepted by the policy", summary,
                                 (unsigned long long)accepted);
        return MLOPS_OK;
    }
    result->detail = result->passed ? xstrdup(summary) : xprintf("%s: %s", summary, run);
    return MLOPS_OK;
}

int gate_scan(const struct gate_context *context, struct mlops_gate_result *result,
              struct mlops_error *err)
{
    _cleanup_(mlops_evidence_list_clear) struct mlops_evidence_list scans = {0};
    const struct mlops_version *version = context->version;
    _cleanup_(free_string) char *run =
        xprintf("run 'mlops scan %s@%llu'", version->model, (unsigned long long)version->number);
    TRY(mlops_evidence_list(context->registry, version->bundle, "scan", &scans, err));
    if (scans.count > 0)
        return judge_scan(context, &scans.items[scans.count - 1], run, result, err);
    result->detail = xprintf("was never scanned: %s", run);
    return MLOPS_OK;
}
