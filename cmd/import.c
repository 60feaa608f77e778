/* cmd/import.c - mlops import FILE */
#include "cli.h"
#include <inttypes.h>

void cli_note_import(struct cli *cli, const struct mlops_package *package)
{
    char bytes[32], new_bytes[32];

    cli_size_format(package->bytes, bytes);
    cli_size_format(package->new_bytes, new_bytes);
    cli_note(cli, "imported %s: %" PRIu64 " %s, %s; the store grew by %s, in %.1f s",
             package->model, package->files, package->files == 1 ? "file" : "files", bytes,
             new_bytes, package->seconds);
}

static int run(struct cli *cli)
{
    struct mlops_package package;
    struct mlops_version version;
    bool created = false, registers = cli_flag(cli, "register");

    TRY(mlops_archive_import(cli_registry(cli), cli->args[0], &package, &cli->err));
    if (registers)
        TRY(mlops_register(cli_registry(cli), package.bundle, &version, &created, &cli->err));
    if (!cli->json) {
        cli_note_import(cli, &package);
        cli_print(cli, "%s", package.bundle);
        if (registers)
            cli_print(cli, "%s@%" PRIu64, version.model, version.number);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "bundle", package.bundle);
    cli_json_text(document, "model", package.model);
    cli_json_number(document, "files", (double)package.files);
    cli_json_number(document, "bytes", (double)package.bytes);
    cli_json_number(document, "new_bytes", (double)package.new_bytes);
    cli_json_number(document, "seconds", package.seconds);
    if (registers) {
        cli_json_version(document, "version", version.number);
        cli_json_bool(document, "created", created);
    }
    return cli_print_json(cli, document);
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
    .args = {{"FILE", COMPLETE_FILE}},
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
