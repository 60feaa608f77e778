/* cmd/env.c - mlops env capture|check|diff|render */
#include "cli.h"
#include <inttypes.h>

static int refuse_arguments(struct cli *cli, size_t least, size_t most, const char *usage)
{
    size_t given = cli->arg_count - 1;
    if (given >= least && given <= most)
        return MLOPS_OK;
    mlops_fail(&cli->err, MLOPS_INVALID, "'env %s' takes %s", cli->args[0],
               most == 0   ? "no more arguments"
               : most == 1 ? "one version"
                           : "two versions");
    return mlops_hint(&cli->err, "usage: mlops env %s", usage);
}

static struct mlops_env_options machine(const struct cli *cli)
{
    return (struct mlops_env_options){.venv = cli_text(cli, "venv")};
}

/* ---- capture ------------------------------------------------------------------------------- */

static int run_capture(struct cli *cli)
{
    const struct mlops_env_options options = machine(cli);
    const char *path = cli_text(cli, "output");
    _cleanup_(free_string) char *json = NULL;
    struct mlops_env_summary summary;

    TRY(refuse_arguments(cli, 0, 0, "capture [--venv DIR] [-o FILE]"));
    TRY(mlops_env_capture(&options, &json, &summary, &cli->err));
    if (path) {
        _cleanup_(free_string) char *line = cli_format("%s\n", json);
        TRY(mlops_env_write(path, line, &cli->err));
    }
    cli_note(cli, "captured %s%s%" PRIu64 " distributions and %" PRIu64 " system packages",
             summary.python, summary.python[0] ? ", " : "", summary.distributions,
             summary.os_packages);
    if (path && !cli->json)
        return MLOPS_OK;
    (void)fprintf(cli->out, "%s\n", json);
    return MLOPS_OK;
}

/* ---- check and diff ------------------------------------------------------------------------ */

static cJSON *differences_to_json(const struct mlops_env_report *report)
{
    cJSON *array = cli_json_array();
    for (size_t i = 0; i < report->count; i++) {
        const struct mlops_env_difference *from = &report->items[i];
        cJSON *item = cli_json_object();
        cli_json_text(item, "name", from->name);
        cli_json_text(item, "kind", from->kind);
        cli_json_text(item, "expected", from->expected);
        cli_json_text(item, "found", from->found);
        cli_json_text(item, "severity", from->severity);
        cli_json_push(array, item);
    }
    return array;
}

static void add_version(cJSON *document, const char *prefix, const struct mlops_version *version)
{
    static const char *const keys[] = {"model", "version", "bundle"};
    char key[64];
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        (void)snprintf(key, sizeof(key), "%s%s", prefix, keys[i]);
        if (i == 1)
            cli_json_version(document, key, version->number);
        else
            cli_json_text(document, key, i == 0 ? version->model : version->bundle);
    }
}

static void print_table(struct cli *cli, const struct mlops_env_report *report,
                        const struct column *columns, size_t count)
{
    _cleanup_(cli_table_clear) struct table table = {
        .columns = columns, .column_count = count, .titles = TITLES_ON_TERMINAL, .indent = ""};
    for (size_t i = 0; i < report->count; i++) {
        const struct mlops_env_difference *item = &report->items[i];
        bool mild = str_equal(item->severity, "extra");
        cli_table_cell(&table, mild ? STYLE_NOTICE : STYLE_BAD, "%s", item->severity);
        cli_table_cell(&table, STYLE_PLAIN, "%s", item->kind);
        cli_table_cell(&table, STYLE_BOLD, "%s", item->name);
        cli_table_cell(&table, STYLE_PLAIN, "%s", item->expected ? item->expected : "");
        cli_table_cell(&table, STYLE_PLAIN, "%s", item->found ? item->found : "");
    }
    cli_table_print(cli, &table);
}

