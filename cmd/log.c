/* cmd/log.c - mlops log [MODEL|REF] */
#include "cli_lineage.h"
#include "cli_log.h"
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

/* --at: what the stage held then. */
static int print_holder(struct cli *cli, const char *at)
{
    struct mlops_stage_row row;
    int64_t at_ns;
    char version[VERSION_TEXT_SIZE], since[32];
    bool held;

    if (!cli->args[0] || !cli_text(cli, "stage"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "--at asks what a stage held: name the MODEL and the --stage");
    TRY(mlops_time_parse(at, &at_ns, &cli->err));
    TRY(mlops_stage_at(cli_registry(cli), cli->args[0], cli_text(cli, "stage"), at_ns, &row, &held,
                       &cli->err));
    if (!held)
        return mlops_fail(&cli->err, MLOPS_NOT_FOUND, "nothing was in %s of %s at %s",
                          cli_text(cli, "stage"), cli->args[0], at);
    if (!cli->json) {
        cli_version_format(&row.version, version);
        mlops_time_format(row.since_ns, since);
        cli_print(cli, "%s  since %s  %.*s", version, since, cli_bundle_length(cli),
                  row.version.bundle);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", row.version.model);
    cli_json_version(document, "version", row.version.number);
    cli_json_text(document, "stage", row.stage);
    cli_json_time(document, "since", row.since_ns);
    cli_json_text(document, "bundle", row.version.bundle);
    return cli_print_json(cli, document);
}

static int print_graph(struct cli *cli)
{
    _cleanup_(mlops_lineage_clear) struct mlops_lineage lineage = {0};

    TRY(mlops_lineage_all(cli_registry(cli), cli->args[0], &lineage, &cli->err));
    return cli_print_lineage(cli, &lineage);
}

/* What is said of a model, or of one version of it: `fraud@3`, `fraud@production`. */
static int print_entries(struct cli *cli)
{
    _cleanup_(mlops_log_clear) struct mlops_log log = {0};
    struct mlops_version version;
    struct mlops_log_filter filter = {
        .model = cli->args[0],
        .stage = cli_text(cli, "stage"),
        .limit = (uint64_t)cli_whole(cli, "limit"),
    };

    if (filter.model && strpbrk(filter.model, "@:")) {
        TRY(mlops_version_resolve(cli_registry(cli), filter.model, &version, &cli->err));
        if (version.number == 0)
            return mlops_fail(&cli->err, MLOPS_NOT_FOUND, "'%s' is not registered", filter.model);
        filter.model = version.model;
        filter.version = version.number;
    }
    TRY(mlops_log_read(cli_registry(cli), &filter, &log, &cli->err));
    if (log.count == 0 && filter.stage)
        cli_warn(cli, "nothing was logged of a stage '%s'", filter.stage);
    return cli->json ? print_json(cli, &log) : print_table(cli, &log);
}

static int run(struct cli *cli)
{
    if (!cli_text(cli, "from"))
        TRY(cli_open_registry(cli));
    if (cli_text(cli, "from"))
        return log_prove(cli);
    if (cli_flag(cli, "graph") || cli_flag(cli, "dot"))
        return print_graph(cli);
    if (log_proving(cli))
        return log_prove(cli);
    if (cli_text(cli, "at"))
        return print_holder(cli, cli_text(cli, "at"));
    return print_entries(cli);
}

const struct command command_log = {
    .name = "log",
    .summary = "show what was done, by whom, when and why",
    .synopsis = "[MODEL|REF]",
    .description =
        "Newest first: index, time, who, what was done, to which version, in which stage, which "
        "version the stage held before, and the reason. Of all models, of one, or of one version "
        "(fraud@3).\n\n"
        "The log is append-only. Its entries are leaves of a hash tree (RFC 6962) whose head is "
        "signed by the registry's log.key after every change. Keep a checkpoint elsewhere "
        "(--checkpoint), and --since FILE proves later that nothing before it was rewritten or "
        "cut off; --prove gives a proof that others can check without the registry; --export "
        "gives all of it, and --from FILE verifies that without the registry, or the log in what "
        "'mlops export --all' wrote; with --prove it proves out of it.",
    .group = GROUP_LOOK,
    .pager = true,
    .args = {{"MODEL|REF", COMPLETE_REF | OPTIONAL, NULL}},
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
                LINEAGE_OPTIONS("instead, the versions and what they were made from"),
                {.name = "at",
                 .kind = OPTION_TEXT,
                 .argument = "TIME",
                 .help = "with --stage: what the stage held then"},
                {.name = "verify",
                 .help =
                     "recompute the hash tree instead, and compare all of the registry with it"},
                {.name = "checkpoint", .help = "print the signed head of the log, to keep"},
                {.name = "since",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "prove that the log begins with what that checkpoint signs ('-': stdin)",
                 .completion = COMPLETE_FILE},
                {.name = "prove",
                 .kind = OPTION_TEXT,
                 .argument = "INDEX",
                 .help = "print a proof that entry INDEX is in the log (c2sp.org/tlog-proof)"},
                {.name = "export", .help = "write every entry, and the checkpoint, to stdout"},
                {.name = "from",
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "verify that export, or prove out of it, without a registry",
                 .completion = COMPLETE_FILE},
                {.name = "key",
                 .kind = OPTION_TEXT,
                 .argument = "VKEY",
                 .help = "with --from: the key that must have signed it"}},
    .examples = {{"mlops log fraud --stage production", "what happened in production"},
                 {"mlops log fraud --stage production --at '2026-05-03 14:00'",
                  "what was live then"},
                 {"mlops log fraud --graph", "which version was made from which?"},
                 {"mlops log --verify", "was the log tampered with?"},
                 {"mlops log --checkpoint > kept.txt", "keep its head where others cannot write"},
                 {"mlops log --since kept.txt", "was anything rewritten since?"}},
    .exits = {{3, "with --at: the stage was empty then"},
              {5, "the log does not fit its hash tree, its signature or the checkpoint"}},
    .json = {{"entries[].index", "number", "0, 1, 2 and so on: the order of the log"},
             {"entries[].time", "time", "when"},
             {"entries[].actor", "text", "who"},
             {"entries[].action", "text", "register, test, promote, rollback and so on"},
             {"entries[].model", "text?", "of which model"},
             {"entries[].version", "number?", "which version"},
             {"entries[].previous", "number?", "what the stage held before"},
             {"entries[].stage", "text?", "in which stage"},
             {"entries[].reason", "text?", "as --reason said"},
             LINEAGE_JSON,
             {"valid", "bool", "with --verify and --since: true"},
             {"size", "number", "with --verify, --since and the like: how many entries there are"},
             {"root", "text",
              "with --verify and --checkpoint: the root of the hash tree (RFC 6962)"},
             {"checkpoint", "text", "with --checkpoint: the signed note"},
             {"key", "text",
              "with --checkpoint and --from: the verifier key of the log (c2sp.org/signed-note)"},
             {"proof", "text", "with --prove: the proof (c2sp.org/tlog-proof)"},
             {"entry", "text", "with --prove: the entry's bytes"},
             {"old_size", "number", "with --since: how many entries the checkpoint signs"},
             {"consistency", "array", "with --since: the hashes of the proof (RFC 6962, 2.1.2)"}},
    .run = run,
};
