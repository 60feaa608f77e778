/*
 * lib/report/test_markdown.c - the report of a test run as GitHub-flavoured Markdown, which GitLab
 * reads as well. What comes from suites is escaped: it must not become markup. Where there is a
 * limit, what has no room is left out whole, part by part, and counted.
 */
#include "report/markdown.h"
#include <math.h>
#include <mlops/testreport.h>
#include <stdio.h>

static const char *mark(enum mlops_suite_status status)
{
    static const char *const marks[] = {
        [MLOPS_SUITE_PASSED] = "✅",     [MLOPS_SUITE_FAILED] = "❌",
        [MLOPS_SUITE_ERROR] = "❌",      [MLOPS_SUITE_TIMEOUT] = "❌",
        [MLOPS_SUITE_FLAKY] = "⚠️", [MLOPS_SUITE_SKIPPED] = "⏭️",
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

/* ---- a page of limited size ------------------------------------------------------------------ */

#define NOTE_BYTES 1000 /* kept free for what stands below all */

enum part {
    PART_SUITES,
    PART_METRICS,
    PART_THRESHOLDS,
    PART_EXPECTATIONS,
    PART_COMPARISONS,
    PART_OUTPUTS,
    PARTS
};

struct page {
    struct buffer text;
    size_t most; /* bytes; 0: as many as there are */
    size_t left_out[PARTS];
};

/* Take `piece` in, if it has room below `most`, and empty it. */
static void take(struct page *page, enum part part, size_t most, struct buffer *piece)
{
    bool fits = !page->most || page->text.length + piece->length <= most;
    if (piece->length == 0)
        return;
    if (fits)
        buffer_append(&page->text, piece->data, piece->length);
    page->left_out[part] += !fits;
    piece->length = 0;
}

static size_t room_of(const struct page *page)
{
    return page->most > NOTE_BYTES ? page->most - NOTE_BYTES : 0;
}

static void add_left_out(struct page *page)
{
    static const char *const names[] = {"suites",
                                        "tables of metrics",
                                        "tables of thresholds or classes",
                                        "lists of expectations",
                                        "comparisons",
                                        "outputs"};
    size_t kinds = 0;
    for (size_t i = 0; i < PARTS; i++) {
        if (page->left_out[i] == 0)
            continue;
        buffer_puts(&page->text,
                    kinds++ ? ", "
                            : "\n⚠️ Left out, for there is room for a certain size only: ");
        buffer_printf(&page->text, "%zu %s", page->left_out[i], names[i]);
    }
    if (kinds > 0)
        buffer_puts(&page->text, ". The log of the job, and `mlops show` with its `--log`, have "
                                 "all.\n");
}

/* ---- its parts ------------------------------------------------------------------------------- */

static void add_suite(struct buffer *text, const struct mlops_suite_result *suite)
{
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

/* As they are declared; where that is too much for half of the page, those that did not pass. */
static void add_suites(struct page *page, const struct mlops_test_report *report)
{
    _cleanup_(buffer_clear) struct buffer all = {0}, one = {0};
    buffer_puts(&page->text,
                "| | suite | kind | time | tests | |\n| --- | --- | --- | ---: | --- | --- |\n");
    for (size_t i = 0; i < report->suite_count; i++)
        add_suite(&all, &report->suites[i]);
    if (!page->most || all.length <= page->most / 2) {
        buffer_append(&page->text, all.data ? all.data : "", all.length);
        return;
    }
    for (size_t i = 0; i < report->suite_count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        if (suite->status == MLOPS_SUITE_PASSED || suite->status == MLOPS_SUITE_SKIPPED) {
            page->left_out[PART_SUITES]++;
            continue;
        }
        add_suite(&one, suite);
        take(page, PART_SUITES, page->most / 2, &one);
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

/* Counts of rows whole, however many; nothing where the metric is not there. */
static void add_figure(struct buffer *text, const struct mlops_slice_result *at, const char *name)
{
    for (size_t i = 0; i < at->metric_count; i++) {
        double value = at->metrics[i].value;
        if (!str_equal(at->metrics[i].name, name))
            continue;
        if (isnan(value))
            buffer_puts(text, " –");
        else if (fabs(value) < 1e15 && value == floor(value))
            buffer_printf(text, " %.0f", value);
        else
            buffer_printf(text, " %.6g", value);
    }
    buffer_puts(text, " |");
}

static void add_thresholds(struct buffer *text, const struct mlops_suite_result *suite)
{
    static const char *const names[] = {"tp",     "fp",  "tn", "fn",  "precision",
                                        "recall", "fpr", "f1", "cost"};
    if (suite->threshold_count == 0)
        return;
    buffer_puts(text, "\n**");
    markdown_cell(text, suite->name);
    buffer_puts(text, "** by threshold\n\n"
                      "| threshold | tp | fp | tn | fn | precision | recall | fpr | f1 | cost |\n"
                      "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (size_t i = 0; i < suite->threshold_count; i++) {
        buffer_puts(text, "| ");
        markdown_cell(text, suite->thresholds[i].name);
        buffer_puts(text, " |");
        for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++)
            add_figure(text, &suite->thresholds[i], names[j]);
        buffer_puts(text, "\n");
    }
}

/* Labels down, predictions across. */
static void add_confusion(struct buffer *text, const struct mlops_suite_result *suite)
{
    if (suite->confusion_count == 0)
        return;
    buffer_puts(text, "\n**");
    markdown_cell(text, suite->name);
    buffer_puts(text, "** label / predicted\n\n| |");
    for (size_t i = 0; i < suite->confusion_count; i++) {
        buffer_puts(text, " ");
        markdown_cell(text, suite->confusion[i].name);
        buffer_puts(text, " |");
    }
    buffer_puts(text, "\n| --- |");
    for (size_t i = 0; i < suite->confusion_count; i++)
        buffer_puts(text, " ---: |");
    buffer_puts(text, "\n");
    for (size_t i = 0; i < suite->confusion_count; i++) {
        buffer_puts(text, "| ");
        markdown_cell(text, suite->confusion[i].name);
        buffer_puts(text, " |");
        for (size_t j = 0; j < suite->confusion[i].metric_count; j++)
            add_figure(text, &suite->confusion[i], suite->confusion[i].metrics[j].name);
        buffer_puts(text, "\n");
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

static void add_part(struct page *page, enum part part, const struct mlops_suite_result *suite,
                     struct buffer *piece)
{
    if (part == PART_METRICS)
        add_metrics(piece, suite);
    if (part == PART_THRESHOLDS) {
        add_thresholds(piece, suite);
        add_confusion(piece, suite);
    }
    if (part == PART_EXPECTATIONS)
        add_expectations(piece, suite);
    if (part == PART_OUTPUTS)
        add_output(piece, suite);
    for (size_t i = 0; part == PART_COMPARISONS && i < suite->comparison_count; i++) {
        add_comparison(piece, suite, &suite->comparisons[i]);
        take(page, part, room_of(page), piece);
    }
    take(page, part, room_of(page), piece);
}

char *mlops_test_report_markdown(const struct mlops_test_report *report, size_t most)
{
    struct page page = {.most = most};
    _cleanup_(buffer_clear) struct buffer piece = {0};
    buffer_printf(&page.text, "### %s ", report->passed ? "✅" : "❌");
    markdown_cell(&page.text, report->version.model);
    buffer_printf(&page.text, " version %llu %s\n\n", (unsigned long long)report->version.number,
                  report->passed ? "passed its tests" : "did not pass its tests");
    add_suites(&page, report);
    for (enum part part = PART_METRICS; part < PARTS; part++)
        for (size_t i = 0; i < report->suite_count; i++)
            add_part(&page, part, &report->suites[i], &piece);
    add_left_out(&page);
    buffer_printf(&page.text, "\n<sub>bundle `%s` · sandbox %s</sub>\n", report->version.bundle,
                  mlops_sandbox_level_name(report->sandbox));
    return buffer_steal(&page.text);
}