static int run_check(struct cli *cli)
{
    static const struct column columns[] = {{"SEVERITY", false},
                                            {"KIND", false},
                                            {"NAME", false},
                                            {"EXPECTED", false},
                                            {"FOUND", false}};
    const struct mlops_env_check_options options = {.machine = machine(cli),
                                                    .captured = cli_flag(cli, "captured"),
                                                    .all = cli_flag(cli, "all"),
                                                    .extras = cli_flag(cli, "allow-extra")};
    _cleanup_(mlops_env_report_clear) struct mlops_env_report report = {0};
    char name[VERSION_TEXT_SIZE];

    TRY(refuse_arguments(cli, 1, 1, "check REF"));
    TRY(cli_open_registry(cli));
    TRY(mlops_env_check(cli_registry(cli), cli->args[1], &options, &report, &cli->err));
    cli_version_format(&report.expected, name);
    if (cli->json) {
        cJSON *document = cli_json_object();
        add_version(document, "", &report.expected);
        cli_json_bool(document, "matches", report.matches);
        cli_json_add(document, "differences", differences_to_json(&report));
        TRY(cli_print_json(cli, document));
    } else if (report.matches) {
        cli_say(cli, "this machine has what %s needs", name);
    } else {
        print_table(cli, &report, columns, ARRAY_LENGTH(columns));
    }
    return report.matches ? MLOPS_OK : MLOPS_REFUSED;
}

static int run_diff(struct cli *cli)
{
    _cleanup_(mlops_env_report_clear) struct mlops_env_report report = {0};
    char a[VERSION_TEXT_SIZE], b[VERSION_TEXT_SIZE];

    TRY(refuse_arguments(cli, 2, 2, "diff REF REF"));
    TRY(cli_open_registry(cli));
    TRY(mlops_env_diff(cli_registry(cli), cli->args[1], cli->args[2], &report, &cli->err));
    cli_version_format(&report.expected, a);
    cli_version_format(&report.found, b);
    if (cli->json) {
        cJSON *document = cli_json_object();
        add_version(document, "", &report.expected);
        add_version(document, "other_", &report.found);
        cli_json_bool(document, "matches", report.matches);
        cli_json_add(document, "differences", differences_to_json(&report));
        return cli_print_json(cli, document);
    }
    const struct column columns[] = {
        {"CHANGE", false}, {"KIND", false}, {"NAME", false}, {a, false}, {b, false}};
    if (report.matches)
        cli_say(cli, "%s and %s have the same environment", a, b);
    else
        print_table(cli, &report, columns, ARRAY_LENGTH(columns));
    return MLOPS_OK;
}

/* ---- render -------------------------------------------------------------------------------- */

