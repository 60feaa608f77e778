/* cmd/fsck.c - mlops fsck */
#include "cli.h"
#include <inttypes.h>

static int print_text(struct cli *cli, const struct mlops_fsck_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct mlops_problem *problem = &report->problems[i];
        cli_print(cli, "%s %.23s: %s", problem->kind, problem->object, problem->message);
    }
    if (report->clean)
        cli_say(cli, "clean: %" PRIu64 " bundles", report->bundles);
    else
        cli_say(cli, "%zu problems in %" PRIu64 " bundles", report->count, report->bundles);
    return MLOPS_OK;
}

static int print_json(struct cli *cli, const struct mlops_fsck_report *report)
{
    cJSON *document = cli_json_object(), *problems = cli_json_array();

    cli_json_bool(document, "clean", report->clean);
    cli_json_number(document, "bundles", (double)report->bundles);
    cli_json_add(document, "problems", problems);
    for (size_t i = 0; i < report->count; i++) {
        cJSON *problem = cli_json_object();
        cli_json_text(problem, "kind", report->problems[i].kind);
        cli_json_text(problem, "object", report->problems[i].object);
        cli_json_text(problem, "message", report->problems[i].message);
        cli_json_push(problems, problem);
    }
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_fsck_report_clear) struct mlops_fsck_report report = {0};
    struct mlops_fsck_options options = {.quick = cli_flag(cli, "quick")};

    TRY(mlops_fsck(cli_registry(cli), &options, &report, &cli->err));
    TRY(cli->json ? print_json(cli, &report) : print_text(cli, &report));
    return report.clean ? MLOPS_OK : MLOPS_INTEGRITY;
}

const struct command command_fsck = {
    .name = "fsck",
    .summary = "check that everything in the registry is sound",
    .description =
        "Holds every pack, object, manifest, row and log entry against the others, and names what "
        "does not fit. Changes nothing.",
    .group = GROUP_LOOK_AFTER,
    .registry = true,
    .pager = true,
    .options = {{.name = "quick",
                 .kind = OPTION_FLAG,
                 .help = "look at structure only: do not read the content of objects"}},
    .examples = {{"mlops fsck", "is all of it as it was written?"},
                 {"mlops --json fsck | jq -r '.problems[].message'", "what is wrong"}},
    .exits = {{5, "something is damaged"}},
    .json = {{"clean", "bool", "was nothing found?"},
             {"bundles", "number", "looked at"},
             {"problems[].kind", "text",
              "pack, object, recipe, manifest, file, profile, row, log or database"},
             {"problems[].object", "text",
              "a pack's file name, a bundle's id, log, or registry.db"},
             {"problems[].message", "text", "what is wrong with it"}},
    .run = run,
};
