/* cmd/scan.c - mlops scan REF|PATH... */
#include "cli.h"
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

static enum style verdict_style(enum mlops_scan_verdict verdict)
{
    switch (verdict) {
    case MLOPS_SCAN_SAFE:
        return STYLE_GOOD;
    case MLOPS_SCAN_UNKNOWN:
    case MLOPS_SCAN_UNREADABLE:
        return STYLE_NOTICE;
    case MLOPS_SCAN_UNSAFE:
        break;
    }
    return STYLE_BAD;
}

static enum style severity_style(enum mlops_severity severity)
{
    return severity >= MLOPS_SEVERITY_HIGH     ? STYLE_BAD
           : severity == MLOPS_SEVERITY_MEDIUM ? STYLE_NOTICE
                                               : STYLE_DIM;
}

static enum mlops_severity least_shown(const struct cli *cli)
{
    const char *asked = cli_text(cli, "severity");
    for (enum mlops_severity i = MLOPS_SEVERITY_INFO; asked && i <= MLOPS_SEVERITY_CRITICAL; i++)
        if (str_equal(asked, mlops_severity_name(i)))
            return i;
    return MLOPS_SEVERITY_INFO;
}

/* ---- for people ----------------------------------------------------------------------------- */

static void add_finding(struct table *table, const struct mlops_scan_finding *finding)
{
    const struct mlops_scan_rule *rule = &finding->rule;
    cli_table_cell(table, finding->accepted ? STYLE_DIM : severity_style(rule->severity), "%s",
                   finding->accepted ? "accepted" : mlops_severity_name(rule->severity));
    cli_table_cell(table, STYLE_PLAIN, "%s", rule->id);
    cli_table_cell(table, STYLE_DIM, "%" PRIu64, finding->offset);
    if (finding->accepted)
        cli_table_cell(table, STYLE_PLAIN, "%s; accepted: %s", finding->message, finding->reason);
    else
        cli_table_cell(table, STYLE_PLAIN, "%s", finding->message);
}

/* What to do, once for each advice that findings of the file give. */
static void print_advice(struct cli *cli, const struct mlops_scan_finding *findings, size_t count,
                         enum mlops_severity least)
{
    for (size_t i = 0; i < count; i++) {
        const char *advice = findings[i].rule.advice;
        bool said = findings[i].accepted || findings[i].rule.severity < least ||
                    findings[i].rule.verdict == MLOPS_SCAN_SAFE;
        for (size_t j = 0; j < i && !said; j++)
            said = !findings[j].accepted && str_equal(findings[j].rule.advice, advice);
        if (!said)
            cli_print(cli, "  %s->%s %s", cli_on(cli, STYLE_DIM), cli_off(cli, STYLE_DIM), advice);
    }
}

