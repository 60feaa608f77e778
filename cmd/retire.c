/* cmd/retire.c - mlops retire REF --reason TEXT */
#include "cli.h"
#include <inttypes.h>

static int run(struct cli *cli)
{
    struct mlops_version version;

    TRY(cli_named(cli));
    TRY(mlops_version_retire(cli_registry(cli), cli->args[0], cli_text(cli, "reason"), &version,
                             &cli->err));
    if (!cli->json) {
        cli_say(cli, "%s@%" PRIu64 " is retired", version.model, version.number);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_of_version(&version);
    cli_json_text(document, "reason", cli_text(cli, "reason"));
    return cli_print_json(cli, document);
}

const struct command command_retire = {
    .name = "retire",
    .summary = "take a version out of use for ever",
    .synopsis = "REF --reason TEXT",
    .description =
        "No stage takes a retired version, neither by promotion nor by rollback. Its manifest, its "
        "evidence and its history stay; 'mlops gc --retired-after 90d' lets go of its files. "
        "Refused while a stage holds it. There is no way back: register a new version. A model alone "
        "names no version here.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}},
    .options = {{.name = "reason",
                 .kind = OPTION_TEXT,
                 .argument = "TEXT",
                 .help = "why, for the log and for who finds it later",
                 .required = true}},
    .examples = {{"mlops retire fraud@2 --reason 'trained on leaked labels'",
                  "nobody is to use version 2 any more"}},
    .exits = {{4, "a stage holds it, or it is retired already"}},
    .json = {CLI_JSON_OF_VERSION, {"reason", "text", "why"}},
    .run = run,
};
