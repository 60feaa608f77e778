/* cmd/register.c - mlops register BUNDLE|DIR|ARCHIVE */
#include "cli.h"
#include <inttypes.h>
#include <sys/stat.h>

static int register_folder(struct cli *cli, struct mlops_package *package)
{
    const struct mlops_package_options options = {.directory = cli->args[0], .registers = true};

    TRY(mlops_package_directory(cli_registry(cli), &options, package, &cli->err));
    cli_note_bundle(cli, "packaged", package);
    return MLOPS_OK;
}

static int register_archive(struct cli *cli, struct mlops_package *package)
{
    TRY(mlops_archive_register(cli_registry(cli), cli->args[0], package, &cli->err));
    cli_note_bundle(cli, "imported", package);
    return MLOPS_OK;
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* A bundle of which the first digits are given. */
static int register_bundle(struct cli *cli, struct mlops_package *package)
{
    struct mlops_version version;

    TRY(mlops_version_resolve(cli_registry(cli), cli->args[0], &version, &cli->err));
    return mlops_register(cli_registry(cli), version.bundle, &package->version, &package->created,
                          &cli->err);
}

static int run(struct cli *cli)
{
    struct mlops_package package = {0};
    const struct mlops_version *version = &package.version;

    if (str_starts(cli->args[0], "sha256:"))
        TRY(register_bundle(cli, &package));
    else if (is_file(cli->args[0]))
        TRY(register_archive(cli, &package));
    else
        TRY(register_folder(cli, &package));
    if (!cli->json) {
        if (!package.created)
            cli_note(cli, "the bundle has a version already");
        cli_print(cli, "%s@%" PRIu64, version->model, version->number);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", version->model);
    cli_json_version(document, "version", version->number);
    cli_json_text(document, "bundle", version->bundle);
    cli_json_bool(document, "created", package.created);
    return cli_print_json(cli, document);
}

const struct command command_register = {
    .name = "register",
    .summary = "give a bundle the next version of its model",
    .synopsis = "BUNDLE|DIR|ARCHIVE",
    .description =
        "BUNDLE is the id that 'mlops package' printed, or its first 8 or more digits after "
        "sha256:. A project folder is packaged first; an archive that 'mlops export' wrote is "
        "imported first. Prints the version: fraud@1, fraud@2 and so on. A bundle that has a "
        "version keeps it.",
    .group = GROUP_MAKE,
    .registry = true,
    .args = {{"BUNDLE|DIR|ARCHIVE", COMPLETE_DIRECTORY | COMPLETE_FILE, NULL}},
    .examples = {{"mlops register .", "package the project of this folder and register it"},
                 {"mlops register \"$(mlops package)\"", "the same in two steps"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number", "1, 2, 3 and so on"},
             {"bundle", "text", "its id"},
             {"created", "bool", "false where it had that version already"}},
    .run = run,
};
