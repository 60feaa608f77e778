/*
 * lib/report/test_markdown.c - the report of a test run as GitHub-flavoured Markdown, which GitLab
 * reads as well. What comes from suites is escaped: it must not become markup.
 */
#include "report/markdown.h"
#include <math.h>
#include <mlops/testreport.h>
#include <stdio.h>

static const char *mark(enum mlops_suite_status status)
{
    static const char *const marks[] = {
        [MLOPS_SUITE_PASSED] = "✅",  [MLOPS_SUITE_FAILED] = "❌",  [MLOPS_SUITE_ERROR] = "❌",
        [MLOPS_SUITE_TIMEOUT] = "❌", [MLOPS_SUITE_FLAKY] = "⚠️", [MLOPS_SUITE_SKIPPED] = "⏭️",
    };
    return marks[status];
}

static void add_counts(struct buffer *text, const struct mlops_test_counts *counts)
{
    if (counts->known)
        buffer_printf(text, "%llu passed, %llu failed", (unsigned long long)counts->passed,
                      (unsigned long long)(counts->failed + counts->errors));
    if (counts->known && counts->skipped)
        buffer_printf(text, ", %llu skipped", (unsigned long long)counts->skipped);
}

static void add_suites(struct buffer *text, const struct mlops_test_report *report)
{
    buffer_puts(text, "| | suite | kind | time | tests | |\n| --- | --- | --- | ---: | --- | --- |\n");
    for (size_t i = 0; i < report->suite_count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        buffer_printf(text, "| %s | ", mark(suite->status));
        markdown_cell(text, suite->name);
        buffer_printf(text, " | %s | ", suite->kind);
        if (suite->status != MLOPS_SUITE_SKIPPED)
            buffer_printf(text, "%.1f s", suite->seconds);
        buffer_puts(text, " | ");
        add_counts(text, &suite->counts);
        buffer_puts(text, " | ");
        markdown_cell(text, suite->message);
        buffer_puts(text, " |\n");
    }
}

static void add_requirement(struct buffer *text, const struct mlops_requirement_result *requirement)
{
    markdown_cell(text, requirement->demand);
    buffer_printf(text, " | %s ", requirement->met ? "✅" : "❌");
    markdown_cell(text, requirement->detail ? requirement->detail : "");
}

static void add_metrics(struct buffer *text, const struct mlops_suite_result *suite)
{
    if (suite->metric_count == 0)
        return;
    buffer_puts(text, "\n**");
    markdown_cell(text, suite->name);
    buffer_puts(text, "**\n\n| metric | value | required | |\n| --- | ---: | --- | --- |\n");
    for (size_t i = 0; i < suite->metric_count; i++) {
        const struct mlops_metric *metric = &suite->metrics[i];
        size_t found = 0;
        for (size_t j = 0; j <= suite->requirement_count; j++) {
            bool last = j == suite->requirement_count;
            if (last ? found > 0 : !str_equal(suite->requirements[j].metric, metric->name))
                continue;
            buffer_puts(text, "| ");
            markdown_cell(text, metric->name);
            if (isnan(metric->value))
                buffer_puts(text, " | – | ");
            else
                buffer_printf(text, " | %.6g | ", metric->value);
            if (last)
                buffer_puts(text, "| ");
            else
                add_requirement(text, &suite->requirements[j]);
            buffer_puts(text, " |\n");
            found++;
        }
    }
}

static void add_expectations(struct buffer *text, const struct mlops_suite_result *suite)
{
    if (suite->expectation_count == 0)
        return;
    buffer_puts(text, "\n**");
    markdown_cell(text, suite->name);
    buffer_puts(text, "**\n\n| | expected | found |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < suite->expectation_count; i++) {
        const struct mlops_expectation_result *one = &suite->expectations[i];
        buffer_printf(text, "| %s | ", one->met ? "✅" : "❌");
        markdown_cell(text, one->name);
        buffer_puts(text, " | ");
        markdown_cell(text, one->detail);
        buffer_puts(text, " |\n");
    }
}

static void add_interval(struct buffer *text, const struct mlops_difference *difference)
{
    if (isnan(difference->low))
        buffer_puts(text, " | | |\n");
    else
        buffer_printf(text, " | %+.4g to %+.4g | %s |\n", difference->low, difference->high,
                      difference->method);
}

static void add_comparison(struct buffer *text, const struct mlops_suite_result *suite,
                           const struct mlops_comparison *comparison)
{
    buffer_puts(text, "\n**");
    markdown_cell(text, suite->name);
    buffer_puts(text, "** against ");
    markdown_cell(text, comparison->with);
    buffer_printf(text, ", version %llu", (unsigned long long)comparison->version.number);
    if (*comparison->message) {
        buffer_puts(text, ": ");
        markdown_cell(text, comparison->message);
        buffer_puts(text, "\n");
        return;
    }
    buffer_printf(text,
                  ", on the same %llu rows (each end at %g%%)\n\n| metric | here | there | "
                  "difference | interval | method |\n| --- | ---: | ---: | ---: | --- | --- |\n",
                  (unsigned long long)comparison->rows, comparison->confidence * 100);
    for (size_t i = 0; i < comparison->difference_count; i++) {
        const struct mlops_difference *difference = &comparison->differences[i];
        buffer_puts(text, "| ");
        markdown_cell(text, difference->metric);
        buffer_printf(text, " | %.6g | %.6g | %+.4g", difference->ours, difference->theirs,
                      difference->difference);
        add_interval(text, difference);
    }
}

/* A fence is longer than any run of backticks inside it (CommonMark §4.5). */
static void add_output(struct buffer *text, const struct mlops_suite_result *suite)
{
    size_t longest = 2, run = 0;
    if (!*suite->output)
        return;
    for (const char *c = suite->output; *c; c++) {
        run = *c == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    char fence[64] = "";
    longest = longest < sizeof(fence) - 2 ? longest + 1 : sizeof(fence) - 1;
    memset(fence, '`', longest);
    buffer_puts(text, "\n<details><summary>the last output of ");
    markdown_cell(text, suite->name);
    buffer_printf(text, "</summary>\n\n%stext\n", fence);
    buffer_puts(text, suite->output);
    bool ended = suite->output[strlen(suite->output) - 1] == '\n';
    buffer_printf(text, "%s%s\n\n</details>\n", ended ? "" : "\n", fence);
}

char *mlops_test_report_markdown(const struct mlops_test_report *report)
{
    struct buffer text = {0};
    buffer_printf(&text, "### %s ", report->passed ? "✅" : "❌");
    markdown_cell(&text, report->version.model);
    buffer_printf(&text, " version %llu %s\n\n", (unsigned long long)report->version.number,
                  report->passed ? "passed its tests" : "did not pass its tests");
    add_suites(&text, report);
    for (size_t i = 0; i < report->suite_count; i++)
        add_metrics(&text, &report->suites[i]);
    for (size_t i = 0; i < report->suite_count; i++)
        add_expectations(&text, &report->suites[i]);
    for (size_t i = 0; i < report->suite_count; i++)
        for (size_t j = 0; j < report->suites[i].comparison_count; j++)
            add_comparison(&text, &report->suites[i], &report->suites[i].comparisons[j]);
    for (size_t i = 0; i < report->suite_count; i++)
        add_output(&text, &report->suites[i]);
    buffer_printf(&text, "\n<sub>bundle `%s` · sandbox %s</sub>\n", report->version.bundle,
                  mlops_sandbox_level_name(report->sandbox));
    return buffer_steal(&text);
}
