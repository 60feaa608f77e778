/* cmd/rollback.c - mlops rollback MODEL */
#include "cli.h"
#include <inttypes.h>

static int run(struct cli *cli)
{
    struct mlops_rollback rollback;
    const struct mlops_rollback_options options = {
        .model = cli->args[0],
        .stage = cli_text(cli, "stage"),
        .to = cli_text(cli, "to"),
        .reason = cli_text(cli, "reason"),
        .if_alerting = cli_flag(cli, "if-alerting"),
    };

    TRY(mlops_rollback_stage(cli_registry(cli), &options, &rollback, &cli->err));
    if (rollback.skipped)
        cli_note(cli, "%" PRIu64 " nearer %s no good: retired, or left by a rollback",
                 rollback.skipped, cli_noun(rollback.skipped, "version is", "versions are"));
    if (!cli->json && !rollback.moved) {
        cli_say(cli, "no alert about %s@%" PRIu64 " in %s is open: it stays", rollback.model,
                rollback.from.number, rollback.stage);
        return MLOPS_OK;
    }
    if (!cli->json) {
        cli_say(cli, "%s of %s: back from @%" PRIu64 " to %s@%" PRIu64 "%s", rollback.stage,
                rollback.model, rollback.from.number, cli_on(cli, STYLE_GOOD), rollback.to.number,
                cli_off(cli, STYLE_GOOD));
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", rollback.model);
    cli_json_text(document, "stage", rollback.stage);
    cli_json_version(document, "from", rollback.from.number);
    cli_json_version(document, "to", rollback.to.number);
    cli_json_bool(document, "moved", rollback.moved);
    cli_json_number(document, "skipped", (double)rollback.skipped);
    cli_json_text(document, "bundle", rollback.to.bundle);
    return cli_print_json(cli, document);
}

const struct command command_rollback = {
    .name = "rollback",
    .summary = "take a stage back to the version that it held before",
    .synopsis = "MODEL",
    .description =
        "At once, without gates: what was there has passed them. It is checked before the stage "
        "moves: its files are in the store, and the signature that the policy demands still holds. "
        "Versions that are retired, or that an earlier rollback left, are passed over. A second "
        "rollback does not undo the first but goes back one more.\n\n"
        "The version that was left can be promoted again; where the registry trusts approvers, "
        "with a new approval ('mlops approve').",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"MODEL", COMPLETE_MODEL, NULL}},
    .options =
        {{.name = "stage",
          .kind = OPTION_TEXT,
          .argument = "STAGE",
          .help = "which stage (default: production)",
          .completion = COMPLETE_STAGE},
         {.name = "to",
          .kind = OPTION_TEXT,
          .argument = "REF",
          .help = "back to that version, which must have been there",
          .completion = COMPLETE_REF},
         {.name = "if-alerting", .help = "only if an alert about what it holds is open"},
         {.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "why, for the log"}},
    .examples = {{"mlops rollback fraud --reason 'false positives doubled'",
                  "production back to the version before"},
                 {"mlops rollback fraud --to fraud@7", "to one that was there earlier"}},
    .exits = {{1, "the version of --to is retired, or was left by a rollback"},
              {3, "the stage is empty, held nothing good before, or its alerts are not known"},
              {4, "somebody else moved the stage meanwhile"},
              {5, "the version to go back to is damaged, or its signature no longer holds"}},
    .json = {{"model", "text", "MODEL"},
             {"stage", "text", "which stage"},
             {"from", "number", "the version that was left"},
             {"to", "number", "the version that it holds now"},
             {"moved", "bool", "did it move? not if --if-alerting finds no open alert"},
             {"skipped", "number", "nearer versions that are no good"},
             {"bundle", "text", "the bundle of that version"}},
    .run = run,
};
