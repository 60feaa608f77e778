/* cmd/doctor.c - mlops doctor */
#include "cli.h"

static const char *const levels[] = {
    [MLOPS_FINDING_GOOD] = "good", [MLOPS_FINDING_NOTE] = "note", [MLOPS_FINDING_BAD] = "bad"};

static cJSON *to_json(const struct mlops_doctor_report *report)
{
    cJSON *document = cli_json_object(), *checks = cli_json_array();

    cli_json_bool(document, "healthy", report->healthy);
    cli_json_add(document, "checks", checks);
    for (size_t i = 0; i < report->count; i++) {
        cJSON *check = cli_json_object();
        cli_json_text(check, "name", report->items[i].name);
        cli_json_text(check, "level", levels[report->items[i].level]);
        cli_json_text(check, "found", report->items[i].found);
        cli_json_text(check, "advice", report->items[i].advice);
        cli_json_push(checks, check);
    }
    return document;
}

static int run(struct cli *cli)
{
    static const struct column columns[] = {{"", false}, {"CHECK", false}, {"FOUND", false}};
    static const enum style styles[] = {STYLE_GOOD, STYLE_NOTICE, STYLE_BAD};
    _cleanup_(mlops_doctor_report_clear) struct mlops_doctor_report report = {0};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "");
    const struct mlops_registry_options options = cli_registry_options(cli);

    TRY(mlops_doctor(&options, &report, &cli->err));
    if (cli->json) {
        TRY(cli_print_json(cli, to_json(&report)));
        return report.healthy ? MLOPS_OK : MLOPS_REFUSED;
    }
    for (size_t i = 0; i < report.count; i++) {
        const struct mlops_doctor_check *check = &report.items[i];
        cli_table_cell(&table, styles[check->level], "%s", levels[check->level]);
        cli_table_cell(&table, STYLE_BOLD, "%s", check->name);
        cli_table_cell(&table, STYLE_PLAIN, "%s%s%s", check->found, check->advice ? "; " : "",
                       check->advice ? check->advice : "");
    }
    cli_table_print(cli, &table);
    return report.healthy ? MLOPS_OK : MLOPS_REFUSED;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "say what is missing on this machine, and what to do",
    .description =
        "Looks at the registry (reached, writable, disk space, kind of file system), settings, "
        "permissions of key files, the clock, the sandbox, and the libraries that single commands "
        "load. 'bad' is something that is needed or not safe; 'note' is something that only some "
        "commands need.",
    .group = GROUP_LOOK_AFTER,
    .examples = {{"mlops doctor", "is this machine ready?"}},
    .exits = {{1, "something needed is missing, or not safe"}},
    .json = {{"healthy", "bool", "is nothing bad?"},
             {"checks[].name", "text", "what was looked at"},
             {"checks[].level", "text", "good, note or bad"},
             {"checks[].found", "text", "what is there"},
             {"checks[].advice", "text?", "what to do"}},
    .run = run,
};
