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

static int judge_scan(const struct gate_context *context, const struct mlops_evidence *evidence,
                      const char *run, struct mlops_gate_result *result, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *body = NULL;
    enum policy_scan demanded = context->demands->scan;
    TRY(evidence_body(evidence, &body, err));
    unsigned long long scanner = (unsigned long long)json_u64(body, "scanner", 0);
    const char *summary = json_string(body, "summary", evidence->status);
    if (scanner < MLOPS_SCANNER_VERSION) {
        result->detail = xprintf("was scanned by scanner %llu, and %d finds more: %s", scanner,
                                 MLOPS_SCANNER_VERSION, run);
        return MLOPS_OK;
    }
    result->passed = str_equal(evidence->status, "safe");
    if (!result->passed && demanded > POLICY_SCAN_SAFE)
        result->passed = !str_equal(evidence->status, "unreadable") &&
                         cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(body, "counts")) &&
                         count_findings(body, demanded) == 0;
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
