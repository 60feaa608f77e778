/* cmd/freeze.c - mlops freeze|unfreeze MODEL|--all */
#include "cli.h"

static int change(struct cli *cli, bool unfreeze)
{
    struct mlops_freeze_options options = {.model = cli->args[0],
                                           .stage = cli_text(cli, "stage"),
                                           .reason = cli_text(cli, "reason"),
                                           .unfreeze = unfreeze,
                                           .signer = cli_signer(cli)};
    const char *until = unfreeze ? NULL : cli_text(cli, "until");
    uint64_t entry;

    if (cli_flag(cli, "all") == (options.model != NULL))
        return mlops_fail(&cli->err, MLOPS_INVALID, "name a MODEL, or say --all");
    if (until)
        TRY(mlops_time_parse(until, &options.until_ns, &cli->err));
    TRY(mlops_freeze(cli_registry(cli), &options, &entry, &cli->err));
    if (!cli->json) {
        cli_say(cli, "%s%s%s %s", options.model ? options.model : "every model",
                options.stage ? "@" : "", options.stage ? options.stage : "",
                unfreeze ? "is no longer frozen" : "is frozen: nothing is promoted");
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", options.model);
    cli_json_text(document, "stage", options.stage);
    cli_json_bool(document, "frozen", !unfreeze);
    if (options.until_ns)
        cli_json_time(document, "until", options.until_ns);
    cli_json_number(document, "entry", (double)entry);
    return cli_print_json(cli, document);
}

static int run_freeze(struct cli *cli)
{
    return change(cli, false);
}

static int run_unfreeze(struct cli *cli)
{
    return change(cli, true);
}

#define SCOPE                                                                                      \
    {.name = "all", .help = "all models, also those that are still to come"},                      \
    {                                                                                              \
        .name = "stage", .kind = OPTION_TEXT, .argument = "STAGE",                                 \
        .help = "that stage alone (default: all)", .completion = COMPLETE_STAGE                    \
    }
#define REASON                                                                                     \
    {                                                                                              \
        .name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "why, for the log"      \
    }
#define KEY                                                                                        \
    {                                                                                              \
        .name = "key", .kind = OPTION_TEXT, .argument = "KEY",                                     \
        .help = "the releaser's key that signs the change", .completion = COMPLETE_FILE            \
    }
#define FIELDS                                                                                     \
    {"model", "text?", "MODEL; null: all"}, {"stage", "text?", "STAGE; null: all"},                \
        {"frozen", "bool", "is it now?"}, {"until", "time", "when it ends, where it does"},        \
        {"entry", "number", "of the log"}

const struct command command_freeze = {
    .name = "freeze",
    .summary = "let nothing be promoted for a while",
    .synopsis = "MODEL|--all --reason TEXT",
    .description =
        "Until --until, or until 'mlops unfreeze', the gate 'freeze' refuses every promotion of "
        "the model (--all: of any). What is in a stage stays there, and a rollback is still "
        "possible. Where the registry trusts a releaser, a releaser signs it.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"MODEL", COMPLETE_MODEL | OPTIONAL, NULL}},
    .options = {SCOPE,
                REASON,
                {.name = "until",
                 .kind = OPTION_TEXT,
                 .argument = "TIME",
                 .help = "when it ends by itself"},
                KEY},
    .examples = {{"mlops freeze fraud --stage production --reason 'audit' --until 2027-01-04",
                  "no new version in production until then"},
                 {"mlops freeze --all --reason 'year end'", "nothing anywhere"}},
    .exits = {{1, "the change must be signed by a releaser, and was not"},
              {4, "somebody else froze or unfroze it meanwhile"}},
    .json = {FIELDS},
    .run = run_freeze,
};

const struct command command_unfreeze = {
    .name = "unfreeze",
    .summary = "end a freeze",
    .synopsis = "MODEL|--all",
    .description =
        "Ends the freezes of the model, or with --stage those of that stage. One of all models is "
        "ended with --all alone.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"MODEL", COMPLETE_MODEL | OPTIONAL, NULL}},
    .options = {SCOPE, REASON, KEY},
    .examples = {{"mlops unfreeze fraud", "promotions are possible again"}},
    .exits = {{1, "the change must be signed by a releaser, and was not"},
              {3, "it is not frozen"},
              {4, "somebody else froze or unfroze it meanwhile"}},
    .json = {FIELDS},
    .run = run_unfreeze,
};