/* The findings of one file. Returns how many were shown. */
static size_t print_file(struct cli *cli, const struct mlops_scan_finding *findings, size_t count,
                         enum mlops_severity least)
{
    static const struct column columns[] = {
        {"SEVERITY", false}, {"RULE", false}, {"OFFSET", true}, {"WHAT", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        if (findings[i].rule.severity < least)
            continue;
        add_finding(&table, &findings[i]);
        shown++;
    }
    if (shown == 0)
        return 0;
    _cleanup_(free_string) char *file = cli_clean(findings[0].file, false);
    cli_print(cli, "%s%s%s", cli_on(cli, STYLE_BOLD), file, cli_off(cli, STYLE_BOLD));
    cli_table_print(cli, &table);
    print_advice(cli, findings, count, least);
    cli_print(cli, "%s", "");
    return shown;
}

static void print_verdict(struct cli *cli, const struct mlops_scan_report *report, size_t hidden)
{
    char bytes[32], version[VERSION_TEXT_SIZE];
    size_t weighing = 0;
    for (size_t i = 0; i < report->finding_count; i++)
        weighing +=
            !report->findings[i].accepted && report->findings[i].rule.verdict != MLOPS_SCAN_SAFE;
    cli_size_format(report->bytes, bytes);
    cli_version_format(&report->version, version);
    enum style style = verdict_style(report->verdict);
    _cleanup_(free_string) char *left_out =
        hidden ? cli_format("; %zu less severe ones not shown", hidden) : cli_copy("", 0);
    cli_print(cli, "%s%s%s%s%s: %" PRIu64 " %s, %s, %zu%s %s against it%s",
              report->version.bundle[0] ? version : "", report->version.bundle[0] ? " is " : "",
              cli_on(cli, style), mlops_scan_verdict_name(report->verdict), cli_off(cli, style),
              report->files, cli_noun(report->files, "file", "files"), bytes, weighing,
              report->overflow ? " or more" : "", cli_noun(weighing, "finding", "findings"),
              left_out);
}

static void print_report(struct cli *cli, const struct mlops_scan_report *report)
{
    enum mlops_severity least = least_shown(cli);
    size_t shown = 0;
    for (size_t from = 0, to; from < report->finding_count; from = to) {
        to = from + 1;
        while (to < report->finding_count &&
               str_equal(report->findings[from].file, report->findings[to].file))
            to++;
        shown += print_file(cli, &report->findings[from], to - from, least);
    }
    print_verdict(cli, report, report->finding_count - shown);
}

/* ---- for programs --------------------------------------------------------------------------- */

static cJSON *finding_json(const struct mlops_scan_finding *finding)
{
    cJSON *json = cli_json_object();
    cli_json_text(json, "rule", finding->rule.id);
    cli_json_text(json, "severity", mlops_severity_name(finding->rule.severity));
    cli_json_text(json, "verdict", mlops_scan_verdict_name(finding->rule.verdict));
    cli_json_text(json, "file", finding->file);
    cli_json_number(json, "offset", (double)finding->offset);
    cli_json_text(json, "message", finding->message);
    cli_json_text(json, "advice", finding->rule.advice);
    cli_json_bool(json, "accepted", finding->accepted);
    cli_json_text(json, "reason", finding->reason);
    return json;
}

static cJSON *report_json(struct cli *cli, const struct mlops_scan_report *report)
{
    cJSON *document = cli_json_object(), *findings = cli_json_array();
    enum mlops_severity least = least_shown(cli);
    bool version = report->version.bundle[0];
    cli_json_text(document, "model", version ? report->version.model : NULL);
    cli_json_version(document, "version", report->version.number);
    cli_json_text(document, "bundle", version ? report->version.bundle : NULL);
    cli_json_text(document, "verdict", mlops_scan_verdict_name(report->verdict));
    cli_json_number(document, "files", (double)report->files);
    cli_json_number(document, "bytes", (double)report->bytes);
    cli_json_number(document, "scanner", MLOPS_SCANNER_VERSION);
    cli_json_text(document, "advisories", report->advisories[0] ? report->advisories : NULL);
    cli_json_bool(document, "overflow", report->overflow);
    cli_json_add(document, "findings", findings);
    for (size_t i = 0; i < report->finding_count; i++)
        if (report->findings[i].rule.severity >= least)
            cli_json_push(findings, finding_json(&report->findings[i]));
    return document;
}

static int write_sarif(struct cli *cli, const struct mlops_scan_report *report)
{
    _cleanup_(free_string) char *text = NULL;
    const char *path = cli_text(cli, "sarif");
    TRY(mlops_scan_sarif(report, &text, &cli->err));
    FILE *file = fopen(path, "we");
    if (!file)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "write %s", path);
    bool written = fputs(text, file) >= 0 && fputc('\n', file) != EOF;
    if ((fclose(file) != 0) || !written)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "write %s", path);
    return MLOPS_OK;
}

/* ---- the rules ------------------------------------------------------------------------------ */

static cJSON *rules_json(const struct mlops_scan_rule_list *rules)
{
    cJSON *document = cli_json_object(), *list = cli_json_array();
    cli_json_number(document, "scanner", MLOPS_SCANNER_VERSION);
    cli_json_add(document, "rules", list);
    for (size_t i = 0; i < rules->count; i++) {
        const struct mlops_scan_rule *rule = &rules->items[i];
        cJSON *json = cli_json_object();
        cli_json_text(json, "rule", rule->id);
        cli_json_text(json, "severity", mlops_severity_name(rule->severity));
        cli_json_text(json, "verdict", mlops_scan_verdict_name(rule->verdict));
        cli_json_text(json, "summary", rule->summary);
        cli_json_text(json, "advice", rule->advice);
        cli_json_bool(json, "acceptable", rule->acceptable);
        cli_json_push(list, json);
    }
    return document;
}

