/* cmd/checkout.c - mlops checkout REF DIR */
#include "cli.h"

static void print_text(struct cli *cli, const struct mlops_checkout *checkout)
{
    char name[VERSION_TEXT_SIZE], before[VERSION_TEXT_SIZE], kept[32], stored[32];

    cli_version_format(&checkout->version, name);
    if (!checkout->previous.bundle[0]) {
        cli_say(cli, "%s is in %s", name, cli->args[1]);
        return;
    }
    cli_version_format(&checkout->previous, before);
    cli_size_format(checkout->kept_bytes, kept);
    cli_size_format(checkout->stored_bytes, stored);
    cli_say(cli, "%s is in %s, where %s was: %s kept, %s from the store", name, cli->args[1],
            before, kept, stored);
}

static int print_json(struct cli *cli, const struct mlops_checkout *checkout)
{
    const struct mlops_version *version = &checkout->version;
    cJSON *document = cli_json_object();

    cli_json_text(document, "model", version->model);
    cli_json_version(document, "version", version->number);
    cli_json_text(document, "bundle", version->bundle);
    cli_json_text(document, "directory", cli->args[1]);
    cli_json_text(document, "previous",
                  checkout->previous.bundle[0] ? checkout->previous.bundle : NULL);
    cli_json_number(document, "kept_bytes", (double)checkout->kept_bytes);
    cli_json_number(document, "stored_bytes", (double)checkout->stored_bytes);
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    struct mlops_checkout_options options = {.force = cli_flag(cli, "force"),
                                             .fetches = cli_flag(cli, "fetch")};
    struct mlops_checkout checkout;

    TRY(mlops_checkout(cli_registry(cli), cli->args[0], cli->args[1], &options, &checkout,
                       &cli->err));
    if (cli->json)
        return print_json(cli, &checkout);
    print_text(cli, &checkout);
    return MLOPS_OK;
}

const struct command command_checkout = {
    .name = "checkout",
    .summary = "lay the files of a version out in a folder",
    .synopsis = "REF DIR",
    .description =
        "Bytes, permissions and symbolic links as they were packaged, every object verified. DIR "
        "must not exist, be empty, or be an earlier checkout in which nothing was changed: then "
        "only what differs is moved, and the folder is exchanged for the new one at once. It is "
        "complete in the end, or as it was.",
    .group = GROUP_LOOK,
    .registry = true,
    .options = {{.name = "force",
                 .kind = OPTION_FLAG,
                 .help = "lose what was changed in an earlier checkout"},
                {.name = "fetch",
                 .help = "bring data with 'copy: false' too, from its address, verified"}},
    .args = {{"REF", COMPLETE_REF, NULL}, {"DIR", COMPLETE_DIRECTORY, NULL}},
    .examples = {{"mlops checkout fraud@production serving", "what runs in production"},
                 {"mlops checkout fraud@2 serving", "and what was there before, in its place"}},
    .exits = {{5, "an object is damaged, and nothing was laid out; or what --fetch brought is not "
                  "what the manifest says"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "null for a bundle that is not registered"},
             {"bundle", "text", "its id"},
             {"directory", "text", "DIR"},
             {"previous", "text?", "id of the bundle that was checked out there before"},
             {"kept_bytes", "number", "taken over from it"},
             {"stored_bytes", "number", "out of the store"}},
    .run = run,
};
