/*
 * lib/report/test_ci.c - the report of a test run for those who run it: workflow commands of GitHub
 * Actions ("Workflow commands for GitHub Actions" in GitHub's documentation) and a metrics report of
 * GitLab ("Metrics reports" in GitLab's), which reads OpenMetrics' text format.
 */
#include "base/buffer.h"
#include <math.h>
#include <mlops/testreport.h>
#include <stdio.h>

/* As the toolkit of GitHub Actions escapes: values end at a line's end, properties also at a colon
 * and a comma. */
static void add_escaped(struct buffer *text, const char *value, bool property)
{
    for (; *value; value++) {
        bool special = *value == '%' || *value == '\r' || *value == '\n' ||
                       (property && (*value == ':' || *value == ','));
        if (special)
            buffer_printf(text, "%%%02X", (unsigned)*value);
        else
            buffer_putc(text, *value);
    }
}

char *mlops_test_report_github(const struct mlops_test_report *report)
{
    struct buffer text = {0};
    for (size_t i = 0; i < report->suite_count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        bool flaky = suite->status == MLOPS_SUITE_FLAKY;
        if (suite->status == MLOPS_SUITE_PASSED ||
            (suite->status == MLOPS_SUITE_SKIPPED && !*suite->reason))
            continue;
        _cleanup_(free_string) char *title =
            xprintf("%s@%llu: %s %s", report->version.model,
                    (unsigned long long)report->version.number, suite->name,
                    mlops_suite_status_name(suite->status));
        buffer_printf(&text, "::%s title=", flaky ? "warning" : "error");
        add_escaped(&text, title, true);
        buffer_puts(&text, "::");
        add_escaped(&text, suite->message, false);
        buffer_putc(&text, '\n');
    }
    return buffer_steal(&text);
}

/* The value of a label (OpenMetrics 1.0, "escaped-string"). */
static void add_label(struct buffer *text, const char *name, const char *value, size_t length)
{
    buffer_printf(text, "%s=\"", name);
    for (size_t i = 0; i < length; i++) {
        if (strchr("\\\"\n", value[i]))
            buffer_putc(text, '\\');
        buffer_putc(text, value[i] == '\n' ? 'n' : value[i]);
    }
    buffer_putc(text, '"');
}

/* A class, as in precision[DE], is a label, for it may be any text; what else the name of a metric
 * cannot have becomes "_". */
static void add_metric(struct buffer *text, const char *name, const char *suite, double value)
{
    size_t length = strcspn(name, "[");
    const char *class = name[length] ? name + length + 1 : NULL;
    if (!isfinite(value))
        return;
    for (size_t i = 0; i < length; i++)
        buffer_putc(text, strchr(".-", name[i]) ? '_' : name[i]);
    buffer_putc(text, '{');
    add_label(text, "suite", suite, strlen(suite));
    if (class) {
        buffer_putc(text, ',');
        add_label(text, "class", class, strlen(class) - 1); /* without the "]" */
    }
    buffer_printf(text, "} %.17g\n", value);
}

char *mlops_test_report_gitlab(const struct mlops_test_report *report)
{
    struct buffer text = {0};
    for (size_t i = 0; i < report->suite_count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        const struct mlops_test_counts *counts = &suite->counts;
        if (suite->status == MLOPS_SUITE_SKIPPED)
            continue;
        add_metric(&text, "seconds", suite->name, suite->seconds);
        if (counts->known) {
            add_metric(&text, "tests_passed", suite->name, (double)counts->passed);
            add_metric(&text, "tests_failed", suite->name,
                       (double)(counts->failed + counts->errors));
        }
        for (size_t j = 0; j < suite->metric_count; j++)
            add_metric(&text, suite->metrics[j].name, suite->name, suite->metrics[j].value);
    }
    buffer_puts(&text, "# EOF\n");
    return buffer_steal(&text);
}