static int show_rules(struct cli *cli)
{
    static const struct column columns[] = {
        {"RULE", false}, {"SEVERITY", false}, {"VERDICT", false}, {"WHAT IT FINDS", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "");
    _cleanup_(mlops_scan_rule_list_clear) struct mlops_scan_rule_list rules = {0};
    mlops_scan_rule_list(&rules);
    if (cli->json)
        return cli_print_json(cli, rules_json(&rules));
    for (size_t i = 0; i < rules.count; i++) {
        const struct mlops_scan_rule *rule = &rules.items[i];
        cli_table_cell(&table, STYLE_BOLD, "%s", rule->id);
        cli_table_cell(&table, severity_style(rule->severity), "%s",
                       mlops_severity_name(rule->severity));
        cli_table_cell(&table, verdict_style(rule->verdict), "%s",
                       mlops_scan_verdict_name(rule->verdict));
        cli_table_cell(&table, STYLE_PLAIN, "%s", rule->summary);
    }
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

/* ---- what is meant -------------------------------------------------------------------------- */

/* Is it a path, rather than what a registry would know? What could be both is a path. */
static bool is_path(const char *argument)
{
    if (str_starts(argument, "sha256:"))
        return false;
    return strchr(argument, '/') || access(argument, F_OK) == 0;
}

/* RULE or RULE:GLOB, in place. */
static struct mlops_scan_acceptance *split_accepted(const char **given, size_t count)
{
    struct mlops_scan_acceptance *accept = cli_allocate(count + 1, sizeof(*accept));
    for (size_t i = 0; i < count; i++) {
        const char *colon = strchr(given[i], ':');
        accept[i].rule = colon ? cli_copy(given[i], (size_t)(colon - given[i]))
                               : cli_copy(given[i], strlen(given[i]));
        accept[i].files = colon ? colon + 1 : NULL;
    }
    return accept;
}

static bool is_version(struct mlops_registry *registry, const char *ref)
{
    struct mlops_version version;
    struct mlops_error ignored = {0};
    return strpbrk(ref, "@:") ||
           mlops_version_resolve(registry, ref, &version, &ignored) == MLOPS_OK;
}

static int scan_version(struct cli *cli, struct mlops_scan_report *report)
{
    const char **given = cli_list(cli, "accept");
    size_t count = 0;
    while (given && given[count])
        count++;
    struct mlops_scan_acceptance *accept = split_accepted(given, count);
    struct mlops_scan_options options = {
        .ref = cli->args[0],
        .accept = accept,
        .accept_count = count,
        .reason = cli_text(cli, "reason"),
        .dry_run = cli_flag(cli, "dry-run"),
        .advisories = cli_text_or_environment(cli, "advisories", "MLOPS_ADVISORIES")};
    int code = cli_open_registry(cli);
    if (code)
        (void)mlops_wrap(&cli->err, "'%s' is no file here", cli->args[0]);
    else
        code = cli_explain_missing(cli, cli->args[0],
                                   mlops_scan(cli->registry, &options, report, &cli->err));
    if (code == MLOPS_NOT_FOUND && cli->registry && !is_version(cli->registry, cli->args[0]))
        (void)mlops_wrap(&cli->err, "'%s' is no file here", cli->args[0]);
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)accept[i].rule);
    free(accept);
    free(given);
    return code;
}

static int scan_paths(struct cli *cli, struct mlops_scan_report *report)
{
    struct mlops_observer observer = cli_observer(cli);
    for (size_t i = 0; i < cli->arg_count; i++)
        if (!is_path(cli->args[i])) {
            mlops_fail(&cli->err, MLOPS_NOT_FOUND, "there is no file or folder '%s'", cli->args[i]);
            return mlops_hint(&cli->err, "versions are scanned one at a time");
        }
    const char **accept = cli_list(cli, "accept");
    bool accepts = accept && accept[0];
    free(accept);
    if (accepts || cli_text(cli, "reason"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "only findings in a version can be accepted: register it first");
    return mlops_scan_paths((const char *const *)cli->args,
                            cli_text_or_environment(cli, "advisories", "MLOPS_ADVISORIES"),
                            &observer, report, &cli->err);
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_scan_report_clear) struct mlops_scan_report report = {0};
    if (cli_flag(cli, "rules"))
        return show_rules(cli);
    if (cli->arg_count == 0)
        return mlops_fail(&cli->err, MLOPS_INVALID, "say what to scan: a version, or paths");
    if (cli->arg_count == 1 && !is_path(cli->args[0]))
        TRY(scan_version(cli, &report));
    else
        TRY(scan_paths(cli, &report));
    if (cli_text(cli, "sarif"))
        TRY(write_sarif(cli, &report));
    if (cli->json)
        TRY(cli_print_json(cli, report_json(cli, &report)));
    else
        print_report(cli, &report);
    return report.verdict == MLOPS_SCAN_SAFE ? MLOPS_OK : MLOPS_REFUSED;
}

