/* cmd/drift.c - mlops drift REF --current FILE */
#include "cli.h"
#include <inttypes.h>
#include <math.h>
#include <mlops/driftreport.h>

#define BLOCKS 12 /* of a histogram in the terminal's table */

/* A column's shares as heights of blocks, both tables to the same scale; neighbours are joined. */
static void format_blocks(const struct mlops_drift_column *column, bool current,
                          char text[BLOCKS * 3 + 1])
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double heights[2][BLOCKS] = {{0}}, most = 0;
    size_t each = (column->bar_count + BLOCKS - 1) / BLOCKS, used = 0;
    for (size_t i = 0; i < column->bar_count; i++) {
        heights[0][i / each] += column->bars[i].reference;
        heights[1][i / each] += column->bars[i].current;
    }
    for (size_t i = 0; i < BLOCKS; i++)
        most = fmax(most, fmax(heights[0][i], heights[1][i]));
    text[0] = '\0';
    for (size_t i = 0; most > 0 && i * each < column->bar_count; i++) {
        double share = fmin(fmax(heights[current][i] / most, 0), 1);
        memcpy(text + used, blocks[(size_t)(share * 7 + 0.5)], 4);
        used += 3;
    }
}

static void add_row(struct table *table, const struct mlops_drift_column *column, bool pictures)
{
    char statistic[32], threshold[32], blocks[BLOCKS * 3 + 1];

    cli_number_format(column->statistic, statistic);
    cli_number_format(column->threshold, threshold);
    cli_table_cell(table, STYLE_BOLD, "%s", column->name);
    cli_table_cell(table, STYLE_PLAIN, "%s", column->type);
    for (int current = 0; pictures && current < 2; current++) {
        format_blocks(column, current, blocks);
        cli_table_cell(table, current ? STYLE_PLAIN : STYLE_DIM, "%s", blocks);
    }
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

static void print_columns(struct cli *cli, const struct mlops_drift_report *report)
{
    static const struct column plain[] = {
        {"COLUMN", false},   {"TYPE", false},   {"METHOD", false},  {"STATISTIC", true},
        {"THRESHOLD", true}, {"MISSING", true}, {"VERDICT", false}, {"WHAT MOVED", false}};
    static const struct column pictured[] = {
        {"COLUMN", false},  {"TYPE", false},      {"SNAPSHOT", false}, {"CURRENT", false},
        {"METHOD", false},  {"STATISTIC", true},  {"THRESHOLD", true}, {"MISSING", true},
        {"VERDICT", false}, {"WHAT MOVED", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(plain, TITLES_ALWAYS, "");
    if (cli->out_terminal) {
        table.columns = pictured;
        table.column_count = ARRAY_LENGTH(pictured);
    }
    for (size_t i = 0; i < report->column_count; i++)
        if (report->columns[i].drift || !cli->quiet)
            add_row(&table, &report->columns[i], cli->out_terminal);
    cli_table_print(cli, &table);
}

/* A line for each group of drifted columns that go together. */
static void print_together(struct cli *cli, const struct mlops_drift_report *report)
{
    for (size_t group = 1, members = 1; members > 0; group++) {
        char *names = NULL;
        size_t length;
        FILE *memory = open_memstream(&names, &length);
        if (!memory)
            abort();
        members = 0;
        for (size_t i = 0; i < report->column_count; i++)
            if (report->columns[i].together == group)
                fprintf(memory, "%s%s", members++ ? ", " : "", report->columns[i].name);
        if (fclose(memory) != 0)
            abort();
        if (members)
            cli_say(cli, "%sdrifted together: %s", group == 1 ? "\n" : "", names);
        free(names);
    }
}

/* What rows show beyond their columns, where it is more than chance. */
static void print_rows(struct cli *cli, const struct mlops_drift_report *report)
{
    const char *apart = "\n"; /* a line between the table and the first of them */
    if (report->pair_statistic > report->pair_threshold) {
        cli_say(cli,
                "%s'%s' and '%s' go together otherwise: correlation %.2f -> %.2f, %.1f deviations "
                "where chance reaches %.1f",
                apart, report->pair[0], report->pair[1], report->pair_reference,
                report->pair_current, report->pair_statistic, report->pair_threshold);
        apart = "";
    }
    if (report->domain_auc > report->domain_threshold) {
        cli_say(cli, "%srows of the two can be told apart: AUC %.2f, where chance reaches %.2f",
                apart, report->domain_auc, report->domain_threshold);
        apart = "";
    }
    if (report->reconstruction_current > report->reconstruction_high ||
        report->reconstruction_current < report->reconstruction_low) {
        cli_say(cli,
                "%srows are rebuilt from the snapshot's components with error %.4g, where chance "
                "makes it %.4g to %.4g",
                apart, report->reconstruction_current, report->reconstruction_low,
                report->reconstruction_high);
        apart = "";
    }
    if (report->isolated_current > report->isolated_threshold)
        cli_say(cli,
                "%s%.1f %% of rows stand apart from the snapshot's (%.1f %% there), most by '%s'",
                apart, 100 * report->isolated_current, 100 * report->isolated_reference,
                report->isolated_by);
}

static void print_report(struct cli *cli, const struct mlops_drift_report *report)
{
    char version[VERSION_TEXT_SIZE];
    size_t drifted = 0;

    for (size_t i = 0; i < report->column_count; i++)
        drifted += report->columns[i].drift;
    print_columns(cli, report);
    cli_version_format(&report->version, version);
    enum style style = report->drift ? STYLE_BAD : STYLE_GOOD;
    const char *rows = cli_noun(report->rows, "row", "rows");
    const char *columns = cli_noun(report->column_count, "column", "columns");
    print_rows(cli, report);
    print_together(cli, report);
    if (report->drift && drifted == 0)
        cli_print(cli,
                  "\n%sdrift of whole rows, of none of %zu %s%s: %" PRIu64
                  " %s against the snapshot '%s' of %s",
                  cli_on(cli, style), report->column_count, columns, cli_off(cli, style),
                  report->rows, rows, report->data, version);
    else if (report->drift)
        cli_print(cli,
                  "\n%sdrift in %zu of %zu %s%s: %" PRIu64 " %s against the snapshot '%s' of %s",
                  cli_on(cli, style), drifted, report->column_count, columns, cli_off(cli, style),
                  report->rows, rows, report->data, version);
    else
        cli_say(cli, "\n%sno drift in %zu %s%s: %" PRIu64 " %s against the snapshot '%s' of %s",
                cli_on(cli, style), report->column_count, columns, cli_off(cli, style),
                report->rows, rows, report->data, version);
}

static void add_range(cJSON *column, const char *key, const double range[2])
{
    cJSON *array = cli_json_array();
    for (size_t i = 0; i < 2; i++)
        cli_json_push(array, cJSON_CreateNumber(range[i])); /* NaN is printed as null */
    cli_json_add(column, key, array);
}

static void add_figures(cJSON *column, const struct mlops_drift_column *from)
{
    cJSON *bars = cli_json_array();
    cli_json_number(column, "p", from->p);
    cli_json_number(column, "p_adjusted", from->p_adjusted);
    add_range(column, "range_reference", from->range_reference);
    add_range(column, "range_current", from->range_current);
    cli_json_number(column, "outliers_reference", from->outliers_reference);
    cli_json_number(column, "outliers_current", from->outliers_current);
    cli_json_number(column, "robust_reference", from->robust_reference);
    cli_json_number(column, "robust_current", from->robust_current);
    cli_json_number(column, "beyond_reference", from->beyond_reference);
    cli_json_number(column, "misfits", (double)from->misfits);
    cli_json_add(column, "bars", bars);
    for (size_t i = 0; i < from->bar_count; i++) {
        const struct mlops_drift_bar *bar = &from->bars[i];
        cJSON *item = cli_json_object();
        cli_json_text(item, "label", bar->label);
        cli_json_number(item, "low", bar->label ? NAN : bar->low);
        cli_json_number(item, "high", bar->label ? NAN : bar->high);
        cli_json_number(item, "reference", bar->reference);
        cli_json_number(item, "current", bar->current);
        cli_json_push(bars, item);
    }
}

static void add_course(cJSON *column, const struct mlops_drift_column *from)
{
    static const char *const words[] = {NULL, "throughout", "since", "until"};
    cJSON *spans = cli_json_array(), *segments = cli_json_array();
    cli_json_text_or_null(column, "course", words[from->course]);
    if (from->course == MLOPS_DRIFT_SINCE || from->course == MLOPS_DRIFT_UNTIL)
        cli_json_time(column, "changed", from->changed_ns);
    else
        cli_json_text_or_null(column, "changed", NULL);
    cli_json_add(column, "spans", spans);
    for (size_t i = 0; i < from->span_count; i++) {
        cJSON *item = cli_json_object();
        cli_json_time(item, "from", from->spans[i].from_ns);
        cli_json_time(item, "to", from->spans[i].to_ns);
        cli_json_number(item, "rows", (double)from->spans[i].rows);
        cli_json_number(item, "distance", from->spans[i].distance);
        cli_json_push(spans, item);
    }
    cli_json_add(column, "segments", segments);
    for (size_t i = 0; i < from->segment_count; i++) {
        const struct mlops_drift_segment *segment = &from->segments[i];
        cJSON *item = cli_json_object();
        cli_json_text(item, "value", segment->value);
        cli_json_number(item, "rows_reference", (double)segment->rows_reference);
        cli_json_number(item, "rows_current", (double)segment->rows_current);
        cli_json_number(item, "distance", segment->distance);
        cli_json_number(item, "carried", segment->carried);
        cli_json_push(segments, item);
    }
}

/* Names of columns that go together, a list for each group. */
static cJSON *together(const struct mlops_drift_report *report)
{
    cJSON *groups = cli_json_array();
    for (size_t group = 1;; group++) {
        cJSON *names = cli_json_array();
        for (size_t i = 0; i < report->column_count; i++)
            if (report->columns[i].together == group)
                cli_json_push(names, cJSON_CreateString(report->columns[i].name));
        if (cJSON_GetArraySize(names) == 0) {
            cJSON_Delete(names);
            return groups;
        }
        cli_json_push(groups, names);
    }
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
    cli_json_number(document, "rows_reference", (double)report->rows_reference);
    cli_json_number(document, "far", report->far);
    cli_json_bool(document, "calibrated", report->calibrated);
    cli_json_bool(document, "rows_drift", report->rows_drift);
    cli_json_text_or_null(document, "rows_detail", report->rows_detail);
    cli_json_number(document, "domain_auc", report->domain_auc);
    cli_json_number(document, "domain_threshold", report->domain_threshold);
    cJSON *pair = cli_json_array();
    for (size_t i = 0; i < 2 && report->pair[i]; i++)
        cli_json_push(pair, cJSON_CreateString(report->pair[i]));
    cli_json_add(document, "pair", pair);
    cli_json_number(document, "pair_statistic", report->pair_statistic);
    cli_json_number(document, "pair_threshold", report->pair_threshold);
    cli_json_number(document, "pair_reference", report->pair_reference);
    cli_json_number(document, "pair_current", report->pair_current);
    cli_json_number(document, "reconstruction_reference", report->reconstruction_reference);
    cli_json_number(document, "reconstruction_current", report->reconstruction_current);
    cli_json_number(document, "reconstruction_low", report->reconstruction_low);
    cli_json_number(document, "reconstruction_high", report->reconstruction_high);
    cli_json_number(document, "isolated_reference", report->isolated_reference);
    cli_json_number(document, "isolated_current", report->isolated_current);
    cli_json_number(document, "isolated_threshold", report->isolated_threshold);
    cli_json_text_or_null(document, "isolated_by", report->isolated_by);
    cli_json_bool(document, "exact", report->exact);
    cli_json_text_or_null(document, "time", report->time);
    cli_json_text_or_null(document, "segment", report->segment);
    cli_json_text_or_null(document, "season", report->season);
    cli_json_add(document, "together", together(report));
    cli_json_add(document, "columns", columns);
    for (size_t i = 0; i < report->column_count; i++) {
        const struct mlops_drift_column *from = &report->columns[i];
        cJSON *column = cli_json_object();
        cli_json_text(column, "name", from->name);
        cli_json_text(column, "type", from->type);
        cli_json_text(column, "method", from->method);
        cli_json_number(column, "statistic", from->statistic);
        cli_json_number(column, "threshold", from->threshold);
        cli_json_number(column, "weight", from->weight);
        cli_json_number(column, "error", from->error);
        cli_json_bool(column, "drift", from->drift);
        cli_json_number(column, "missing_reference", from->missing_reference);
        cli_json_number(column, "missing_current", from->missing_current);
        add_figures(column, from);
        add_course(column, from);
        cli_json_text_or_null(column, "detail", from->detail);
        cli_json_push(columns, column);
    }
    return document;
}

/* "1%" or "0.01"; 0 where the option is not given. */
static int parse_share(struct cli *cli, const char *name, double *share)
{
    const char *text = cli_text(cli, name);
    char *end = NULL;
    *share = text ? strtod(text, &end) : 0;
    if (text && *end == '%') {
        *share /= 100;
        end++;
    }
    if (!text || (end != text && *end == '\0' && *share > 0 && *share < 1))
        return MLOPS_OK;
    mlops_fail(&cli->err, MLOPS_INVALID, "--%s: '%s' is no share between 0 and 1", name, text);
    return mlops_hint(&cli->err, "write 1%% or 0.01");
}

static int write_reports(struct cli *cli, const struct mlops_drift_report *report)
{
    const char *html = cli_text(cli, "html"), *markdown = cli_text(cli, "markdown");
    if (html) {
        _cleanup_(free_string) char *text = mlops_drift_report_html(report);
        TRY(cli_write_text(cli, html, "we", text));
    }
    if (markdown) {
        _cleanup_(free_string) char *text = mlops_drift_report_markdown(report);
        TRY(cli_write_text(cli, markdown, "we", text));
    }
    return MLOPS_OK;
}

/* `--method psi` is of all numeric columns, `--method amount=psi` of one; what is of one stays in
 * `methods`. */
static const char *take_general(const char **methods)
{
    const char *general = NULL;
    size_t kept = 0;
    for (size_t i = 0; methods && methods[i]; i++)
        if (strchr(methods[i], '='))
            methods[kept++] = methods[i];
        else
            general = methods[i];
    if (methods)
        methods[kept] = NULL;
    return general;
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_drift_report_clear) struct mlops_drift_report report = {0};
    const char **methods = cli_list(cli, "method");
    struct mlops_drift_options options = {
        .ref = cli->args[0],
        .current = cli_text(cli, "current"),
        .data = cli_text(cli, "data"),
        .numeric_method = take_general(methods),
        .column_methods = methods,
        .categorical_method = cli_text(cli, "categorical-method"),
        .threshold = cli_number(cli, "threshold"),
        .any_effect = cli_flag(cli, "any-effect"),
        .time = cli_text(cli, "time"),
        .segment = cli_text(cli, "segment"),
        .season = cli_text(cli, "season"),
        .exact = cli_flag(cli, "exact"),
        .ragged = cli_text(cli, "ragged"),
        .columns = cli_text(cli, "columns"),
    };

    int code = parse_share(cli, "far", &options.far);
    if (code == MLOPS_OK)
        code = cli_byte(cli, "separator", &options.separator);
    if (code == MLOPS_OK)
        code = cli_byte(cli, "comment", &options.comment);
    if (code == MLOPS_OK)
        code = mlops_drift(cli_registry(cli), &options, &report, &cli->err);
    free(methods);
    TRY(code);
    TRY(write_reports(cli, &report));
    if (cli_text(cli, "svg")) {
        _cleanup_(free_string) char *svg = NULL;
        TRY(mlops_drift_report_svg(&report, cli_text(cli, "svg"), &svg, &cli->err));
        cli_print(cli, "%s", svg);
    } else if (cli->json)
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
        "drifted column comes first; the snapshot's target and time columns are left out. CSV is "
        "read as the snapshot's is where no option says otherwise. Where "
        "columns go together otherwise though none has moved, whole rows have drifted: a "
        "classifier tells them apart, or the correlation of a pair changed.",
    .group = GROUP_WATCH,
    .registry = true,
    .pager = true,
    .args = {{"REF", COMPLETE_REF, NULL}},
    .options =
        {{.name = "current",
          .kind = OPTION_TEXT,
          .argument = "FILE",
          .help = "the table to judge: CSV, JSON Lines, Parquet or npy, or a pattern or folder of "
                  "many; - for standard input",
          .completion = COMPLETE_FILE,
          .required = true},
         {.name = "data",
          .kind = OPTION_TEXT,
          .argument = "NAME",
          .help = "the snapshot to compare with (default: the one with role reference)"},
         {.name = "method",
          .kind = OPTION_LIST,
          .argument = "[COLUMN=]NAME",
          .help = "how numeric columns are compared (default: ks; docs/drift.md), or one "
                  "column of any kind",
          .words = "ks jensen_shannon psi wasserstein total_variation hellinger l_infinity "
                   "energy cramer_von_mises anderson_darling chi_square g z fisher"},
         {.name = "categorical-method",
          .kind = OPTION_TEXT,
          .argument = "NAME",
          .help = "how categorical columns are compared (default: jensen_shannon)",
          .words = "jensen_shannon psi total_variation hellinger l_infinity chi_square g z "
                   "fisher"},
         {.name = "threshold",
          .kind = OPTION_NUMBER,
          .argument = "NUMBER",
          .help = "drift above this statistic (default: each method's own)"},
         {.name = "any-effect",
          .help = "let noise alone set the thresholds, however small the effect"},
         {.name = "far",
          .kind = OPTION_TEXT,
          .argument = "SHARE",
          .help = "how often a table without drift may raise an alarm (default: 1%)"},
         {.name = "time",
          .kind = OPTION_TEXT,
          .argument = "COLUMN",
          .help = "column of times that drift is dated by (default: the snapshot's)"},
         {.name = "segment",
          .kind = OPTION_TEXT,
          .argument = "COLUMN",
          .help = "say which values of COLUMN carry the drift"},
         {.name = "season",
          .kind = OPTION_TEXT,
          .argument = "NAME",
          .help = "hold rows against rows of the same hour or weekday",
          .words = "hour weekday"},
         {.name = "exact", .help = "keep all values of both tables instead of sketches"},
         CLI_CSV_OPTIONS("the snapshot's, else found out", "the snapshot's"),
         {.name = "html",
          .kind = OPTION_TEXT,
          .argument = "FILE",
          .help = "write a report with pictures, one file that needs nothing else",
          .completion = COMPLETE_FILE},
         {.name = "markdown",
          .kind = OPTION_TEXT,
          .argument = "FILE",
          .help = "write the report as Markdown",
          .completion = COMPLETE_FILE},
         {.name = "svg",
          .kind = OPTION_TEXT,
          .argument = "COLUMN",
          .help = "print a picture of one column instead of the table"}},
    .examples = {{"mlops drift fraud@production --current today.csv",
                  "does production still see what it learnt from?"},
                 {"zcat may.csv.gz | mlops --json drift fraud@production --current - | jq "
                  "-r '.columns[] | select(.drift) | .name'",
                  "names of the columns that drifted"},
                 {"mlops drift fraud@production --current today.csv --html drift.html",
                  "the same for people, with pictures"}},
    .exits = {{1, "at least one column drifted, or whole rows did"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "null for a bundle that is not registered"},
             {"bundle", "text", "its bundle"},
             {"data", "text", "name of the snapshot"},
             {"drift", "bool", "did at least one column drift, or whole rows?"},
             {"share", "number", "of the columns that drifted, 0 to 1"},
             {"rows", "number", "of FILE"},
             {"rows_reference", "number", "of the snapshot"},
             {"far", "number", "how often a table without drift raises an alarm, at most"},
             {"calibrated", "bool", "by draws from the snapshot, or by bounds for any data?"},
             {"rows_drift", "bool", "do rows differ as wholes?"},
             {"rows_detail", "text?", "in what"},
             {"domain_auc", "number?", "of a classifier that tells rows of the two tables apart"},
             {"domain_threshold", "number?", "above which it can"},
             {"pair[]", "text", "the two columns whose correlation changed most"},
             {"pair_statistic", "number?", "by how many deviations of chance it changed"},
             {"pair_threshold", "number?", "above which that is more than chance"},
             {"pair_reference", "number?", "their correlation in the snapshot's rows"},
             {"pair_current", "number?", "their correlation in FILE's rows"},
             {"reconstruction_reference", "number?",
              "error of rows rebuilt from the snapshot's components, of its own"},
             {"reconstruction_current", "number?", "the same of FILE's rows"},
             {"reconstruction_low", "number?", "below which it is more than chance"},
             {"reconstruction_high", "number?", "above which it is more than chance"},
             {"isolated_reference", "number?",
              "share of the snapshot's rows with three times the average leverage"},
             {"isolated_current", "number?", "the same of FILE's rows"},
             {"isolated_threshold", "number?", "above which it is more than chance"},
             {"isolated_by", "text?", "column that sets most of these apart"},
             {"exact", "bool", "no sketch had to leave anything out"},
             {"time", "text?", "column that drift was dated by"},
             {"segment", "text?", "column that it was divided by"},
             {"season", "text?", "hour or weekday, where rows were held against the same"},
             {"together", "array", "drifted columns that go together: an array of names a group"},
             {"columns[].name", "text", "most drifted first"},
             {"columns[].type", "text", "numeric or categorical"},
             {"columns[].method", "text", "how it was compared"},
             {"columns[].statistic", "number?", "how far apart the two are"},
             {"columns[].threshold", "number", "that it was held against"},
             {"columns[].weight", "number", "that the threshold was divided by"},
             {"columns[].error", "number", "by how much sketches may put shares off; 0: exact"},
             {"columns[].drift", "bool", "the verdict"},
             {"columns[].missing_reference", "number", "share of the snapshot's rows, 0 to 1"},
             {"columns[].missing_current", "number", "share of FILE's rows, 0 to 1"},
             {"columns[].p", "number?",
              "of the method where it is a test, else of Kolmogorov-Smirnov's, or chi-square"},
             {"columns[].p_adjusted", "number?", "over all columns, by Benjamini-Hochberg"},
             {"columns[].range_reference[]", "number?", "of numbers: least and largest"},
             {"columns[].range_current[]", "number?", "of numbers: least and largest"},
             {"columns[].outliers_reference", "number?",
              "share beyond the snapshot's fences, 1.5 interquartile ranges outside"},
             {"columns[].outliers_current", "number?", "share beyond the same fences"},
             {"columns[].robust_reference", "number?", "share with a robust z above 3.5"},
             {"columns[].robust_current", "number?", "share by the same median and MAD"},
             {"columns[].beyond_reference", "number", "share outside the snapshot's range"},
             {"columns[].misfits", "number", "cells of FILE of another type"},
             {"columns[].course", "text?", "since, until, or throughout; null: not dated"},
             {"columns[].changed", "time?", "when it began, or ended"},
             {"columns[].spans[].from", "time", "spans of FILE, in their order"},
             {"columns[].spans[].to", "time", "end, exclusive"},
             {"columns[].spans[].rows", "number", "of the span"},
             {"columns[].spans[].distance", "number?", "from the snapshot: Jensen-Shannon, 0 to 1"},
             {"columns[].segments[].value", "text", "that most of the change lies in first"},
             {"columns[].segments[].rows_reference", "number", "of the snapshot"},
             {"columns[].segments[].rows_current", "number", "of FILE"},
             {"columns[].segments[].distance", "number?", "total variation within, 0 to 1"},
             {"columns[].segments[].carried", "number", "share of the column's change"},
             {"columns[].bars[].label", "text?", "of categories: the value"},
             {"columns[].bars[].low", "number?", "of numbers: from where"},
             {"columns[].bars[].high", "number?", "of numbers: to where"},
             {"columns[].bars[].reference", "number", "share of the snapshot's values"},
             {"columns[].bars[].current", "number", "share of FILE's values"},
             {"columns[].detail", "text?", "what moved"}},
    .run = run,
};
