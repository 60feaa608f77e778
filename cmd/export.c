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

static int check_output(struct cli *cli, const char *file)
{
    if (!str_equal(file, "-"))
        return MLOPS_OK;
    if (cli->json)
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "standard output cannot have both the archive and the JSON document");
    if (!isatty(STDOUT_FILENO))
        return MLOPS_OK;
    mlops_fail(&cli->err, MLOPS_INVALID, "standard output is a terminal");
    return mlops_hint(&cli->err, "name a file, or send it on: mlops export REF - | ssh ...");
}

static void tell_history(struct cli *cli, const char *file,
                         const struct mlops_history_export *written)
{
    char bytes[32];

    cli_size_format(written->archive_bytes, bytes);
    if (str_equal(file, "-"))
        cli_note(cli, "all %" PRIu64 " %s written, %s", written->versions,
                 cli_noun(written->versions, "version is", "versions are"), bytes);
    else
        cli_say(cli, "all %" PRIu64 " %s and %" PRIu64 " log %s are in %s, %s", written->versions,
                cli_noun(written->versions, "version", "versions"), written->entries,
                cli_noun(written->entries, "entry", "entries"), file, bytes);
    if (written->withheld > 0)
        cli_note(cli,
                 "without %" PRIu64 " evaluation %s: --with-evaluation-sets writes %s, "
                 "labels and all",
                 written->withheld, cli_noun(written->withheld, "set", "sets"),
                 cli_noun(written->withheld, "it", "them"));
}

/* --all: everything that the log vouches for. */
static int export_history(struct cli *cli)
{
    const struct mlops_history_options options = {.with_evaluation_sets =
                                                      cli_flag(cli, "with-evaluation-sets")};
    const char *file = cli->args[0];
    struct mlops_history_export written;

    if (cli->arg_count != 1 || cli_text(cli, "format"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "--all writes the whole registry into one archive: name the FILE alone");
    TRY(check_output(cli, file));
    TRY(mlops_history_export(cli_registry(cli), &options, file, &written, &cli->err));
    if (!cli->json) {
        tell_history(cli, file, &written);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "file", file);
    cli_json_number(document, "entries", (double)written.entries);
    cli_json_number(document, "versions", (double)written.versions);
    cli_json_number(document, "bundles", (double)written.bundles);
    cli_json_number(document, "withheld", (double)written.withheld);
    cli_json_number(document, "archive_bytes", (double)written.archive_bytes);
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    const char *format = cli_text(cli, "format");
    struct mlops_archive archive;
    const char *file = cli->args[1];
    bool to_stdout = file && str_equal(file, "-");
    char name[VERSION_TEXT_SIZE], bytes[32];

    if (cli_flag(cli, "all"))
        return export_history(cli);
    if (!file)
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "say which version, and where to: 'mlops export REF FILE'");
    if (cli_flag(cli, "with-evaluation-sets"))
        return mlops_fail(&cli->err, MLOPS_INVALID, "--with-evaluation-sets goes with --all");
    if (format && !str_equal(format, "archive"))
        return export_folder(cli, format);
    TRY(check_output(cli, file));
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
    .synopsis = "REF FILE|DIR | --all FILE",
    .description =
        "FILE becomes a .tar.zst with the manifest, the profiles of the data and all files; '-' "
        "is standard output. The same bundle gives the same bytes on every machine. FILE is "
        "complete in the end, or not there; one that is there is replaced.\n\n"
        "'mlops import' takes the archive into another registry, under the same id.\n\n"
        "With --format, DIR becomes a folder for another tool: an MLflow model, which "
        "mlflow.pyfunc.load_model loads, or a folder with a Kitfile. What was imported from that "
        "format comes back byte for byte.\n\n"
        "--all writes the whole registry into one FILE, for a site that nothing but a file "
        "reaches: all versions and what they consist of, stages with what they held before, "
        "evidence, signatures, approvals, policies, and the audit log. 'mlops import' puts it "
        "into an empty registry, and later ones behind it; 'mlops log --from FILE' verifies its "
        "log without one. The log's key is not in it, nor what was monitored, nor webhooks, nor "
        "evaluation sets unless --with-evaluation-sets says so.",
    .group = GROUP_LOOK,
    .registry = true,
    .args = {{"REF|FILE", COMPLETE_REF | COMPLETE_FILE, NULL},
             {"FILE|DIR", COMPLETE_FILE | OPTIONAL, NULL}},
    .options = {{.name = "format",
                 .kind = OPTION_CHOICE,
                 .argument = "FORMAT",
                 .help = "what to write: archive (a file), mlflow or kitfile (a folder)",
                 .words = "archive mlflow kitfile"},
                {.name = "all", .help = "write all that there is: one FILE, no REF"},
                {.name = "with-evaluation-sets",
                 .help = "with --all: the data of evaluation sets too, and so their labels"}},
    .examples = {{"mlops export fraud@production fraud.tar.zst", "what runs in production"},
                 {"mlops export fraud@3 - | ssh host mlops import -",
                  "into the registry of another machine"},
                 {"mlops export fraud@3 --format mlflow served/", "for a server of MLflow"},
                 {"mlops export --all history.tar.zst", "for a site without a network"}},
    .exits = {{2, "the version cannot be told in that format, or DIR is not empty"},
              {5, "an object is damaged; nothing was written"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number?", "null for a bundle that is not registered"},
             {"bundle", "text", "its id"},
             {"file", "text", "FILE or DIR"},
             {"files", "number", "how many files it holds"},
             {"bytes", "number", "their size"},
             {"archive_bytes", "number", "the size of the archive; not there for folders"},
             {"entries", "number", "with --all: of the log"},
             {"versions", "number", "with --all: how many"},
             {"bundles", "number", "with --all: how many"},
             {"withheld", "number", "with --all: evaluation sets that are not in it"}},
    .run = run,
};
