/* cmd/test_print.c - 'mlops test': what suites came to, for people. */
#include "cli_expectations.h"
#include "cli_test.h"
#include <inttypes.h>
#include <math.h>

#define CONFUSION_SHOWN_MAX 12 /* classes that fit a terminal */

static enum style status_style(enum mlops_suite_status status)
{
    switch (status) {
    case MLOPS_SUITE_PASSED:
        return STYLE_GOOD;
    case MLOPS_SUITE_FLAKY:
        return STYLE_NOTICE;
    case MLOPS_SUITE_SKIPPED:
        return STYLE_DIM;
    case MLOPS_SUITE_FAILED:
    case MLOPS_SUITE_ERROR:
    case MLOPS_SUITE_TIMEOUT:
        break;
    }
    return STYLE_BAD;
}

/* "ok", as the gates say it, or what was wrong in capitals. */
static const char *status_word(enum mlops_suite_status status)
{
    static const char *const words[] = {
        [MLOPS_SUITE_PASSED] = "ok",   [MLOPS_SUITE_FAILED] = "FAIL",
        [MLOPS_SUITE_ERROR] = "ERROR", [MLOPS_SUITE_TIMEOUT] = "TIMEOUT",
        [MLOPS_SUITE_FLAKY] = "FLAKY", [MLOPS_SUITE_SKIPPED] = "skipped",
    };
    return words[status];
}

static bool is_quiet_about(const struct cli *cli, const struct mlops_suite_result *suite)
{
    return cli->quiet &&
           (suite->status == MLOPS_SUITE_PASSED || suite->status == MLOPS_SUITE_SKIPPED);
}

