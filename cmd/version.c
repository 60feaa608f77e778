/* cmd/version.c - mlops version */
#include "cli.h"

static int run(struct cli *cli)
{
    if (!cli->json) {
        cli_print(cli, "mlops %s", mlops_library_version());
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "version", mlops_library_version());
    return cli_print_json(cli, document);
}

const struct command command_version = {
    .name = "version",
    .summary = "print the version of mlops",
    .group = GROUP_HELP,
    .json = {{"version", "text", "such as 0.1.0"}},
    .run = run,
};
