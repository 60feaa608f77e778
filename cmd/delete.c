/* cmd/delete.c - mlops delete REF */
#include "cli.h"
#include <inttypes.h>

static int run(struct cli *cli)
{
    struct mlops_version version;

    TRY(cli_named(cli));
    TRY(mlops_version_delete(cli_registry(cli), cli->args[0], cli_text(cli, "reason"), &version,
                             &cli->err));
    if (!cli->json) {
        cli_say(cli, "%s@%" PRIu64 " is in the trash; 'mlops restore %s@%" PRIu64 "' takes it out",
                version.model, version.number, version.model, version.number);
        return MLOPS_OK;
    }
    return cli_print_json(cli, cli_json_of_version(&version));
}

const struct command command_delete = {
    .name = "delete",
    .summary = "put a version into the trash",
    .synopsis = "REF",
    .description =
        "Refused while something needs the version: a stage that holds it, or could be rolled back "
        "to it, an approval, or a version that was made from it. From the trash 'mlops restore' "
        "brings it back until 'mlops gc' purges it, after its grace. Its number is never used "
        "again, and the log keeps what happened. A model alone names no version here.\n\n"
        "To take a version out of use and keep its history, retire it.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}},
    .options =
        {{.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "why, for the log"}},
    .examples = {{"mlops delete fraud@4", "it was made by mistake"},
                 {"mlops delete fraud@4 --reason 'wrong data'", "and say why"}},
    .exits = {{4, "something needs it"}},
    .json = {CLI_JSON_OF_VERSION},
    .run = run,
};
