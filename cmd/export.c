/* cmd/export.c - mlops export REF FILE, mlops export REF --format FORMAT DIR */
#include "cli.h"
#include <inttypes.h>
#include <unistd.h>

/* A folder for another tool. */
static int export_folder(struct cli *cli, const char *format)
{
    struct mlops_folder_export result;
    char name[VERSION_TEXT_SIZE];

    TRY(mlops_folder_export(cli_registry(cli), cli->args[0], format, cli->args[1], &result,
                            &cli->err));
    if (!cli->json) {
        cli_version_format(&result.version, name);
        cli_say(cli, "%s is in %s, for %s", name, cli->args[1],
                str_equal(format, "mlflow") ? "MLflow" : "KitOps");
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", result.version.model);
    cli_json_version(document, "version", result.version.number);
    cli_json_text(document, "bundle", result.version.bundle);
    cli_json_text(document, "file", cli->args[1]);
    cli_json_number(document, "files", (double)result.files);
    cli_json_number(document, "bytes", (double)result.bytes);
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    const char *format = cli_text(cli, "format");
    struct mlops_archive archive;
    const char *file = cli->args[1];
    bool to_stdout = str_equal(file, "-");
    char name[VERSION_TEXT_SIZE], bytes[32];

    if (format && !str_equal(format, "archive"))
        return export_folder(cli, format);
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
    .summary = "write a version as one archive, or for another tool",
    .synopsis = "REF FILE|DIR",
    .description =
        "FILE becomes a .tar.zst with the manifest, the profiles of the data and all files; '-' is "
        "standard output. The same bundle gives the same bytes on every machine. FILE is complete "
        "in the end, or not there; one that is there is replaced.\n\n"
        "'mlops import' takes the archive into another registry, under the same id.\n\n"
        "With --format, DIR becomes a folder for another tool: an MLflow model, which "
        "mlflow.pyfunc.load_model loads, or a folder with a Kitfile. What was imported from that "
        "format comes back byte for byte.",
    .group = GROUP_LOOK,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}, {"FILE|DIR", COMPLETE_FILE, NULL}},
    .options = {{.name = "format",
                 .kind = OPTION_CHOICE,
                 .argument = "FORMAT",
                 .help = "what to write: archive (a file), mlflow or kitfile (a folder)",
                 .words = "archive mlflow kitfile"}},
    .examples = {{"mlops export fraud@production fraud.tar.zst", "what runs in production"},
                 {"mlops export fraud@3 - | ssh host mlops import -",
                  "into the registry of another machine"},
                 {"mlops export fraud@3 --format mlflow served/", "for a server of MLflow"}},
    .exits = {{2, "the version cannot be told in that format, or DIR is not empty"},
              {5, "an object is damaged; nothing was written"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "null for a bundle that is not registered"},
             {"bundle", "text", "its id"},
             {"file", "text", "FILE or DIR"},
             {"files", "number", "how many files it holds"},
             {"bytes", "number", "their size"},
             {"archive_bytes", "number", "the size of the archive; not there for folders"}},
    .run = run,
};
