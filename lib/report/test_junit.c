/*
 * lib/report/test_junit.c - the report of a test run as JUnit XML. There are two schemas that tools
 * hold it against, Apache Ant's (which wants elements in one order and most attributes) and
 * Jenkins' (which is laxer): what is written here is valid by both.
 */
#include "base/buffer.h"
#include "base/path.h"
#include <mlops/testreport.h>
#include <mlops/text.h>
#include <stdio.h>
#include <unistd.h>

/* XML 1.0 §2.2: which characters there are. U+FFFE and U+FFFF are EF BF BE and EF BF BF. */
static size_t forbidden(const char *at)
{
    unsigned char c = (unsigned char)*at;
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
        return 1;
    return strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0 ? 3 : 0;
}

/* As character data, and as the value of an attribute: there line ends would become blanks. */
static void add_text(struct buffer *xml, const char *text)
{
    bool valid = utf8_valid(text, strlen(text));
    for (size_t length; *text; text++) {
        if ((length = forbidden(text)) > 0) {
            buffer_puts(xml, "\xef\xbf\xbd");
            text += length - 1;
        } else if (*text == '&')
            buffer_puts(xml, "&amp;");
        else if (*text == '<')
            buffer_puts(xml, "&lt;");
        else if (*text == '>')
            buffer_puts(xml, "&gt;");
        else if (*text == '"')
            buffer_puts(xml, "&quot;");
        else if (*text == '\n' || *text == '\r' || *text == '\t')
            buffer_printf(xml, "&#%d;", *text);
        else if (!valid && (unsigned char)*text >= 0x80)
            buffer_putc(xml, '?');
        else
            buffer_putc(xml, *text);
    }
}

static void add_attribute(struct buffer *xml, const char *name, const char *value)
{
    buffer_printf(xml, " %s=\"", name);
    add_text(xml, value);
    buffer_putc(xml, '"');
}

/* Of what kind the failure is: the reason where there is one. */
static void add_verdict(struct buffer *xml, const struct mlops_suite_result *suite,
                        const char *element)
{
    const char *type = *suite->reason ? suite->reason : mlops_suite_status_name(suite->status);
    buffer_printf(xml, "<%s", element);
    add_attribute(xml, "message", suite->message);
    add_attribute(xml, "type", type);
    buffer_putc(xml, '>');
    add_text(xml, suite->message);
    if (*suite->output) {
        buffer_puts(xml, "&#10;&#10;");
        add_text(xml, suite->output);
    }
    buffer_printf(xml, "</%s>", element);
}

/* A data suite is a class of its own, and each of its expectations a case. */
static void add_expectations(struct buffer *xml, const struct mlops_test_report *report,
                             const struct mlops_suite_result *suite)
{
    _cleanup_(free_string) char *class =
        xprintf("%s.%s.%s", report->version.model, suite->kind, suite->name);
    for (size_t i = 0; i < suite->expectation_count; i++) {
        const struct mlops_expectation_result *one = &suite->expectations[i];
        buffer_puts(xml, "    <testcase");
        add_attribute(xml, "name", one->name);
        add_attribute(xml, "classname", class);
        buffer_printf(xml, " time=\"%.3f\">", i ? 0.0 : suite->seconds);
        if (!one->met) {
            buffer_puts(xml, "<failure");
            add_attribute(xml, "message", one->detail);
            add_attribute(xml, "type", "expectation");
            buffer_putc(xml, '>');
            add_text(xml, one->detail);
            buffer_puts(xml, "</failure>");
        }
        buffer_puts(xml, "</testcase>\n");
    }
}

static void add_case(struct buffer *xml, const struct mlops_test_report *report,
                     const struct mlops_suite_result *suite)
{
    _cleanup_(free_string) char *class = xprintf("%s.%s", report->version.model, suite->kind);
    buffer_puts(xml, "    <testcase");
    add_attribute(xml, "name", suite->name);
    add_attribute(xml, "classname", class);
    buffer_printf(xml, " time=\"%.3f\">", suite->seconds);
    switch (suite->status) {
    case MLOPS_SUITE_PASSED:
    case MLOPS_SUITE_FLAKY:
        break;
    case MLOPS_SUITE_FAILED:
    case MLOPS_SUITE_TIMEOUT:
        add_verdict(xml, suite, "failure");
        break;
    case MLOPS_SUITE_ERROR:
        add_verdict(xml, suite, "error");
        break;
    case MLOPS_SUITE_SKIPPED:
        buffer_puts(xml, "<skipped/>");
        break;
    }
    buffer_puts(xml, "</testcase>\n");
}

