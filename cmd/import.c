/* cmd/import.c - mlops import [FORMAT] PATH */
#include "cli.h"
#include <inttypes.h>

static int import_archive(struct cli *cli, const char *file)
{
    struct mlops_package package;

    if (cli_text(cli, "model"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "--model is for folders of other tools; an archive says its model");
    const char *format = mlops_folder_format(file);
    if (format) {
        mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is a folder, and no archive", file);
        return mlops_hint(&cli->err, "it looks like: mlops import %s %s", format, file);
    }
    if (cli_flag(cli, "register"))
        TRY(mlops_archive_register(cli_registry(cli), file, &package, &cli->err));
    else
        TRY(mlops_archive_import(cli_registry(cli), file, &package, &cli->err));
    return cli_report_bundle(cli, "imported", &package);
}

static void tell_history(struct cli *cli, const struct mlops_history_import *import)
{
    char bytes[32];

    cli_size_format(import->new_bytes, bytes);
    if (import->present)
        cli_say(cli, "nothing is new: all %" PRIu64 " log entries were here", import->entries);
    else
        cli_say(cli, "imported %" PRIu64 " new log %s of %" PRIu64 ", %" PRIu64 " new %s, %s",
                import->new_entries, cli_noun(import->new_entries, "entry", "entries"),
                import->entries, import->new_versions,
                cli_noun(import->new_versions, "version", "versions"), bytes);
    cli_detail(cli, "root %s, signed by %s", import->root, import->key);
}

/* What 'mlops export --all' wrote. */
static int import_history(struct cli *cli, const char *file)
{
    _cleanup_(mlops_history_import_clear) struct mlops_history_import import = {0};

    if (cli_text(cli, "model") || cli_flag(cli, "register"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "the archive of a whole history says its models and their versions: "
                          "--model and --register do not go with it");
    TRY(mlops_history_import(cli_registry(cli), file, cli_text(cli, "key"), &import, &cli->err));
    if (!cli->json) {
        tell_history(cli, &import);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_bool(document, "present", import.present);
    cli_json_number(document, "entries", (double)import.entries);
    cli_json_number(document, "new_entries", (double)import.new_entries);
    cli_json_number(document, "new_versions", (double)import.new_versions);
    cli_json_number(document, "new_bundles", (double)import.new_bundles);
    cli_json_number(document, "new_bytes", (double)import.new_bytes);
    cli_json_text(document, "root", import.root);
    cli_json_text(document, "key", import.key);
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    const struct mlops_import_options options = {.format = cli->args[0],
                                                 .directory = cli->args[1],
                                                 .model = cli_text(cli, "model"),
                                                 .registers = cli_flag(cli, "register")};
    struct mlops_package package;

    if (cli->arg_count == 1 && (cli_flag(cli, "all") || mlops_history_is(cli->args[0])))
        return import_history(cli, cli->args[0]);
    if (cli_flag(cli, "all") || cli_text(cli, "key"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "--all and --key are for what 'mlops export --all' wrote");
    if (cli->arg_count == 1)
        return import_archive(cli, cli->args[0]);
    if (strcmp(options.format, "dvc") == 0)
        return cli_import_dvc(cli, options.directory);
    const char *other = cli_text(cli, "artifact")        ? "artifact"
                        : cli_text(cli, "rev")           ? "rev"
                        : cli_flag(cli, "allow-missing") ? "allow-missing"
                                                         : NULL;
    if (other)
        return mlops_fail(&cli->err, MLOPS_INVALID, "--%s is for 'mlops import dvc'", other);
    TRY(mlops_folder_import(cli_registry(cli), &options, &package, &cli->err));
    return cli_report_bundle(cli, "imported", &package);
}

const struct command command_import = {
    .name = "import",
    .summary = "take in an archive, or the folder of another tool",
    .synopsis = "FILE | mlflow DIR | kitfile DIR | huggingface DIR | dvc DIR",
    .description =
        "FILE is what 'mlops export' wrote; '-' is standard input. The archive is not trusted: it "
        "must hold exactly what its manifest says, every byte under its digest. Otherwise it is "
        "refused, and nothing of it is kept. The id is the one that the bundle had before.\n\n"
        "DIR is an MLflow model (with MLmodel), what 'kit unpack' wrote (with Kitfile), or a "
        "model of the Hugging Face hub (with README.md). Its files go in as they are, with a "
        "project file made of what they say; DIR itself is only read.\n\n"
        "Of a repository of DVC (with .dvc) all versions come in that GTO's tags have, one after "
        "the other, each with the files of its commit and what DVC's cache has for it, verified; "
        "where there are no such tags HEAD, or outside of git the folder. The stages of GTO are "
        "told, and become tags of the versions: 'mlops promote' lets a version into a stage, "
        "through its gates.\n\n"
        "Nothing that others see changes until the bundle is registered.\n\n"
        "Where 'mlops export --all' wrote FILE, all of it comes in, into an empty registry or one "
        "that has an earlier state of the same history; a second time changes nothing. It is "
        "refused where this registry has another history, or one that parts from it. Everything "
        "is checked first, as fsck and 'log --verify' do. To record here afterwards takes the "
        "log.key of where it comes from.",
    .group = GROUP_MAKE,
    .registry = true,
    .args = {{"FILE|FORMAT", COMPLETE_FILE, NULL}, {"DIR", COMPLETE_DIRECTORY | OPTIONAL, NULL}},
    .options = {{.name = "register", .help = "go on to register it, and print its version too"},
                {.name = "model",
                 .kind = OPTION_TEXT,
                 .argument = "NAME",
                 .help = "the model's name; else the tool's file has it, or DIR is called so",
                 .completion = COMPLETE_MODEL},
                {.name = "artifact",
                 .kind = OPTION_TEXT,
                 .argument = "NAME",
                 .help = "dvc: of GTO's artifacts this one alone, as 'models:fraud'"},
                {.name = "rev",
                 .kind = OPTION_TEXT,
                 .argument = "COMMIT",
                 .help = "dvc: this commit alone, and no versions of GTO"},
                {.name = "allow-missing",
                 .help = "dvc: go without what its cache does not have; the manifest says so"},
                {.name = "all",
                 .help = "FILE is a whole history: to be said where it is standard input"},
                {.name = "key",
                 .kind = OPTION_TEXT,
                 .argument = "VKEY",
                 .help = "the key that must have signed the log of a whole history"}},
    .examples = {{"mlops import fraud.tar.zst", "take a bundle in"},
                 {"mlops import fraud.tar.zst --register", "and give it a version here"},
                 {"mlops import mlflow mlruns/0/1f3a/artifacts/model --model fraud --register",
                  "a model that MLflow logged becomes a version"},
                 {"mlops import dvc ~/work/fraud", "every version that GTO registered"},
                 {"mlops import history.tar.zst", "what another registry exported with --all"}},
    .exits = {{2, "FILE is no archive of a bundle, or DIR is not of that format"},
              {3, "DIR lacks a file that it names, or DVC's cache its content"},
              {4, "a whole history: this registry has another one"},
              {5,
               "FILE is damaged, cut off, or not what its manifest says; DVC's cache is damaged"}},
    .json = {{"bundle", "text", "its id: sha256: and 64 digits"},
             {"model", "text", "whose bundle it is"},
             {"files", "number", "how many files it holds"},
             {"bytes", "number", "their size"},
             {"new_bytes", "number", "what the store had to write, compressed"},
             {"seconds", "number", "how long it took"},
             {"version", "number", "with --register: its version"},
             {"created", "bool", "with --register: false where it had that version already"},
             {"versions", "array",
              "dvc: an object of the above for each version, with `artifact`, "
              "`number`, `tag`, `stages` and `deprecated` as GTO has them"},
             {"taken_back", "number", "dvc: versions that GTO took back, and that stay out"},
             {"present", "bool", "a whole history: it was all here, and nothing changed"},
             {"entries", "number", "a whole history: entries of its log"},
             {"new_entries", "number", "a whole history: that were not here"},
             {"new_versions", "number", "a whole history: that were not here"},
             {"new_bundles", "number", "a whole history: that were not here"},
             {"root", "text", "a whole history: the root of its log's tree (RFC 6962)"},
             {"key", "text",
              "a whole history: the verifier key of its log (c2sp.org/signed-note)"}},
    .run = run,
};
