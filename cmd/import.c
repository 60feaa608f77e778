/* cmd/import.c - mlops import FILE */
#include "cli.h"

static int run(struct cli *cli)
{
    struct mlops_package package;

    if (cli_flag(cli, "register"))
        TRY(mlops_archive_register(cli_registry(cli), cli->args[0], &package, &cli->err));
    else
        TRY(mlops_archive_import(cli_registry(cli), cli->args[0], &package, &cli->err));
    return cli_report_bundle(cli, "imported", &package);
}

const struct command command_import = {
    .name = "import",
    .summary = "take the bundle of an archive in, and print its id",
    .synopsis = "FILE",
    .description =
        "FILE is what 'mlops export' wrote; '-' is standard input. The archive is not trusted: it "
        "must hold exactly what its manifest says, every byte under its digest. Otherwise it is "
        "refused, and nothing of it is kept.\n\n"
        "The id is the one that the bundle had before. Nothing that others see changes until it is "
        "registered.",
    .group = GROUP_MAKE,
    .registry = true,
    .args = {{"FILE", COMPLETE_FILE, NULL}},
    .options = {{.name = "register", .help = "go on to register it, and print its version too"}},
    .examples = {{"mlops import fraud.tar.zst", "take a bundle in"},
                 {"mlops import fraud.tar.zst --register", "and give it a version here"}},
    .exits = {{2, "FILE is no archive of a bundle, or holds what no bundle has"},
              {5, "FILE is damaged, cut off, or not what its manifest says"}},
    .json = {{"bundle", "text", "its id: sha256: and 64 digits"},
             {"model", "text", "whose bundle it is"},
             {"files", "number", "how many files it holds"},
             {"bytes", "number", "their size"},
             {"new_bytes", "number", "what the store had to write, compressed"},
             {"seconds", "number", "how long it took"},
             {"version", "number", "with --register: its version"},
             {"created", "bool", "with --register: false where it had that version already"}},
    .run = run,
};
