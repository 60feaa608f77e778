/* cmd/export.c - mlops export REF FILE */
#include "cli.h"
#include <inttypes.h>
#include <unistd.h>

static int run(struct cli *cli)
{
    struct mlops_archive archive;
    const char *file = cli->args[1];
    bool to_stdout = str_equal(file, "-");
    char name[VERSION_TEXT_SIZE], bytes[32];

    if (to_stdout && cli->json)
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "standard output cannot have both the archive and the JSON document");
    if (to_stdout && isatty(STDOUT_FILENO)) {
        mlops_fail(&cli->err, MLOPS_INVALID, "standard output is a terminal");
        return mlops_hint(&cli->err, "name a file, or send it on: mlops export REF - | ssh ...");
    }
    TRY(mlops_archive_export(cli_registry(cli), cli->args[0], file, &archive, &cli->err));
    if (!cli->json) {
        cli_version_format(&archive.version, name);
        cli_size_format(archive.archive_bytes, bytes);
        if (to_stdout)
            cli_note(cli, "%s is written, %s", name, bytes);
        else
            cli_say(cli, "%s is in %s, %s", name, file, bytes);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", archive.version.model);
    cli_json_version(document, "version", archive.version.number);
    cli_json_text(document, "bundle", archive.version.bundle);
    cli_json_text(document, "file", file);
    cli_json_number(document, "files", (double)archive.files);
    cli_json_number(document, "bytes", (double)archive.bytes);
    cli_json_number(document, "archive_bytes", (double)archive.archive_bytes);
    return cli_print_json(cli, document);
}

const struct command command_export = {
    .name = "export",
    .summary = "write a version as one archive",
    .synopsis = "REF FILE",
    .description =
        "FILE becomes a .tar.zst with the manifest, the profiles of the data and all files; '-' is "
        "standard output. The same bundle gives the same bytes on every machine. FILE is complete "
        "in the end, or not there; one that is there is replaced.\n\n"
        "'mlops import' takes the archive into another registry, under the same id.",
    .group = GROUP_LOOK,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}, {"FILE", COMPLETE_FILE, NULL}},
    .examples = {{"mlops export fraud@production fraud.tar.zst", "what runs in production"},
                 {"mlops export fraud@3 - | ssh host mlops import -",
                  "into the registry of another machine"}},
    .exits = {{5, "an object is damaged; nothing was written"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "null for a bundle that is not registered"},
             {"bundle", "text", "its id"},
             {"file", "text", "FILE"},
             {"files", "number", "how many files it holds"},
             {"bytes", "number", "their size"},
             {"archive_bytes", "number", "the size of the archive"}},
    .run = run,
};