static int run_render(struct cli *cli)
{
    const struct mlops_env_render_options options = {.target = cli_text(cli, "target"),
                                                     .stage = cli_text(cli, "stage"),
                                                     .image = cli_text(cli, "image"),
                                                     .python = cli_text(cli, "python"),
                                                     .allow_unpinned =
                                                         cli_flag(cli, "allow-unpinned")};
    const char *path = cli_text(cli, "output");
    _cleanup_(free_string) char *text = NULL;

    TRY(refuse_arguments(cli, 1, 1, "render REF --target TARGET [--stage S] [-o FILE]"));
    if (!options.target) {
        mlops_fail(&cli->err, MLOPS_INVALID, "which file? --target is not given");
        return mlops_hint(&cli->err, "it can be requirements, conda, containerfile, kubernetes or "
                                     "compose");
    }
    TRY(cli_open_registry(cli));
    TRY(mlops_env_render(cli_registry(cli), cli->args[1], &options, &text, &cli->err));
    if (path)
        TRY(mlops_env_write(path, text, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "target", options.target);
        cli_json_text(document, "stage", options.stage);
        cli_json_text(document, "file", path);
        cli_json_text(document, "text", text);
        return cli_print_json(cli, document);
    }
    if (path)
        cli_say(cli, "wrote %s", path);
    else
        (void)fputs(text, cli->out);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {run_capture, run_check, run_diff, run_render};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_env = {
    .name = "env",
    .summary = "record environments, and compare them",
    .synopsis = "ACTION [REF [REF]]",
    .description =
        "capture reads this machine's environment without running anything: the interpreter, the "
        "installed distributions with digests, the operating system with its packages, processor "
        "features, GPU driver and CUDA. It is that of --venv, else of VIRTUAL_ENV, CONDA_PREFIX, "
        "./.venv, else the system's.\n\n"
        "check compares this machine with what a version needs by its lock file (with --captured: "
        "as it was captured beside it). diff compares two versions or stages.\n\n"
        "A change is 'missing' where only the first has it, 'extra' where only the second has it, "
        "'other version', or 'other build' of the same version.\n\n"
        "render writes a file for another tool, the same bytes for the same version: pip's "
        "requirements and conda's environment with exact versions and digests, a Containerfile, "
        "and a Kubernetes Deployment or Compose project for a stage. What is not pinned is "
        "refused.",
    .group = GROUP_LOOK,
    .pager = true,
    .args = {{"ACTION", COMPLETE_NONE, "capture check diff render"},
             {"REF", COMPLETE_REF | OPTIONAL, NULL},
             {"REF", COMPLETE_REF | OPTIONAL, NULL}},
    .options = {{.name = "venv",
                 .kind = OPTION_TEXT,
                 .argument = "DIR",
                 .help = "capture, check: the virtual or conda environment to read",
                 .completion = COMPLETE_DIRECTORY},
                {.name = "output",
                 .letter = 'o',
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "capture, render: write to FILE",
                 .completion = COMPLETE_FILE},
                {.name = "captured",
                 .help = "check: against the environment that was captured, not the lock file"},
                {.name = "all",
                 .help = "check: as --captured, with system packages, processor and GPU driver"},
                {.name = "allow-extra", .help = "check: what is there beyond the need is fine"},
                {.name = "target",
                 .letter = 't',
                 .kind = OPTION_CHOICE,
                 .argument = "TARGET",
                 .help = "render: requirements, conda, containerfile, kubernetes or compose",
                 .words = "requirements conda containerfile kubernetes compose"},
                {.name = "stage",
                 .kind = OPTION_TEXT,
                 .argument = "STAGE",
                 .help = "render: with what the project file says of STAGE",
                 .completion = COMPLETE_STAGE},
                {.name = "image",
                 .kind = OPTION_TEXT,
                 .argument = "IMAGE",
                 .help = "render: NAME@sha256:DIGEST to build on, or to run"},
                {.name = "python",
                 .kind = OPTION_TEXT,
                 .argument = "VERSION",
                 .help = "render conda: the interpreter (default: the captured one's)"},
                {.name = "allow-unpinned",
                 .help = "render: mark what is not pinned, and do not refuse it"}},
    .examples = {{"mlops env check fraud@production", "can this machine run it?"},
                 {"mlops env capture -o environment.json", "for the project file to name"},
                 {"mlops env diff fraud@staging fraud@production", "what a promotion changes"},
                 {"mlops env render fraud@production -t requirements -o requirements.txt",
                  "for pip, with digests"},
                 {"mlops env render fraud@production -t kubernetes --stage production",
                  "a Deployment with the settings of that stage"}},
    .exits = {{1, "check: something differs; render: something is not pinned"}},
    .json = {{"format", "text", "with -- capture: the document is the captured environment"},
             {"model", "text", "with -- check and diff: whose version it is"},
             {"version", "number?", "with -- check and diff: null where it is not registered"},
             {"bundle", "text", "with -- check and diff: its bundle"},
             {"other_model", "text", "with -- diff: of the second"},
             {"other_version", "number?", "with -- diff: of the second"},
             {"other_bundle", "text", "with -- diff: of the second"},
             {"matches", "bool", "with -- check and diff: is nothing different?"},
             {"differences[].name", "text", "with -- check and diff: what differs"},
             {"differences[].kind", "text", "python, pypi, conda, image, os, os-package, cpu, gpu"},
             {"differences[].expected", "text?", "its version; null where it is extra"},
             {"differences[].found", "text?", "its version; null where it is missing"},
             {"differences[].severity", "text", "missing, other version, other build or extra"},
             {"target", "text", "with -- render: what was made"},
             {"stage", "text?", "with -- render: for which stage"},
             {"file", "text?", "with -- render: where it was written"},
             {"text", "text", "with -- render: its content"}},
    .run = run,
};
