/* lib/trial/scan_evidence.c - a report as evidence: bounded, the worst first. */
#include "base/json.h"
#include "registry/registry.h"
#include "trial/scan.h"
#include <mlops/text.h>

#define EVIDENCE_FINDINGS_MAX 200

cJSON *scan_counts(const struct mlops_scan_report *report)
{
    cJSON *json = cJSON_CreateObject();
    size_t counts[MLOPS_SEVERITY_CRITICAL + 1] = {0}, accepted = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        counts[report->findings[i].rule.severity] += !report->findings[i].accepted;
        accepted += report->findings[i].accepted;
    }
    for (enum mlops_severity i = MLOPS_SEVERITY_INFO; i <= MLOPS_SEVERITY_CRITICAL; i++)
        json_add_u64(json, mlops_severity_name(i), counts[i]);
    json_add_u64(json, "accepted", accepted);
    return json;
}

static cJSON *finding_json(const struct mlops_scan_finding *finding)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "rule", finding->rule.id);
    json_add_string(json, "severity", mlops_severity_name(finding->rule.severity));
    json_add_string(json, "verdict", mlops_scan_verdict_name(finding->rule.verdict));
    json_add_string(json, "file", finding->file);
    json_add_u64(json, "offset", finding->offset);
    json_add_string(json, "message", finding->message);
    json_add_bool(json, "accepted", finding->accepted);
    if (finding->accepted)
        json_add_string(json, "reason", finding->reason);
    return json;
}

int scan_record(struct transaction *tx, const struct mlops_scan_report *report,
                struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer body = {0};
    _cleanup_(free_string) char *summary = scan_summary(report);
    size_t kept = report->finding_count;
    if (kept > EVIDENCE_FINDINGS_MAX)
        kept = EVIDENCE_FINDINGS_MAX;
    json_add_u64(json, "scanner", MLOPS_SCANNER_VERSION);
    json_add_string(json, "mlops", mlops_library_version());
    json_add_string(json, "summary", summary);
    if (report->advisories[0])
        json_add_string(json, "advisories", report->advisories);
    json_add_u64(json, "files", report->files);
    json_add_u64(json, "bytes", report->bytes);
    cJSON_AddItemToObject(json, "counts", scan_counts(report));
    json_add_bool(json, "whole", !report->overflow && kept == report->finding_count);
    cJSON *findings = json_add_array(json, "findings");
    for (size_t i = 0; i < kept; i++)
        cJSON_AddItemToArray(findings, finding_json(&report->findings[i]));
    if (json_write_canonical(json, &body, err))
        return mlops_wrap(err, "the evidence of the scan");
    return evidence_record(tx, report->version.bundle, "scan", "scan",
                           mlops_scan_verdict_name(report->verdict), body.data, err);
}

char *scan_summary(const struct mlops_scan_report *report)
{
    size_t counted = 0, remarks = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        bool weighs = report->findings[i].rule.verdict != MLOPS_SCAN_SAFE;
        counted += weighs && !report->findings[i].accepted;
        remarks += !weighs || report->findings[i].accepted;
    }
    const struct mlops_scan_finding *worst = counted ? &report->findings[0] : NULL;
    const char *verdict = mlops_scan_verdict_name(report->verdict);
    unsigned long long files = (unsigned long long)report->files;
    if (!worst)
        return xprintf("%s: %llu %s, %zu %s", verdict, files, files == 1 ? "file" : "files",
                       remarks, remarks == 1 ? "remark" : "remarks");
    _cleanup_(free_string) char *more =
        counted > 1 ? xprintf(", and %zu more", counted - 1) : xstrdup("");
    return xprintf("%s: %s %s (%s)%s", verdict, worst->file, worst->message, worst->rule.id, more);
}
