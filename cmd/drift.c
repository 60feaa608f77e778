/* cmd/drift.c - mlops drift REF --current FILE */
#include "cli.h"
#include <inttypes.h>

static void add_row(struct table *table, const struct mlops_drift_column *column)
{
    char statistic[32], threshold[32];

    cli_number_format(column->statistic, statistic);
    cli_number_format(column->threshold, threshold);
    cli_table_cell(table, STYLE_BOLD, "%s", column->name);
    cli_table_cell(table, STYLE_PLAIN, "%s", column->type);
    cli_table_cell(table, STYLE_PLAIN, "%s", column->method);
    cli_table_cell(table, STYLE_PLAIN, "%s", statistic);
    cli_table_cell(table, STYLE_DIM, "%s", threshold);
    if (column->missing_reference > 0 || column->missing_current > 0)
        cli_table_cell(table, STYLE_PLAIN, "%.1f %% -> %.1f %%", column->missing_reference * 100,
                       column->missing_current * 100);
    else
        cli_table_cell(table, STYLE_DIM, "none");
    cli_table_cell(table, column->drift ? STYLE_BAD : STYLE_GOOD, column->drift ? "DRIFT" : "ok");
    cli_table_cell(table, STYLE_PLAIN, "%s", column->detail ? column->detail : "");
}

static void print_report(struct cli *cli, const struct mlops_drift_report *report)
{
    static const struct column columns[] = {
        {"COLUMN", false},   {"TYPE", false},   {"METHOD", false},  {"STATISTIC", true},
        {"THRESHOLD", true}, {"MISSING", true}, {"VERDICT", false}, {"WHAT MOVED", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "");
    char version[VERSION_TEXT_SIZE];
    size_t drifted = 0;

    for (size_t i = 0; i < report->column_count; i++) {
        drifted += report->columns[i].drift;
        if (report->columns[i].drift || !cli->quiet)
            add_row(&table, &report->columns[i]);
    }
    cli_table_print(cli, &table);
    cli_version_format(&report->version, version);
    enum style style = report->drift ? STYLE_BAD : STYLE_GOOD;
    if (report->drift)
        cli_print(cli,
                  "\n%sdrift in %zu of %zu columns%s: %" PRIu64
                  " rows against the snapshot '%s' of %s",
                  cli_on(cli, style), drifted, report->column_count, cli_off(cli, style),
                  report->rows, report->data, version);
    else
        cli_say(cli,
                "\n%sno drift in %zu columns%s: %" PRIu64 " rows against the snapshot '%s' of %s",
                cli_on(cli, style), report->column_count, cli_off(cli, style), report->rows,
                report->data, version);
}

static cJSON *to_json(const struct mlops_drift_report *report)
{
    cJSON *document = cli_json_object(), *columns = cli_json_array();

    cli_json_text(document, "model", report->version.model);
    cli_json_version(document, "version", report->version.number);
    cli_json_text(document, "bundle", report->version.bundle);
    cli_json_text(document, "data", report->data);
    cli_json_bool(document, "drift", report->drift);
    cli_json_number(document, "share", report->share);
    cli_json_number(document, "rows", (double)report->rows);
    cli_json_add(document, "columns", columns);
    for (size_t i = 0; i < report->column_count; i++) {
        const struct mlops_drift_column *from = &report->columns[i];
        cJSON *column = cli_json_object();
        cli_json_text(column, "name", from->name);
        cli_json_text(column, "type", from->type);
        cli_json_text(column, "method", from->method);
        cli_json_number(column, "statistic", from->statistic);
        cli_json_number(column, "threshold", from->threshold);
        cli_json_bool(column, "drift", from->drift);
        cli_json_number(column, "missing_reference", from->missing_reference);
        cli_json_number(column, "missing_current", from->missing_current);
        cli_json_text_or_null(column, "detail", from->detail);
        cli_json_push(columns, column);
    }
    return document;
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_drift_report_clear) struct mlops_drift_report report = {0};
    const struct mlops_drift_options options = {
        .ref = cli->args[0],
        .current = cli_text(cli, "current"),
        .data = cli_text(cli, "data"),
        .numeric_method = cli_text(cli, "method"),
        .categorical_method = cli_text(cli, "categorical-method"),
        .threshold = cli_number(cli, "threshold"),
    };

    TRY(mlops_drift(cli_registry(cli), &options, &report, &cli->err));
    if (cli->json)
        TRY(cli_print_json(cli, to_json(&report)));
    else
        print_report(cli, &report);
    return report.drift ? MLOPS_REFUSED : MLOPS_OK;
}

const struct command command_drift = {
    .name = "drift",
    .summary = "compare a table with the data that a version learnt from",
    .synopsis = "REF --current FILE",
    .description =
        "Column by column, against the profile that was made of the version's snapshot when it "
        "was packaged. FILE is read once, in memory that does not grow with its rows. The most "
        "drifted column comes first; the snapshot's target and time columns are left out.",
    .group = GROUP_WATCH,
    .registry = true,
    .pager = true,
    .args = {{"REF", COMPLETE_REF}},
    .options = {{.name = "current",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "the table to judge, CSV or JSON Lines; - for standard input",
                 .completion = COMPLETE_FILE,
                 .required = true},
                {.name = "data",
                 .kind = OPTION_TEXT,
                 .argument = "NAME",
                 .help = "the snapshot to compare with (default: the one with role reference)"},
                {.name = "method",
                 .kind = OPTION_TEXT,
                 .argument = "NAME",
                 .help = "how numeric columns are compared: ks (default), jensen_shannon, psi, "
                         "wasserstein or total_variation",
                 .words = "ks jensen_shannon psi wasserstein total_variation"},
                {.name = "categorical-method",
                 .kind = OPTION_TEXT,
                 .argument = "NAME",
                 .help = "how categorical columns are compared: jensen_shannon (default), psi or "
                         "total_variation",
                 .words = "jensen_shannon psi total_variation"},
                {.name = "threshold",
                 .kind = OPTION_NUMBER,
                 .argument = "NUMBER",
                 .help = "drift above this statistic (default: each method's own)"}},
    .examples = {{"mlops drift fraud@production --current today.csv",
                  "does production still see what it learnt from?"},
                 {"zcat may.csv.gz | mlops --json drift fraud@production --current - | jq "
                  "-r '.columns[] | select(.drift) | .name'",
                  "names of the columns that drifted"}},
    .exits = {{1, "at least one column drifted"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "null for a bundle that is not registered"},
             {"bundle", "text", "its bundle"},
             {"data", "text", "name of the snapshot"},
             {"drift", "bool", "did at least one column drift?"},
             {"share", "number", "of the columns that drifted, 0 to 1"},
             {"rows", "number", "of FILE"},
             {"columns[].name", "text", "most drifted first"},
             {"columns[].type", "text", "numeric or categorical"},
             {"columns[].method", "text", "how it was compared"},
             {"columns[].statistic", "number?", "how far apart the two are"},
             {"columns[].threshold", "number", "that it was held against"},
             {"columns[].drift", "bool", "the verdict"},
             {"columns[].missing_reference", "number", "share of the snapshot's rows, 0 to 1"},
             {"columns[].missing_current", "number", "share of FILE's rows, 0 to 1"},
             {"columns[].detail", "text?", "what moved"}},
    .run = run,
};
