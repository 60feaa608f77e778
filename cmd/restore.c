/* cmd/restore.c - mlops restore REF */
#include "cli.h"
#include <inttypes.h>

static int run(struct cli *cli)
{
    struct mlops_version version;

    TRY(mlops_version_restore(cli_registry(cli), cli->args[0], &version, &cli->err));
    if (!cli->json) {
        cli_say(cli, "%s@%" PRIu64 " is back", version.model, version.number);
        return MLOPS_OK;
    }
    return cli_print_json(cli, cli_json_of_version(&version));
}

const struct command command_restore = {
    .name = "restore",
    .summary = "take a version out of the trash",
    .synopsis = "REF",
    .description = "REF is NAME@12, or the id of its bundle. It comes back with its number, its "
                   "tags and all that was found out about it.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"REF", COMPLETE_NONE, NULL}},
    .examples = {{"mlops restore fraud@4", "it was no mistake"}},
    .exits = {{3, "it is not in the trash, or was purged"}},
    .json = {CLI_JSON_OF_VERSION},
    .run = run,
};