static void add_property(struct buffer *xml, const char *name, const char *value)
{
    buffer_puts(xml, "      <property");
    add_attribute(xml, "name", name);
    add_attribute(xml, "value", value);
    buffer_puts(xml, "/>\n");
}

/* "difference.holdout.auc.production" = "+0.0027, at 95% -0.0012 to +0.0066 (delong), @3". */
static void add_comparison(struct buffer *xml, const struct mlops_suite_result *suite,
                           const struct mlops_comparison *comparison)
{
    for (size_t i = 0; i < comparison->difference_count; i++) {
        const struct mlops_difference *difference = &comparison->differences[i];
        _cleanup_(free_string) char *name =
            xprintf("difference.%s.%s.%s", suite->name, difference->metric, comparison->with);
        _cleanup_(free_string) char *value =
            xprintf("%+.6g, at %g%% %+.6g to %+.6g (%s), @%llu", difference->difference,
                    comparison->confidence * 100, difference->low, difference->high,
                    difference->method, (unsigned long long)comparison->version.number);
        add_property(xml, name, value);
    }
}

static void add_properties(struct buffer *xml, const struct mlops_test_report *report)
{
    buffer_puts(xml, "    <properties>\n");
    add_property(xml, "bundle", report->version.bundle);
    add_property(xml, "sandbox", mlops_sandbox_level_name(report->sandbox));
    for (size_t i = 0; i < report->suite_count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        if (suite->status == MLOPS_SUITE_FLAKY) {
            _cleanup_(free_string) char *name = xprintf("flaky.%s", suite->name);
            add_property(xml, name, suite->message);
        }
        for (size_t j = 0; j < suite->metric_count; j++) {
            _cleanup_(free_string) char *name =
                xprintf("metric.%s.%s", suite->name, suite->metrics[j].name);
            _cleanup_(free_string) char *value = xprintf("%.17g", suite->metrics[j].value);
            add_property(xml, name, value);
        }
        for (size_t j = 0; j < suite->comparison_count; j++)
            add_comparison(xml, suite, &suite->comparisons[j]);
    }
    buffer_puts(xml, "    </properties>\n");
}

static void add_head(struct buffer *xml, const struct mlops_test_report *report)
{
    size_t counts[MLOPS_SUITE_SKIPPED + 1] = {0}, cases = 0;
    double seconds = 0;
    char time[32], host[256] = "";
    for (size_t i = 0; i < report->suite_count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        seconds += suite->seconds;
        cases += suite->expectation_count ? suite->expectation_count : 1;
        counts[suite->status] += suite->expectation_count == 0;
        for (size_t j = 0; j < suite->expectation_count; j++)
            counts[MLOPS_SUITE_FAILED] += !suite->expectations[j].met;
    }
    mlops_time_format(report->started_ns, time);
    time[strcspn(time, "Z")] = '\0'; /* Ant's schema knows no zone */
    if (gethostname(host, sizeof(host) - 1) < 0 || !*host)
        str_copy(host, sizeof(host), "localhost");
    _cleanup_(free_string) char *name =
        xprintf("%s@%llu", report->version.model, (unsigned long long)report->version.number);
    buffer_puts(xml, "  <testsuite");
    add_attribute(xml, "name", name);
    buffer_printf(xml, " package=\"mlops\" id=\"0\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
                  cases, counts[MLOPS_SUITE_FAILED] + counts[MLOPS_SUITE_TIMEOUT],
                  counts[MLOPS_SUITE_ERROR]);
    buffer_printf(xml, " skipped=\"%zu\" time=\"%.3f\"", counts[MLOPS_SUITE_SKIPPED], seconds);
    add_attribute(xml, "timestamp", time);
    add_attribute(xml, "hostname", host);
    buffer_puts(xml, ">\n");
}

char *mlops_test_report_junit(const struct mlops_test_report *report)
{
    struct buffer xml = {0};
    buffer_puts(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    add_head(&xml, report);
    add_properties(&xml, report);
    for (size_t i = 0; i < report->suite_count; i++)
        if (report->suites[i].expectation_count > 0)
            add_expectations(&xml, report, &report->suites[i]);
        else
            add_case(&xml, report, &report->suites[i]);
    buffer_puts(&xml, "    <system-out/>\n    <system-err/>\n  </testsuite>\n</testsuites>\n");
    return buffer_steal(&xml);
}
