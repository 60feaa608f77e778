/* lib/trust/report.c - what was found in many files: the worst first, within bounds, and what of it
 * was accepted. */
#include "trust/run.h"
#include <fnmatch.h>

_Static_assert((int)VERDICT_UNSAFE == (int)MLOPS_SCAN_UNSAFE &&
                   (int)VERDICT_UNREADABLE == (int)MLOPS_SCAN_UNREADABLE &&
                   (int)SEVERITY_CRITICAL == (int)MLOPS_SEVERITY_CRITICAL &&
                   FINDINGS_MAX == MLOPS_SCAN_FINDINGS_MAX,
               "the public names stand for the same");

/* Findings are gathered up to so many before the least of them are dropped. */
#define GATHERED_MAX ((size_t)2 * MLOPS_SCAN_FINDINGS_MAX)

static int by_number(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int weight(const struct mlops_scan_finding *finding)
{
    if (finding->accepted)
        return -1;
    return (int)finding->rule.verdict * 8 + (int)finding->rule.severity;
}

/* Total, so that what is kept does not depend on which thread came first. */
static int by_weight(const void *left, const void *right)
{
    const struct mlops_scan_finding *a = left, *b = right;
    int order = weight(b) - weight(a);
    if (order == 0)
        order = strcmp(a->file, b->file);
    if (order == 0)
        order = by_number(a->offset, b->offset);
    if (order == 0)
        order = strcmp(a->rule.id, b->rule.id);
    return order ? order : strcmp(a->message, b->message);
}

static void finding_clear(struct mlops_scan_finding *finding)
{
    free(finding->file);
    free(finding->message);
    free(finding->reason);
}

static void sort_and_cut(struct mlops_scan_report *report)
{
    if (report->finding_count)
        qsort(report->findings, report->finding_count, sizeof(*report->findings), by_weight);
    while (report->finding_count > MLOPS_SCAN_FINDINGS_MAX) {
        finding_clear(&report->findings[--report->finding_count]);
        report->overflow = true;
    }
}

static struct mlops_scan_rule public_rule(const struct rule *rule)
{
    return (struct mlops_scan_rule){
        .id = rule->id,
        .summary = rule->summary,
        .advice = rule->advice,
        .severity = (enum mlops_severity)rule->severity,
        .verdict = (enum mlops_scan_verdict)rule->verdict,
        .acceptable = rule->verdict != VERDICT_UNSAFE && rule->severity != SEVERITY_CRITICAL,
    };
}

void report_take(struct mlops_scan_report *report, const char *path, struct findings *findings)
{
    _cleanup_(free_string) char *shown = path ? finding_text(path) : NULL;
    size_t count = report->finding_count, length = shown ? strlen(shown) : SIZE_MAX;
    report->findings =
        xrealloc(report->findings, count + findings->count + 1, sizeof(*report->findings));
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *from = &findings->items[i];
        size_t whole = strlen(from->file);
        report->findings[count + i] = (struct mlops_scan_finding){
            .rule = public_rule(from->rule),
            .outer = whole < length ? whole : length,
            .file = TAKE_PTR(from->file),
            .offset = from->offset,
            .message = TAKE_PTR(from->message),
        };
    }
    report->finding_count += findings->count;
    report->overflow |= findings->overflow;
    if ((int)findings->verdict > (int)report->verdict)
        report->verdict = (enum mlops_scan_verdict)findings->verdict;
    findings_clear(findings);
    if (report->finding_count > GATHERED_MAX)
        sort_and_cut(report);
}

size_t report_accept(struct mlops_scan_report *report, const char *rule, const char *files,
                     const char *reason)
{
    size_t meant = 0;
    enum mlops_scan_verdict verdict = MLOPS_SCAN_SAFE;
    for (size_t i = 0; i < report->finding_count; i++) {
        struct mlops_scan_finding *finding = &report->findings[i];
        if (finding->rule.acceptable && str_equal(finding->rule.id, rule) &&
            (!files || fnmatch(files, finding->file, 0) == 0)) {
            meant++;
            finding->accepted = true;
            free(finding->reason);
            finding->reason = xstrdup(reason);
        }
        if (!finding->accepted && finding->rule.verdict > verdict)
            verdict = finding->rule.verdict;
    }
    if (!report->overflow) /* what is not listed is not accepted */
        report->verdict = verdict;
    return meant;
}

/* Where a finding stands, and where the worst of its file does. */
struct place {
    const char *file;
    size_t position, worst;
};

static int by_file(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = strcmp(a->file, b->file);
    return order ? order : by_number(a->position, b->position);
}

static int by_worst(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    int order = by_number(a->worst, b->worst);
    return order ? order : by_number(a->position, b->position);
}

/* Put the findings of each file beside the worst of them. */
static void group(struct mlops_scan_report *report)
{
    size_t count = report->finding_count;
    struct place *places = xcalloc(count, sizeof(*places));
    struct mlops_scan_finding *grouped = xcalloc(count, sizeof(*grouped));
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){.file = report->findings[i].file, .position = i};
    qsort(places, count, sizeof(*places), by_file);
    for (size_t i = 0; i < count; i++)
        places[i].worst = i > 0 && str_equal(places[i].file, places[i - 1].file)
                              ? places[i - 1].worst
                              : places[i].position;
    qsort(places, count, sizeof(*places), by_worst);
    for (size_t i = 0; i < count; i++)
        grouped[i] = report->findings[places[i].position];
    free(report->findings);
    report->findings = grouped;
    free(places);
}

void report_finish(struct mlops_scan_report *report)
{
    sort_and_cut(report);
    if (report->finding_count)
        group(report);
}

void mlops_scan_report_clear(struct mlops_scan_report *report)
{
    for (size_t i = 0; i < report->finding_count; i++)
        finding_clear(&report->findings[i]);
    free(report->findings);
    *report = (struct mlops_scan_report){0};
}

/* ---- rules ---------------------------------------------------------------------------------- */

static int by_id(const void *left, const void *right)
{
    return strcmp(((const struct mlops_scan_rule *)left)->id,
                  ((const struct mlops_scan_rule *)right)->id);
}

void mlops_scan_rule_list(struct mlops_scan_rule_list *list)
{
    const struct rule *rules = rules_all(&list->count);
    list->items = xcalloc(list->count, sizeof(*list->items));
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = public_rule(&rules[i]);
    qsort(list->items, list->count, sizeof(*list->items), by_id);
}

void mlops_scan_rule_list_clear(struct mlops_scan_rule_list *list)
{
    free(list->items);
    *list = (struct mlops_scan_rule_list){0};
}

const char *mlops_scan_verdict_name(enum mlops_scan_verdict verdict)
{
    return verdict_name((enum verdict)verdict);
}

const char *mlops_severity_name(enum mlops_severity severity)
{
    return severity_name((enum severity)severity);
}

int report_load_advisories(struct mlops_scan_report *report, const char *path,
                           struct advisories **advisories, struct mlops_error *err)
{
    *advisories = NULL;
    if (!path)
        return MLOPS_OK;
    TRY(advisories_load(path, advisories, err));
    digest_to_hex(advisories_digest(*advisories), report->advisories);
    return MLOPS_OK;
}
