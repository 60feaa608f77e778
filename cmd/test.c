/* cmd/test.c - mlops test REF */
#include "cli_test.h"

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
    TRY(test_report_tell(cli, &report));
    if (cli->json)
        TRY(cli_print_json(cli, test_report_json(&report)));
    else
        test_report_print(cli, &report);
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
