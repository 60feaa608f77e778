/*
 * lib/report/sarif.c - findings as SARIF 2.1.0, for those who show findings of many tools in one
 * place. Section numbers are those of the OASIS standard of 27 March 2020, errata 01.
 */
#include "base/json.h"
#include <mlops/scan.h>
#include <mlops/text.h>
#include <stdio.h>

#define SCHEMA                                                                                     \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static void add_text(cJSON *json, const char *key, const char *text)
{
    json_add_string(json_add_object(json, key), "text", text);
}

/* §3.27.10: "note" is for what is no problem. */
static const char *level(const struct mlops_scan_rule *rule)
{
    if (rule->verdict == MLOPS_SCAN_SAFE)
        return "note";
    return rule->severity >= MLOPS_SEVERITY_HIGH ? "error" : "warning";
}

/* What GitHub's code scanning sorts by: 0 to 10, as CVSS. */
static const char *security_severity(enum mlops_severity severity)
{
    static const char *const scores[] = {"0.0", "2.0", "5.0", "8.0", "9.5"};
    return scores[severity];
}

static cJSON *rule_json(const struct mlops_scan_rule *rule)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "id", rule->id);
    add_text(json, "shortDescription", rule->summary);
    add_text(json, "help", rule->advice);
    json_add_string(json_add_object(json, "defaultConfiguration"), "level", level(rule));
    cJSON *properties = json_add_object(json, "properties");
    json_add_string(properties, "severity", mlops_severity_name(rule->severity));
    json_add_string(properties, "verdict", mlops_scan_verdict_name(rule->verdict));
    json_add_string(properties, "security-severity", security_severity(rule->severity));
    json_append_text(json_add_array(properties, "tags"), "security");
    return json;
}

static cJSON *driver_json(const struct mlops_scan_rule_list *rules)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "name", "mlops scan");
    json_add_string(json, "version", mlops_library_version());
    cJSON *list = json_add_array(json, "rules");
    for (size_t i = 0; i < rules->count; i++)
        cJSON_AddItemToArray(list, rule_json(&rules->items[i]));
    json_add_u64(json_add_object(json, "properties"), "scanner", MLOPS_SCANNER_VERSION);
    return json;
}

/* A URI reference (RFC 3986) of the first `length` bytes of a path. A colon is escaped, as what
 * stands before one would be a scheme. */
static char *path_uri(const char *path, size_t length)
{
    struct buffer uri = {0};
    buffer_puts(&uri, length && *path == '/' ? "file://" : "");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)path[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != 0 && strchr("-._~/!$&'()*+,;=@", c));
        if (plain)
            buffer_append(&uri, &path[i], 1);
        else
            buffer_printf(&uri, "%%%02X", (unsigned)c);
    }
    return buffer_steal(&uri);
}

/* The file that a tool can open, with the offset in it; for a member of a container, its whole way
 * as a logical location, as the offset is not one of the file's (§3.28). */
static cJSON *location_json(const struct mlops_scan_finding *finding)
{
    _cleanup_(free_string) char *uri = path_uri(finding->file, finding->outer);
    cJSON *json = cJSON_CreateObject();
    cJSON *physical = json_add_object(json, "physicalLocation");
    json_add_string(json_add_object(physical, "artifactLocation"), "uri", uri);
    if (finding->file[finding->outer] == '\0') {
        json_add_u64(json_add_object(physical, "region"), "byteOffset", finding->offset);
        return json;
    }
    cJSON *logical = cJSON_CreateObject();
    json_add_string(logical, "fullyQualifiedName", finding->file);
    json_add_string(logical, "kind", "member");
    cJSON_AddItemToArray(json_add_array(json, "logicalLocations"), logical);
    return json;
}

static size_t rule_index(const struct mlops_scan_rule_list *rules, const char *id)
{
    size_t low = 0, high = rules->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(rules->items[middle].id, id) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static cJSON *result_json(const struct mlops_scan_finding *finding,
                          const struct mlops_scan_rule_list *rules)
{
    cJSON *json = cJSON_CreateObject();
    _cleanup_(free_string) char *message = xprintf("%s %s", finding->file, finding->message);
    json_add_string(json, "ruleId", finding->rule.id);
    json_add_u64(json, "ruleIndex", rule_index(rules, finding->rule.id));
    json_add_string(json, "level", level(&finding->rule));
    add_text(json, "message", message);
    cJSON_AddItemToArray(json_add_array(json, "locations"), location_json(finding));
    cJSON *suppressions = json_add_array(json, "suppressions"); /* empty: none (§3.27.23) */
    if (finding->accepted) {
        cJSON *suppression = cJSON_CreateObject();
        json_add_string(suppression, "kind", "external");
        json_add_string(suppression, "status", "accepted");
        json_add_string(suppression, "justification", finding->reason);
        cJSON_AddItemToArray(suppressions, suppression);
    }
    json_add_u64(json_add_object(json, "properties"), "offset", finding->offset);
    return json;
}

static cJSON *run_json(const struct mlops_scan_report *report,
                       const struct mlops_scan_rule_list *rules)
{
    cJSON *json = cJSON_CreateObject(), *invocation = cJSON_CreateObject();
    cJSON_AddItemToObject(json_add_object(json, "tool"), "driver", driver_json(rules));
    json_add_bool(invocation, "executionSuccessful", true);
    cJSON_AddItemToArray(json_add_array(json, "invocations"), invocation);
    cJSON *results = json_add_array(json, "results");
    for (size_t i = 0; i < report->finding_count; i++)
        cJSON_AddItemToArray(results, result_json(&report->findings[i], rules));
    cJSON *properties = json_add_object(json, "properties");
    json_add_string(properties, "verdict", mlops_scan_verdict_name(report->verdict));
    json_add_u64(properties, "files", report->files);
    json_add_u64(properties, "bytes", report->bytes);
    if (report->version.bundle[0])
        json_add_string(properties, "bundle", report->version.bundle);
    return json;
}

int mlops_scan_sarif(const struct mlops_scan_report *report, char **text, struct mlops_error *err)
{
    _cleanup_(mlops_scan_rule_list_clear) struct mlops_scan_rule_list rules = {0};
    _cleanup_(json_free) cJSON *document = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer out = {0};
    mlops_scan_rule_list(&rules);
    json_add_string(document, "$schema", SCHEMA);
    json_add_string(document, "version", "2.1.0");
    cJSON_AddItemToArray(json_add_array(document, "runs"), run_json(report, &rules));
    TRY(json_write_canonical(document, &out, err));
    *text = buffer_steal(&out);
    return MLOPS_OK;
}
