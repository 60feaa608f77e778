/* cmd/package.c - mlops package [DIR] */
#include "cli.h"

static void free_list(const char ***list)
{
    free(*list);
}

static int run(struct cli *cli)
{
    _cleanup_(free_list) const char **params = cli_list(cli, "param");
    _cleanup_(free_list) const char **metrics = cli_list(cli, "metric");
    _cleanup_(free_list) const char **parents = cli_list(cli, "parent");
    const struct mlops_package_options options = {.directory = cli->args[0],
                                                  .registers = cli_flag(cli, "register"),
                                                  .params = params,
                                                  .metrics = metrics,
                                                  .parents = parents,
                                                  .requires_clean = cli_flag(cli, "require-clean"),
                                                  .verifies_external =
                                                      cli_flag(cli, "verify-external"),
                                                  .run = cli_text(cli, "run")};
    const char *file = cli_text(cli, "output");
    struct mlops_package package;
    struct mlops_archive archive;

    if (file && str_equal(file, "-"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "-o needs a file, for stdout has the id: use "
                          "'mlops export' to write to a pipe");

    if (cli_flag(cli, "check"))
        TRY(mlops_package_check(cli_registry(cli), &options, &package, &cli->err));
    else
        TRY(mlops_package_directory(cli_registry(cli), &options, &package, &cli->err));
    if (file)
        TRY(mlops_archive_export(cli_registry(cli), package.bundle, file, &archive, &cli->err));
    return cli_report_bundle(cli, "packaged", &package);
}

const struct command command_package = {
    .name = "package",
    .summary = "make a bundle of a project folder, and print its id",
    .synopsis = "[DIR]",
    .description =
        "Reads mlops.yaml in DIR (default: the working directory) and stores what it names: code "
        "with its git commit, parameters, model files, data with schema and profile, metrics, "
        "environment and tests. The id says all of it: the same folder gives the same id, and "
        "any change another.\n\n"
        "Nothing that others see changes until the bundle is registered.",
    .group = GROUP_MAKE,
    .registry = true,
    .args = {{"DIR", COMPLETE_DIRECTORY | OPTIONAL, NULL}},
    .options = {{.name = "register", .help = "go on to register it, and print its version too"},
                {.name = "param",
                 .kind = OPTION_LIST,
                 .argument = "KEY=VALUE",
                 .help = "a parameter, over what the file says"},
                {.name = "metric",
                 .kind = OPTION_LIST,
                 .argument = "KEY=NUMBER",
                 .help = "a metric, over what the file says"},
                {.name = "parent",
                 .kind = OPTION_LIST,
                 .argument = "REF",
                 .help = "a version that it was made from, such as the one that was retrained"},
                {.name = "output",
                 .letter = 'o',
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "also write it as an archive, as 'mlops export' does",
                 .completion = COMPLETE_FILE},
                {.name = "check",
                 .help = "package twice, reading everything anew: both must give the same id"},
                {.name = "require-clean",
                 .help = "refuse (exit 1) where something is not as a commit of git has it"},
                {.name = "verify-external",
                 .help = "fetch data that is at a 'url' alone: verify it, and describe it"},
                {.name = "run",
                 .kind = OPTION_TEXT,
                 .argument = "ID",
                 .help = "the run that made it, as its tracker calls it"}},
    .examples = {{"mlops package", "the project of this folder"},
                 {"mlops package --metric auc=0.93 --param model.depth=6 --register",
                  "with what a training run found out"},
                 {"mlops package --parent fraud@production --run 8f3c2a --register",
                  "retrained from what serves now"},
                 {"mlops package --require-clean --register", "in CI: what is committed, only"},
                 {"mlops package -o fraud.tar.zst", "and an archive to carry away"},
                 {"mlops package models/fraud --register", "package and register in one step"}},
    .exits = {{1, "--require-clean, and something is not committed; --check, and the ids differ"}},
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
