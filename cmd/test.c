/* cmd/test.c - mlops test REF */
#include "cli.h"
#include "cli_expectations.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sys/random.h>
#include <sys/stat.h>

#define CONFUSION_SHOWN_MAX 12 /* classes that fit a terminal */

/* ---- for people ----------------------------------------------------------------------------- */

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
    cli_print_comparisons(cli, suite);
}

static bool in_github(void)
{
    const char *inside = getenv("GITHUB_ACTIONS");
    return inside && str_equal(inside, "true");
}

/* GitHub Actions obeys lines that begin with "::", also those that a suite printed: not between
 * these two, whose token no suite knows. */
static void print_unobeyed(struct cli *cli, const char *text)
{
    uint64_t token = 0;
    if (!in_github()) {
        cli_print(cli, "%s", text);
        return;
    }
    if (getrandom(&token, sizeof(token), 0) != (ssize_t)sizeof(token))
        return; /* rather nothing than what a suite may command */
    cli_print(cli, "::stop-commands::%016" PRIx64, token);
    cli_print(cli, "%s", text);
    cli_print(cli, "::%016" PRIx64 "::", token);
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
    print_unobeyed(cli, clean);
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

static void print_report(struct cli *cli, const struct mlops_test_report *report)
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

/* ---- for programs --------------------------------------------------------------------------- */

static void metrics_json(cJSON *json, const struct mlops_metric *metrics, size_t count)
{
    cJSON *values = cli_json_object(), *intervals = cli_json_object();

    cli_json_add(json, "metrics", values);
    cli_json_add(json, "intervals", intervals);
    for (size_t i = 0; i < count; i++) {
        cli_json_number(values, metrics[i].name, metrics[i].value);
        if (isnan(metrics[i].low))
            continue;
        cJSON *interval = cli_json_object();
        cli_json_number(interval, "low", metrics[i].low);
        cli_json_number(interval, "high", metrics[i].high);
        cli_json_text(interval, "method", metrics[i].method);
        if (metrics[i].confidence > 0)
            cli_json_number(interval, "confidence", metrics[i].confidence);
        cli_json_add(intervals, metrics[i].name, interval);
    }
}

static cJSON *slices_json(const struct mlops_slice_result *slices, size_t count)
{
    cJSON *array = cli_json_array();

    for (size_t i = 0; i < count; i++) {
        cJSON *slice = cli_json_object();
        cli_json_text(slice, "name", slices[i].name);
        cli_json_number(slice, "rows", (double)slices[i].rows);
        metrics_json(slice, slices[i].metrics, slices[i].metric_count);
        cli_json_push(array, slice);
    }
    return array;
}

static cJSON *suite_json(const struct mlops_suite_result *suite)
{
    cJSON *json = cli_json_object(), *require = cli_json_array();

    cli_json_text(json, "name", suite->name);
    cli_json_text(json, "kind", suite->kind);
    cli_json_text(json, "status", mlops_suite_status_name(suite->status));
    cli_json_text_or_null(json, "reason", suite->reason);
    cli_json_number(json, "attempts", suite->attempts);
    cli_json_bool(json, "cached", suite->cached);
    cli_json_number(json, "seconds", suite->seconds);
    if (suite->counts.known) {
        cJSON *tests = cli_json_object();
        cli_json_number(tests, "passed", (double)suite->counts.passed);
        cli_json_number(tests, "failed", (double)suite->counts.failed);
        cli_json_number(tests, "errors", (double)suite->counts.errors);
        cli_json_number(tests, "skipped", (double)suite->counts.skipped);
        cli_json_add(json, "tests", tests);
    } else {
        cli_json_add(json, "tests", cJSON_CreateNull());
    }
    cli_json_text_or_null(json, "evaluation", suite->evaluation);
    metrics_json(json, suite->metrics, suite->metric_count);
    cli_json_add(json, "slices", slices_json(suite->slices, suite->slice_count));
    cli_json_add(json, "thresholds", slices_json(suite->thresholds, suite->threshold_count));
    cli_json_add(json, "confusion", slices_json(suite->confusion, suite->confusion_count));
    cli_json_add(json, "requirements", require);
    for (size_t i = 0; i < suite->requirement_count; i++) {
        const struct mlops_requirement_result *from = &suite->requirements[i];
        cJSON *requirement = cli_json_object();
        cli_json_text(requirement, "metric", from->metric);
        cli_json_text(requirement, "demand", from->demand);
        cli_json_bool(requirement, "met", from->met);
        cli_json_text(requirement, "detail", from->detail);
        cli_json_push(require, requirement);
    }
    cli_json_add(json, "comparisons", cli_comparisons_json(suite));
    cli_json_suite_files(json, &suite->files);
    cli_expectations_json(json, suite);
    cli_json_text_or_null(json, "message", suite->message);
    cli_json_text_or_null(json, "output", suite->output);
    return json;
}

static cJSON *report_json(const struct mlops_test_report *report)
{
    cJSON *document = cli_json_object(), *suites = cli_json_array();

    cli_json_text(document, "model", report->version.model);
    cli_json_version(document, "version", report->version.number);
    cli_json_text(document, "bundle", report->version.bundle);
    cli_json_bool(document, "passed", report->passed);
    cli_json_text(document, "sandbox", mlops_sandbox_level_name(report->sandbox));
    cli_json_add(document, "suites", suites);
    for (size_t i = 0; i < report->suite_count; i++)
        cli_json_push(suites, suite_json(&report->suites[i]));
    return document;
}

/* ---- for other tools ------------------------------------------------------------------------ */

static int write_option(struct cli *cli, const char *option, const struct mlops_test_report *report,
                        char *(*format)(const struct mlops_test_report *))
{
    const char *path = cli_text(cli, option);
    if (!path)
        return MLOPS_OK;
    _cleanup_(free_string) char *text = format(report);
    return cli_write_text(cli, path, "we", text);
}

static int add_step_summary(struct cli *cli, const struct mlops_test_report *report,
                            const char *path)
{
    struct stat status = {0};
    /* by others in this step */
    size_t used = stat(path, &status) == 0 ? (size_t)status.st_size : 0;

    if (used + 4000 > MLOPS_MARKDOWN_SUMMARY) {
        cli_warn(cli, "the step's summary is full, and these tests are not in it");
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *text =
        mlops_test_report_markdown(report, MLOPS_MARKDOWN_SUMMARY - used);
    return cli_write_text(cli, path, "ae", text);
}

/* Within GitHub Actions: annotations, which the runner takes from stderr as well, so that stdout
 * stays what was asked for; and the summary of the step. */
static int tell_github(struct cli *cli, const struct mlops_test_report *report)
{
    const char *summary = getenv("GITHUB_STEP_SUMMARY");
    if (!in_github())
        return MLOPS_OK;
    _cleanup_(free_string) char *commands = mlops_test_report_github(report);
    cli_progress_clear(cli);
    (void)fputs(commands, stderr); /* nobody reads it: the exit status says the same */
    if (!summary || !*summary)
        return MLOPS_OK;
    return add_step_summary(cli, report, summary);
}

static char *comment(const struct mlops_test_report *report)
{
    return mlops_test_report_markdown(report, MLOPS_MARKDOWN_COMMENT);
}

static int tell_tools(struct cli *cli, const struct mlops_test_report *report)
{
    TRY(write_option(cli, "junit", report, mlops_test_report_junit));
    TRY(write_option(cli, "markdown", report, comment));
    TRY(write_option(cli, "gitlab-metrics", report, mlops_test_report_gitlab));
    return tell_github(cli, report);
}

static enum mlops_sandbox_wish wished_sandbox(const struct cli *cli)
{
    const char *wish = cli_text_or_environment(cli, "sandbox", "MLOPS_SANDBOX");
    if (!wish || str_equal(wish, "auto"))
        return MLOPS_SANDBOX_AUTO;
    return str_equal(wish, "none") ? MLOPS_SANDBOX_NONE : MLOPS_SANDBOX_STRICT;
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_test_report_clear) struct mlops_test_report report = {0};
    const char **suites = cli_list(cli, "suite"), **against = cli_list(cli, "against");
    int code = mlops_test(cli_registry(cli), cli->args[0],
                          &(struct mlops_test_options){.suites = suites,
                                                       .against = against,
                                                       .sandbox = wished_sandbox(cli),
                                                       .jobs = (unsigned)cli_whole(cli, "jobs"),
                                                       .no_cache = cli_flag(cli, "no-cache"),
                                                       .allow_flaky = cli_flag(cli, "allow-flaky"),
                                                       .fetches = cli_flag(cli, "fetch"),
                                                       .advisories = cli_text_or_environment(
                                                           cli, "advisories", "MLOPS_ADVISORIES")},
                          &report, &cli->err);

    free(suites);
    free(against);
    TRY(code);
    TRY(tell_tools(cli, &report));
    if (cli->json)
        TRY(cli_print_json(cli, report_json(&report)));
    else
        print_report(cli, &report);
    return report.passed ? MLOPS_OK : MLOPS_REFUSED;
}

const struct command command_test = {
    .name = "test",
    .summary = "run the suites of a version and scan it, for the record",
    .synopsis = "REF",
    .description =
        "Every suite runs in a fresh copy of the version's files, under its own time limit. For a "
        "performance suite, the metrics are computed here from the predictions that it wrote, and "
        "held against what the project file requires of them, also in comparison with the version "
        "that is in a stage now. Then the files are scanned, as 'mlops scan' does it: the line "
        "'scan' passes where the verdict is safe.\n\n"
        "The result is recorded as evidence about the bundle, and gates of 'mlops promote' judge "
        "by it. What each suite printed, and the predictions that were judged, are kept with it: "
        "'mlops show REF --log SUITE' prints them.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}},
    .options = {{.name = "suite",
                 .kind = OPTION_LIST,
                 .argument = "NAME",
                 .help = "run only that suite; 'scan' is the scan"},
                {.name = "against",
                 .kind = OPTION_LIST,
                 .argument = "REF",
                 .help =
                     "also compare the performance suites with that version on the same rows: a "
                     "stage, @3 or any reference, or \"production at 99%\"",
                 .completion = COMPLETE_REF},
                {.name = "jobs",
                 .letter = 'j',
                 .kind = OPTION_COUNT,
                 .argument = "N",
                 .help = "run so many suites at a time; 1 where it is not given"},
                {.name = "no-cache",
                 .help = "run also what has passed before from the same bundle, suite and "
                         "environment"},
                {.name = "fetch",
                 .help =
                     "bring data with 'copy: false' for the suites, from its address, verified"},
                {.name = "allow-flaky",
                 .help = "exit 0 also where a suite passed only when it was repeated"},
                {.name = "sandbox",
                 .kind = OPTION_CHOICE,
                 .argument = "WHICH",
                 .help = "strict runs nothing unless there is a full one, auto takes the best that "
                         "there is, none only limits (MLOPS_SANDBOX)",
                 .words = "strict auto none"},
                {.name = "junit",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "also write a JUnit XML report",
                 .completion = COMPLETE_FILE},
                {.name = "markdown",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "also write a summary fit for a pull request",
                 .completion = COMPLETE_FILE},
                {.name = "gitlab-metrics",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "also write a metrics report of GitLab, in OpenMetrics' text format",
                 .completion = COMPLETE_FILE},
                {.name = "advisories",
                 .kind = OPTION_TEXT,
                 .argument = "PATH",
                 .help = "hold the packages that lock files name against these vulnerabilities: a "
                         "file or folder in the OSV format (MLOPS_ADVISORIES)",
                 .completion = COMPLETE_FILE | COMPLETE_DIRECTORY}},
    .examples = {{"mlops test fraud", "all suites of the newest version"},
                 {"mlops test fraud@3 --suite holdout", "one suite of version 3"},
                 {"mlops test fraud --against production", "is it better than what is there?"},
                 {"mlops test fraud -j 4 --junit junit.xml", "for a CI that shows reports"}},
    .exits = {{1, "a suite did not pass"}},
    .json =
        {{"model", "text", "whose version it is"},
         {"version", "number", "which version"},
         {"bundle", "text", "its bundle"},
         {"passed", "bool", "did every suite that ran pass?"},
         {"sandbox", "text", "what kept suites apart: full, namespaces, filter or limits"},
         {"suites[].name", "text", "in the project file's order, then 'scan'"},
         {"suites[].kind", "text", "unit, integration, performance or data; security of the scan"},
         {"suites[].status", "text", "passed, failed, error, timeout, flaky or skipped"},
         {"suites[].reason", "text?",
          "what kept its command from passing: exit, crash, command, network, write, timeout, "
          "cpu, memory, processes, disk, output; report of its own tests; needs where a suite "
          "that it needs did not "
          "pass"},
         {"suites[].attempts", "number", "how often it was run"},
         {"suites[].cached", "bool", "was it not run, for the same had passed before?"},
         {"suites[].seconds", "number", "how long it ran"},
         {"suites[].tests", "object?", "as its own report says: passed, failed, errors, skipped"},
         {"suites[].evaluation", "text?", "the registry's set that it was measured on"},
         {"suites[].metrics", "object", "name and value; null where it is not defined"},
         {"suites[].intervals", "object",
          "of a metric: low, high, method, and confidence where it is not the suite's"},
         {"suites[].slices[].name", "text", "which rows: 'country = DE', 'amount > 1000'"},
         {"suites[].slices[].rows", "number", "how many"},
         {"suites[].slices[].metrics", "object", "as those of the suite"},
         {"suites[].slices[].intervals", "object", "as those of the suite"},
         {"suites[].thresholds", "array",
          "as slices, of all rows: what follows from decisions at the threshold in its name"},
         {"suites[].confusion", "array",
          "of many classes: a label's name and rows, in metrics how many are predicted as each"},
         {"suites[].requirements[].metric", "text", "what is required of which metric"},
         {"suites[].requirements[].demand", "text", "as the project file says"},
         {"suites[].requirements[].met", "bool", "is it good enough?"},
         {"suites[].requirements[].detail", "text", "the figures"},
         {"suites[].logs", "object?",
          "what it printed, as kept with the evidence: stdout and stderr, each bytes and sha256, "
          "and whether it was cut; 'mlops show REF --log SUITE' has the text"},
         {"suites[].predictions", "object?", "that were judged: bytes and sha256"},
         {"suites[].expectations[].name", "text", "of a data suite: what is expected"},
         {"suites[].expectations[].met", "bool", "is it so?"},
         {"suites[].expectations[].judged", "number", "values, rows or columns looked at"},
         {"suites[].expectations[].unexpected", "number", "those that are not so"},
         {"suites[].expectations[].detail", "text", "the figures, and the first of those"},
         {"suites[].expectations[].examples[].line", "number", "where one of the first stands"},
         {"suites[].expectations[].examples[].value", "text", "what stands there"},
         {"suites[].comparisons[].with", "text",
          "another version on the same rows: what was "
          "asked for, such as production"},
         {"suites[].comparisons[].version", "number?", "which one that was"},
         {"suites[].comparisons[].ran", "bool",
          "was its suite run for this, as there were no predictions of these rows?"},
         {"suites[].comparisons[].rows", "number",
          "how many; also model, bundle, confidence, "
          "predictions (sha256)"},
         {"suites[].comparisons[].message", "text?", "why the two could not be compared"},
         {"suites[].comparisons[].differences", "array",
          "metric, ours, theirs, difference, low and high (each one-sided at the confidence; "
          "null where there are none), method: mcnemar, delong, bootstrap or none"},
         {"suites[].message", "text?", "why it did not pass"},
         {"suites[].output", "text?", "the last that it printed, where it did not pass"}},
    .run = run,
};
