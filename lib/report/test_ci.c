/*
 * lib/report/test_ci.c - the report of a test run for those who run it: workflow commands of GitHub
 * Actions ("Workflow commands for GitHub Actions" in GitHub's documentation) and a metrics report
 * of GitLab ("Metrics reports" in GitLab's), which reads OpenMetrics' text format.
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

/* ---- GitHub Actions -------------------------------------------------------------------------- */

/* Limits of the runner: _maxIssueMessageLength of its ExecutionContext; and of what is shown of a
 * step: docs/problem-matchers.md of actions/toolkit. */
#define ANNOTATIONS_MAX 10
#define MESSAGE_MAX 4000 /* bytes, before they are escaped; of 4,096 characters */

static bool is_told(const struct mlops_suite_result *suite, bool flaky)
{
    bool quiet = suite->status == MLOPS_SUITE_PASSED ||
                 (suite->status == MLOPS_SUITE_SKIPPED && !*suite->reason);
    return !quiet && flaky == (suite->status == MLOPS_SUITE_FLAKY);
}

/* As much of `message` as is shown, up to the beginning of a character. The caller frees. */
static char *shorten(const char *message)
{
    static const char *const note = " … (cut: the log of the job has all)";
    size_t length = strlen(message), kept = MESSAGE_MAX - strlen(note);
    if (length <= MESSAGE_MAX)
        return xstrdup(message);
    while (kept > 0 && ((unsigned char)message[kept] & 0xC0) == 0x80)
        kept--;
    return xprintf("%.*s%s", (int)kept, message, note);
}

static void add_command(struct buffer *text, bool flaky, const char *title, const char *message)
{
    _cleanup_(free_string) char *shown = shorten(message);
    buffer_printf(text, "::%s title=", flaky ? "warning" : "error");
    add_escaped(text, title, true);
    buffer_puts(text, "::");
    add_escaped(text, shown, false);
    buffer_putc(text, '\n');
}

/* All that are left from suite `from` on, by their names. */
static void add_rest(struct buffer *text, const struct mlops_test_report *report, size_t from,
                     size_t count, bool flaky)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    for (size_t i = from; i < report->suite_count; i++)
        if (is_told(&report->suites[i], flaky))
            buffer_printf(&names, "%s%s", names.length ? ", " : "", report->suites[i].name);
    _cleanup_(free_string) char *title = xprintf(
        "%s@%llu: %zu more suites%s", report->version.model,
        (unsigned long long)report->version.number, count, flaky ? " are flaky" : " did not pass");
    add_command(text, flaky, title, names.data);
}

static void add_commands(struct buffer *text, const struct mlops_test_report *report, bool flaky)
{
    size_t count = 0, told = 0;
    for (size_t i = 0; i < report->suite_count; i++)
        count += is_told(&report->suites[i], flaky);
    for (size_t i = 0; i < report->suite_count && told < count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        if (!is_told(suite, flaky))
            continue;
        if (count > ANNOTATIONS_MAX && told == ANNOTATIONS_MAX - 1) {
            add_rest(text, report, i, count - told, flaky);
            return;
        }
        _cleanup_(free_string) char *title = xprintf(
            "%s@%llu: %s %s", report->version.model, (unsigned long long)report->version.number,
            suite->name, mlops_suite_status_name(suite->status));
        add_command(text, flaky, title, suite->message);
        told++;
    }
}

char *mlops_test_report_github(const struct mlops_test_report *report)
{
    struct buffer text = {0};
    add_commands(&text, report, false);
    add_commands(&text, report, true);
    return buffer_steal(&text);
}

/* ---- GitLab ---------------------------------------------------------------------------------- */

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

/* The line of a sample, and of which metric it is. */
struct sample {
    char *metric, *line;
    bool written;
};

struct samples {
    struct sample *items;
    size_t count, capacity;
};

/* A class, as in precision[DE], is a label, for it may be any text; what else the name of a metric
 * cannot have becomes "_". */
static void add_sample(struct samples *samples, const char *name, const char *suite, double value)
{
    struct buffer line = {0};
    size_t length = strcspn(name, "[");
    const char *class = name[length] ? name + length + 1 : NULL;
    if (!isfinite(value))
        return;
    char *metric = xstrndup(name, length);
    for (char *c = metric; *c; c++)
        *c = strchr(".-", *c) ? '_' : *c;
    buffer_printf(&line, "%s{", metric);
    add_label(&line, "suite", suite, strlen(suite));
    if (class) {
        buffer_putc(&line, ',');
        add_label(&line, "class", class, strlen(class) - 1); /* without the "]" */
    }
    buffer_printf(&line, "} %.17g\n", value);
    GROW(samples->items, samples->count, &samples->capacity);
    samples->items[samples->count++] =
        (struct sample){.metric = metric, .line = buffer_steal(&line)};
}

static void add_suite(struct samples *samples, const struct mlops_suite_result *suite)
{
    const struct mlops_test_counts *counts = &suite->counts;
    add_sample(samples, "seconds", suite->name, suite->seconds);
    if (counts->known) {
        add_sample(samples, "tests_passed", suite->name, (double)counts->passed);
        add_sample(samples, "tests_failed", suite->name, (double)(counts->failed + counts->errors));
    }
    for (size_t i = 0; i < suite->metric_count; i++)
        add_sample(samples, suite->metrics[i].name, suite->name, suite->metrics[i].value);
}

/* All of a metric stand together (OpenMetrics 1.0, "MetricFamily": they are not interleaved). */
static void write_samples(struct samples *samples, struct buffer *text)
{
    for (size_t i = 0; i < samples->count; i++)
        for (size_t j = i; !samples->items[i].written && j < samples->count; j++) {
            struct sample *sample = &samples->items[j];
            if (j > i && !str_equal(sample->metric, samples->items[i].metric))
                continue;
            buffer_puts(text, sample->line);
            sample->written = j > i; /* the first when all others are */
        }
    for (size_t i = 0; i < samples->count; i++) {
        free(samples->items[i].metric);
        free(samples->items[i].line);
    }
    free(samples->items);
}

char *mlops_test_report_gitlab(const struct mlops_test_report *report)
{
    struct buffer text = {0};
    struct samples samples = {0};
    for (size_t i = 0; i < report->suite_count; i++)
        if (report->suites[i].status != MLOPS_SUITE_SKIPPED)
            add_suite(&samples, &report->suites[i]);
    write_samples(&samples, &text);
    buffer_puts(&text, "# EOF\n");
    return buffer_steal(&text);
}
