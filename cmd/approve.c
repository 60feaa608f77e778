/* cmd/approve.c - mlops approve REF --for STAGE */
#include "cli.h"
#include <inttypes.h>

static int run(struct cli *cli)
{
    struct mlops_approval approval;
    const struct mlops_approve_options options = {
        .ref = cli->args[0],
        .stage = cli_text(cli, "for"),
        .reason = cli_text(cli, "reason"),
        .withdraw = cli_flag(cli, "withdraw"),
        .signer = cli_signer(cli),
    };

    TRY(mlops_approve(cli_registry(cli), &options, &approval, &cli->err));
    if (!cli->json) {
        cli_say(cli, "%s %s %s@%" PRIu64 " for %s", approval.owner,
                approval.withdrawn ? "no longer approves" : "approves", approval.version.model,
                approval.version.number, approval.stage);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", approval.version.model);
    cli_json_version(document, "version", approval.version.number);
    cli_json_text(document, "bundle", approval.version.bundle);
    cli_json_text(document, "stage", approval.stage);
    cli_json_text(document, "approver", approval.owner);
    cli_json_text(document, "fingerprint", approval.fingerprint);
    cli_json_bool(document, "withdrawn", approval.withdrawn);
    cli_json_number(document, "entry", (double)approval.entry);
    return cli_print_json(cli, document);
}

const struct command command_approve = {
    .name = "approve",
    .summary = "sign that a version may enter a stage",
    .synopsis = "REF --for STAGE",
    .description =
        "The statement is bound to the bundle's digest, the stage and this registry, signed with "
        "your key, and stands in the audit log. It counts as long as the registry trusts the key "
        "as an approver's; never for a version of your own; and not any more once a rollback has "
        "left the version. How many a stage wants is the policy's ('mlops policy show').",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}},
    .options =
        {{.name = "for",
          .kind = OPTION_TEXT,
          .argument = "STAGE",
          .help = "which stage it may enter",
          .completion = COMPLETE_STAGE,
          .required = true},
         {.name = "withdraw", .help = "take back what you approved before"},
         {.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "why, for the log"},
         {.name = "key",
          .kind = OPTION_TEXT,
          .argument = "KEY",
          .help = "which of your keys, or a file (default: the only one, or 'default')",
          .completion = COMPLETE_FILE}},
    .examples = {{"mlops approve fraud@3 --for production --reason 'reviewed the errors'",
                  "let version 3 into production"},
                 {"mlops approve fraud@3 --for production --withdraw", "take that back"}},
    .exits = {{1, "the key is no approver's, or its owner is the version's author"},
              {3, "no such version, or nothing to withdraw"},
              {5, "the log was changed by hand, or the passphrase is wrong"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number", "which version"},
             {"bundle", "text", "its bundle, which the statement is bound to"},
             {"stage", "text", "STAGE"},
             {"approver", "text", "whose key signed"},
             {"fingerprint", "text", "of the key"},
             {"withdrawn", "bool", "was it taken back?"},
             {"entry", "number", "of the log"}},
    .run = run,
};
