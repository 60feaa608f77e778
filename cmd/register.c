/* cmd/register.c - mlops register BUNDLE|DIR|ARCHIVE */
#include "cli.h"
#include <inttypes.h>
#include <sys/stat.h>

static int register_folder(struct cli *cli, struct mlops_version *version, bool *created)
{
    const struct mlops_package_options options = {.directory = cli->args[0], .registers = true};
    struct mlops_package package;

    TRY(mlops_package_directory(cli_registry(cli), &options, &package, &cli->err));
    cli_note_bundle(cli, "packaged", &package);
    *version = package.version;
    *created = package.created;
    return MLOPS_OK;
}

static int import_archive(struct cli *cli, char bundle[MLOPS_BUNDLE_ID_SIZE])
{
    struct mlops_package package;

    TRY(mlops_archive_import(cli_registry(cli), cli->args[0], &package, &cli->err));
    cli_note_bundle(cli, "imported", &package);
    memcpy(bundle, package.bundle, MLOPS_BUNDLE_ID_SIZE);
    return MLOPS_OK;
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The whole id of a bundle of which the first digits are given. */
static int find_bundle(struct cli *cli, char bundle[MLOPS_BUNDLE_ID_SIZE])
{
    struct mlops_version version;

    TRY(mlops_version_resolve(cli_registry(cli), cli->args[0], &version, &cli->err));
    memcpy(bundle, version.bundle, MLOPS_BUNDLE_ID_SIZE);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_version version;
    bool created, known = str_starts(cli->args[0], "sha256:");

    if (!known && !is_file(cli->args[0])) {
        TRY(register_folder(cli, &version, &created));
    } else {
        TRY(known ? find_bundle(cli, bundle) : import_archive(cli, bundle));
        TRY(mlops_register(cli_registry(cli), bundle, &version, &created, &cli->err));
    }
    if (!cli->json) {
        if (!created)
            cli_note(cli, "the bundle has a version already");
        cli_print(cli, "%s@%" PRIu64, version.model, version.number);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", version.model);
    cli_json_version(document, "version", version.number);
    cli_json_text(document, "bundle", version.bundle);
    cli_json_bool(document, "created", created);
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
    .args = {{"BUNDLE|DIR|ARCHIVE", COMPLETE_DIRECTORY | COMPLETE_FILE}},
    .examples = {{"mlops register .", "package the project of this folder and register it"},
                 {"mlops register \"$(mlops package)\"", "the same in two steps"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number", "1, 2, 3 and so on"},
             {"bundle", "text", "its id"},
             {"created", "bool", "false where it had that version already"}},
    .run = run,
};