static void print_suites(struct cli *cli, const struct mlops_test_report *report)
{
    static const struct column columns[] = {
        {"", false}, {"SUITE", false}, {"KIND", false}, {"TIME", true}, {"MESSAGE", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");

    for (size_t i = 0; i < report->suite_count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        if (is_quiet_about(cli, suite))
            continue;
        cli_table_cell(&table, status_style(suite->status), "%s", status_word(suite->status));
        cli_table_cell(&table, STYLE_BOLD, "%s", suite->name);
        cli_table_cell(&table, STYLE_PLAIN, "%s", suite->kind);
        if (suite->status == MLOPS_SUITE_SKIPPED)
            cli_table_cell(&table, STYLE_DIM, "%s", "");
        else if (suite->cached)
            cli_table_cell(&table, STYLE_DIM, "%s", "cached");
        else
            cli_table_cell(&table, STYLE_DIM, "%.1f s", suite->seconds);
        if (suite->status == MLOPS_SUITE_PASSED && suite->counts.known)
            cli_table_cell(&table, STYLE_DIM, "%" PRIu64 " passed", suite->counts.passed);
        else
            cli_table_cell(&table, STYLE_PLAIN, "%s", suite->message ? suite->message : "");
    }
    cli_table_print(cli, &table);
}

static const struct mlops_requirement_result *
find_requirement(const struct mlops_suite_result *suite, const char *metric, size_t from)
{
    for (size_t i = from; i < suite->requirement_count; i++)
        if (str_equal(suite->requirements[i].metric, metric))
            return &suite->requirements[i];
    return NULL;
}

#define INTERVAL_TEXT_SIZE 72

/* "0.968 to 0.972", or nothing. */
static void interval_format(const struct mlops_metric *metric, char text[INTERVAL_TEXT_SIZE])
{
    char low[32], high[32];
    text[0] = '\0';
    if (isnan(metric->low))
        return;
    cli_number_format(metric->low, low);
    cli_number_format(metric->high, high);
    (void)snprintf(text, INTERVAL_TEXT_SIZE, "%s to %s", low, high); /* both fit */
}

static void add_metric(struct table *table, const char *name, const char *value,
                       const char *interval, const struct mlops_requirement_result *requirement)
{
    cli_table_cell(table, STYLE_PLAIN, "%s", name);
    cli_table_cell(table, STYLE_PLAIN, "%s", value);
    cli_table_cell(table, STYLE_DIM, "%s", interval);
    cli_table_cell(table, STYLE_PLAIN, "%s", requirement ? requirement->demand : "");
    if (!requirement)
        cli_table_cell(table, STYLE_PLAIN, "%s", "");
    else
        cli_table_cell(table, requirement->met ? STYLE_GOOD : STYLE_BAD,
                       requirement->met ? "met" : "NOT MET");
    cli_table_cell(table, STYLE_DIM, "%s",
                   requirement && requirement->detail ? requirement->detail : "");
}

/* A few figures of a slice; --json has them all. */
static void add_headline(struct table *table, const struct mlops_slice_result *slice)
{
    static const char *const names[] = {"precision", "recall", "auc", "accuracy",
                                        "f1_macro",  "rmse",   "mae", "ndcg"};
    char text[256] = "";
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        for (size_t j = 0; j < slice->metric_count; j++) {
            char value[32];
            size_t length = strlen(text);
            if (!str_equal(slice->metrics[j].name, names[i]))
                continue;
            cli_number_format(slice->metrics[j].value, value);
            (void)snprintf(text + length, sizeof(text) - length, "%s%s %s", length ? "  " : "",
                           names[i], value); /* of fixed names: all fit */
        }
    cli_table_cell(table, STYLE_PLAIN, "%s", text);
}

static void print_slices(struct cli *cli, const struct mlops_suite_result *suite)
{
    static const struct column columns[] = {{"SLICE", false}, {"ROWS", true}, {"METRICS", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "  ");

    if (suite->slice_count == 0)
        return;
    for (size_t i = 0; i < suite->slice_count; i++) {
        cli_table_cell(&table, STYLE_PLAIN, "%s", suite->slices[i].name);
        cli_table_cell(&table, STYLE_PLAIN, "%" PRIu64, suite->slices[i].rows);
        add_headline(&table, &suite->slices[i]);
    }
    cli_print(cli, "%s", "");
    cli_table_print(cli, &table);
}

static const struct mlops_metric *find_metric(const struct mlops_slice_result *slice,
                                              const char *name)
{
    for (size_t i = 0; i < slice->metric_count; i++)
        if (str_equal(slice->metrics[i].name, name))
            return &slice->metrics[i];
    return NULL;
}

/* The confusion matrix and what follows from it at each threshold; --json has more. */
static void print_thresholds(struct cli *cli, const struct mlops_suite_result *suite)
{
    static const struct column columns[] = {
        {"THRESHOLD", true}, {"TP", true},     {"FP", true},  {"TN", true}, {"FN", true},
        {"PRECISION", true}, {"RECALL", true}, {"FPR", true}, {"F1", true}, {"COST", true}};
    static const char *const names[] = {"tp",     "fp",  "tn", "fn",  "precision",
                                        "recall", "fpr", "f1", "cost"};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "  ");

    if (suite->threshold_count == 0)
        return;
    for (size_t i = 0; i < suite->threshold_count; i++) {
        cli_table_cell(&table, STYLE_PLAIN, "%s", suite->thresholds[i].name);
        for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++) {
            const struct mlops_metric *metric = find_metric(&suite->thresholds[i], names[j]);
            char value[32] = "";
            if (metric)
                cli_number_format(metric->value, value);
            cli_table_cell(&table, STYLE_PLAIN, "%s", value);
        }
    }
    cli_print(cli, "%s", "");
    cli_table_print(cli, &table);
}

/* Labels down, predictions across, where that fits a screen; --json has all. */
static void print_confusion(struct cli *cli, const struct mlops_suite_result *suite)
{
    struct column columns[CONFUSION_SHOWN_MAX + 1] = {{"LABEL / PREDICTED", false}};
    struct table table = {.columns = columns,
                          .column_count = suite->confusion_count + 1,
                          .titles = TITLES_ALWAYS,
                          .indent = "  "};

    if (suite->confusion_count == 0 || suite->confusion_count > CONFUSION_SHOWN_MAX)
        return;
    for (size_t i = 0; i < suite->confusion_count; i++)
        columns[i + 1] = (struct column){suite->confusion[i].name, true};
    for (size_t i = 0; i < suite->confusion_count; i++) {
        const struct mlops_slice_result *row = &suite->confusion[i];
        cli_table_cell(&table, STYLE_PLAIN, "%s", row->name);
        for (size_t j = 0; j < row->metric_count; j++) {
            char value[32];
            cli_number_format(row->metrics[j].value, value);
            cli_table_cell(&table, i == j ? STYLE_BOLD : STYLE_PLAIN, "%s", value);
        }
    }
    cli_print(cli, "%s", "");
    cli_table_print(cli, &table);
    cli_table_clear(&table);
}

/* Every metric with what is required of it, then requirements of metrics that there are not. */
static void print_metrics(struct cli *cli, const struct mlops_suite_result *suite)
{
    static const struct column columns[] = {{"METRIC", false},   {"VALUE", true},
                                            {"INTERVAL", false}, {"REQUIRED", false},
                                            {"", false},         {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "  ");

    if (is_quiet_about(cli, suite) || suite->metric_count + suite->requirement_count == 0)
        return;
    for (size_t i = 0; i < suite->metric_count; i++) {
        const struct mlops_metric *metric = &suite->metrics[i];
        char value[32], interval[INTERVAL_TEXT_SIZE];
        cli_number_format(metric->value, value);
        interval_format(metric, interval);
        const struct mlops_requirement_result *found = find_requirement(suite, metric->name, 0);
        add_metric(&table, metric->name, value, interval, found);
        while (found && (found = find_requirement(suite, metric->name,
                                                  (size_t)(found - suite->requirements) + 1)))
            add_metric(&table, "", "", "", found);
    }
    for (size_t i = 0; i < suite->requirement_count; i++) {
        bool known = false;
        for (size_t j = 0; j < suite->metric_count && !known; j++)
            known = str_equal(suite->metrics[j].name, suite->requirements[i].metric);
        if (!known)
            add_metric(&table, suite->requirements[i].metric, "", "", &suite->requirements[i]);
    }
    cli_print(cli, "\n%s%s%s%s%s", cli_on(cli, STYLE_BOLD), suite->name, cli_off(cli, STYLE_BOLD),
              *suite->evaluation ? " on " : "", suite->evaluation);
    cli_table_print(cli, &table);
    print_thresholds(cli, suite);
    print_confusion(cli, suite);
    print_slices(cli, suite);
    test_comparisons_print(cli, suite);
}

static void print_output(struct cli *cli, const struct mlops_suite_result *suite)
{
    if (suite->status == MLOPS_SUITE_PASSED || suite->status == MLOPS_SUITE_FLAKY ||
        !suite->output || !*suite->output)
        return;
    _cleanup_(free_string) char *clean = cli_clean(suite->output, true);
    size_t length = strlen(clean);
    while (length > 0 && clean[length - 1] == '\n')
        clean[--length] = '\0';
    cli_print(cli, "\n%s---- the last output of %s ----%s", cli_on(cli, STYLE_DIM), suite->name,
              cli_off(cli, STYLE_DIM));
    test_print_unobeyed(cli, clean);
}

static void print_summary(struct cli *cli, const struct mlops_test_report *report)
{
    size_t passed = 0, flaky = 0, failed = 0, skipped = 0;
    double seconds = 0;
    char version[VERSION_TEXT_SIZE];

    for (size_t i = 0; i < report->suite_count; i++) {
        const struct mlops_suite_result *suite = &report->suites[i];
        passed += suite->status == MLOPS_SUITE_PASSED;
        flaky += suite->status == MLOPS_SUITE_FLAKY;
        skipped += suite->status == MLOPS_SUITE_SKIPPED;
        seconds += suite->cached ? 0 : suite->seconds;
    }
    failed = report->suite_count - passed - flaky - skipped;
    _cleanup_(free_string) char *unsure =
        flaky ? cli_format(", %zu flaky", flaky) : cli_copy("", 0);
    _cleanup_(free_string) char *left_out =
        skipped ? cli_format("%s, %zu skipped", unsure, skipped) : cli_copy(unsure, strlen(unsure));
    enum style style = report->passed ? STYLE_GOOD : STYLE_BAD;
    cli_version_format(&report->version, version);
    if (report->passed)
        cli_say(cli, "\n%s%s: %zu passed%s%s, in %.1f s", cli_on(cli, style), version, passed,
                left_out, cli_off(cli, style), seconds);
    else
        cli_print(cli, "\n%s%s: %zu failed, %zu passed%s%s, in %.1f s", cli_on(cli, style), version,
                  failed, passed, left_out, cli_off(cli, style), seconds);
}

void test_report_print(struct cli *cli, const struct mlops_test_report *report)
{
    print_suites(cli, report);
    for (size_t i = 0; i < report->suite_count; i++)
        print_metrics(cli, &report->suites[i]);
    for (size_t i = 0; i < report->suite_count; i++)
        if (!is_quiet_about(cli, &report->suites[i]))
            cli_expectations_print(cli, &report->suites[i]);
    for (size_t i = 0; i < report->suite_count; i++)
        print_output(cli, &report->suites[i]);
    print_summary(cli, report);
}
