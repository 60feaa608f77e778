/* cmd/checkout.c - mlops checkout REF DIR */
#include "cli.h"

static int run(struct cli *cli)
{
    struct mlops_version version;
    char name[VERSION_TEXT_SIZE];

    TRY(mlops_checkout(cli_registry(cli), cli->args[0], cli->args[1], &version, &cli->err));
    if (!cli->json) {
        cli_version_format(&version, name);
        cli_say(cli, "%s is in %s", name, cli->args[1]);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", version.model);
    cli_json_version(document, "version", version.number);
    cli_json_text(document, "bundle", version.bundle);
    cli_json_text(document, "directory", cli->args[1]);
    return cli_print_json(cli, document);
}

const struct command command_checkout = {
    .name = "checkout",
    .summary = "lay the files of a version out in a folder",
    .synopsis = "REF DIR",
    .description =
        "Bytes, permissions and symbolic links as they were packaged, every object verified. DIR "
        "must not exist or be empty; it is complete in the end, or not there.",
    .group = GROUP_LOOK,
    .registry = true,
    .args = {{"REF", COMPLETE_REF}, {"DIR", COMPLETE_DIRECTORY}},
    .examples = {{"mlops checkout fraud@production serving", "what runs in production"}},
    .exits = {{5, "an object is damaged; nothing was laid out"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "null for a bundle that is not registered"},
             {"bundle", "text", "its id"},
             {"directory", "text", "DIR"}},
    .run = run,
};