const struct command command_scan = {
    .name = "scan",
    .summary = "look into model artifacts for what runs code or hides",
    .synopsis = "REF | PATH...",
    .description =
        "Looks into files as whoever loads them would, without running anything: pickles opcode by "
        "opcode, containers with all that is in them. What a file is, its content says, not its "
        "name. The verdict on all is that of the worst file: 'safe' where it was understood to the "
        "last byte and nothing in it can run; 'unknown' where it uses what is on no list; "
        "'unreadable' where it is damaged, encrypted or over a limit, and so not understood whole; "
        "'unsafe' where it runs code when it is loaded, or hides something.\n\n"
        "Of a version (REF), the files of its bundle are scanned, and the result is recorded as "
        "evidence, which the gate 'scan' of 'mlops promote' judges by. An argument that is the "
        "name of a file or folder here is a PATH; 'fraud@latest' is always a version.\n\n"
        "--accept says of findings of a rule, in a version, that they do not count, for this "
        "bundle alone, with a reason that is recorded. Only what is unknown or unreadable can be "
        "accepted, nothing that is unsafe.",
    .group = GROUP_RELEASE,
    .pager = true,
    .args = {{"REF|PATH", COMPLETE_REF | COMPLETE_FILE | COMPLETE_DIRECTORY | OPTIONAL | REPEATED,
              NULL}},
    .options = {{.name = "severity",
                 .kind = OPTION_CHOICE,
                 .argument = "LEVEL",
                 .help = "show only findings at least that severe; the verdict stays the same",
                 .words = "info low medium high critical"},
                {.name = "sarif",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "write all findings as SARIF 2.1.0, too",
                 .completion = COMPLETE_FILE},
                {.name = "accept",
                 .kind = OPTION_LIST,
                 .argument = "RULE[:GLOB]",
                 .help =
                     "findings of that rule, in files whose path matches, do not count from now "
                     "on"},
                {.name = "reason",
                 .kind = OPTION_TEXT,
                 .argument = "TEXT",
                 .help = "why they are accepted"},
                {.name = "advisories",
                 .kind = OPTION_TEXT,
                 .argument = "PATH",
                 .help = "hold the packages that lock files name against these vulnerabilities: a "
                         "file or folder in the OSV format (MLOPS_ADVISORIES)",
                 .completion = COMPLETE_FILE | COMPLETE_DIRECTORY},
                {.name = "dry-run", .kind = OPTION_FLAG, .help = "record nothing"},
                {.name = "rules", .kind = OPTION_FLAG, .help = "list the rules, and scan nothing"}},
    .examples = {{"mlops scan model.pkl", "what would loading it do?"},
                 {"mlops scan fraud@3", "all files of version 3, with the result recorded"},
                 {"mlops scan model/ --sarif scan.sarif", "for a CI that shows findings"},
                 {"mlops scan fraud@3 --advisories osv/", "with known vulnerabilities of packages"},
                 {"mlops scan fraud --accept 'pickle/import-unknown:model/*' --reason 'our own "
                  "class, read on 3 May'",
                  "accept what was found"}},
    .exits = {{1, "not safe: something was found that counts"},
              {3, "no such version or path, or no file in the folder"}},
    .json = {{"model", "text?", "whose version it is; null for paths"},
             {"version", "number?", "which version"},
             {"bundle", "text?", "its bundle"},
             {"verdict", "text", "safe, unknown, unreadable or unsafe"},
             {"files", "number", "how many were looked at"},
             {"bytes", "number", "their size"},
             {"scanner", "number", "rises when the rules change"},
             {"advisories", "text?", "SHA-256 of the advisories that packages were held against"},
             {"overflow", "bool", "were there more findings than are listed?"},
             {"findings[].rule", "text", "its id; --rules has them all"},
             {"findings[].severity", "text", "info, low, medium, high or critical"},
             {"findings[].verdict", "text", "what it makes of the file; safe for remarks"},
             {"findings[].file", "text", "with the way into containers, after '!'"},
             {"findings[].offset", "number", "in bytes, in the innermost file"},
             {"findings[].message", "text", "the evidence"},
             {"findings[].advice", "text", "what to do"},
             {"findings[].accepted", "bool", "does it not count?"},
             {"findings[].reason", "text?", "why not"},
             {"rules[]", "object",
              "with --rules: rule, severity, verdict, summary, advice, "
              "acceptable"}},
    .run = run,
};
