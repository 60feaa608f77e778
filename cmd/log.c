/* cmd/log.c - mlops log [MODEL] */
#include "cli.h"
#include <inttypes.h>

static void add_row(struct table *table, const struct mlops_log_entry *entry)
{
    char time[32];

    mlops_time_format(entry->time_ns, time);
    cli_table_cell(table, STYLE_DIM, "%" PRIu64, entry->index);
    cli_table_cell(table, STYLE_PLAIN, "%s", time);
    cli_table_cell(table, STYLE_PLAIN, "%s", entry->actor);
    cli_table_cell(table, STYLE_BOLD, "%s", entry->action);
    if (entry->version)
        cli_table_cell(table, STYLE_PLAIN, "%s@%" PRIu64, entry->model, entry->version);
    else
        cli_table_cell(table, STYLE_PLAIN, "%s", entry->model);
    cli_table_cell(table, STYLE_GOOD, "%s", entry->stage);
    if (entry->previous)
        cli_table_cell(table, STYLE_PLAIN, "@%" PRIu64, entry->previous);
    else
        cli_table_cell(table, STYLE_PLAIN, "%s", "");
    cli_table_cell(table, STYLE_PLAIN, "%s", entry->reason);
}

static int print_table(struct cli *cli, const struct mlops_log *log)
{
    static const struct column columns[] = {{"INDEX", true},   {"TIME", false},  {"ACTOR", false},
                                            {"ACTION", false}, {"WHAT", false},  {"STAGE", false},
                                            {"BEFORE", false}, {"REASON", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    for (size_t i = 0; i < log->count; i++)
        add_row(&table, &log->items[i]);
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

static int print_json(struct cli *cli, const struct mlops_log *log)
{
    cJSON *document = cli_json_object(), *entries = cli_json_array();

    cli_json_add(document, "entries", entries);
    for (size_t i = 0; i < log->count; i++) {
        const struct mlops_log_entry *from = &log->items[i];
        cJSON *entry = cli_json_object();
        cli_json_number(entry, "index", (double)from->index);
        cli_json_time(entry, "time", from->time_ns);
        cli_json_text(entry, "actor", from->actor);
        cli_json_text(entry, "action", from->action);
        cli_json_text_or_null(entry, "model", from->model);
        cli_json_version(entry, "version", from->version);
        cli_json_version(entry, "previous", from->previous);
        cli_json_text_or_null(entry, "stage", from->stage);
        cli_json_text_or_null(entry, "reason", from->reason);
        cli_json_push(entries, entry);
    }
    return cli_print_json(cli, document);
}

static int verify(struct cli *cli)
{
    uint64_t size;
    char root[65];

    if (cli->args[0] || cli_text(cli, "stage") || cli_text(cli, "limit"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "--verify looks at the whole log: it goes with no MODEL, --stage or "
                          "--limit");
    TRY(mlops_log_verify(cli_registry(cli), &size, root, &cli->err));
    if (!cli->json) {
        cli_say(cli, "the log is whole: %" PRIu64 " %s, root %s", size,
                size == 1 ? "entry" : "entries", root);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_bool(document, "valid", true);
    cli_json_number(document, "size", (double)size);
    cli_json_text(document, "root", root);
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_log_clear) struct mlops_log log = {0};
    const struct mlops_log_filter filter = {
        .model = cli->args[0],
        .stage = cli_text(cli, "stage"),
        .limit = (uint64_t)cli_whole(cli, "limit"),
    };

    if (cli_flag(cli, "verify"))
        return verify(cli);
    TRY(mlops_log_read(cli_registry(cli), &filter, &log, &cli->err));
    return cli->json ? print_json(cli, &log) : print_table(cli, &log);
}

const struct command command_log = {
    .name = "log",
    .summary = "show what was done, by whom, when and why",
    .synopsis = "[MODEL]",
    .description =
        "Newest first: index, time, who, what was done, to which version, in which stage, which "
        "version the stage held before, and the reason. The log is append-only and its entries "
        "are leaves of a hash tree, so that a change of any of them can be found.",
    .group = GROUP_LOOK,
    .registry = true,
    .pager = true,
    .args = {{"MODEL", COMPLETE_MODEL | OPTIONAL}},
    .options = {{.name = "stage",
                 .kind = OPTION_TEXT,
                 .argument = "STAGE",
                 .help = "only what concerns that stage",
                 .completion = COMPLETE_STAGE},
                {.name = "limit",
                 .letter = 'n',
                 .kind = OPTION_COUNT,
                 .argument = "COUNT",
                 .help = "only the newest COUNT entries"},
                {.name = "verify", .help = "recompute the hash tree instead, and compare"}},
    .examples = {{"mlops log fraud --stage production", "what happened in production"},
                 {"mlops log --verify", "was the log tampered with?"}},
    .exits = {{5, "with --verify: the log does not fit its hash tree"}},
    .json = {{"entries[].index", "number", "0, 1, 2 and so on: the order of the log"},
             {"entries[].time", "time", "when"},
             {"entries[].actor", "text", "who"},
             {"entries[].action", "text", "register, test, promote, rollback and so on"},
             {"entries[].model", "text?", "of which model"},
             {"entries[].version", "number?", "which version"},
             {"entries[].previous", "number?", "what the stage held before"},
             {"entries[].stage", "text?", "in which stage"},
             {"entries[].reason", "text?", "as --reason said"},
             {"valid", "bool", "with --verify: true"},
             {"size", "number", "with --verify: how many entries there are"},
             {"root", "text", "with --verify: the root of the hash tree (RFC 6962)"}},
    .run = run,
};
