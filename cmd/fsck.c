/* cmd/fsck.c - mlops fsck */
#include "cli.h"
#include <inttypes.h>

static int print_text(struct cli *cli, const struct mlops_fsck_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct mlops_problem *problem = &report->problems[i];
        cli_print(cli, "%s %.23s: %s", problem->kind, problem->object, problem->message);
    }
    if (report->set_aside)
        cli_say(cli, "%" PRIu64 " damaged %s set aside in objects/damaged", report->set_aside,
                cli_noun(report->set_aside, "pack is", "packs are"));
    if (report->repaired)
        cli_say(cli, "%" PRIu64 " %s repaired", report->repaired,
                cli_noun(report->repaired, "object is", "objects are"));
    if (report->released)
        cli_say(cli, "%" PRIu64 " retired %s no files any more: gc was asked to release them",
                report->released, cli_noun(report->released, "version has", "versions have"));
    if (report->clean)
        cli_say(cli, "clean: %" PRIu64 " %s", report->bundles,
                cli_noun(report->bundles, "bundle", "bundles"));
    else
        cli_say(cli, "%zu %s in %" PRIu64 " %s", report->count,
                cli_noun(report->count, "problem", "problems"), report->bundles,
                cli_noun(report->bundles, "bundle", "bundles"));
    return MLOPS_OK;
}

static int print_json(struct cli *cli, const struct mlops_fsck_report *report)
{
    cJSON *document = cli_json_object(), *problems = cli_json_array();

    cli_json_bool(document, "clean", report->clean);
    cli_json_number(document, "bundles", (double)report->bundles);
    cli_json_number(document, "released", (double)report->released);
    cli_json_number(document, "repaired", (double)report->repaired);
    cli_json_number(document, "set_aside", (double)report->set_aside);
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
    const char **copies = cli_list(cli, "repair");
    struct mlops_fsck_options options = {.quick = cli_flag(cli, "quick"), .repair_from = copies};
    int code = mlops_fsck(cli_registry(cli), &options, &report, &cli->err);

    free(copies);
    TRY(code);
    TRY(cli->json ? print_json(cli, &report) : print_text(cli, &report));
    return report.clean ? MLOPS_OK : MLOPS_INTEGRITY;
}

const struct command command_fsck = {
    .name = "fsck",
    .summary = "check that everything in the registry is sound",
    .description =
        "Holds every pack, object, manifest, row and log entry against the others, and names what "
        "does not fit. Changes nothing unless it is to repair.\n\n"
        "--repair looks in copies for what is damaged or missing: a folder with files, such as the "
        "project or a checkout; an archive that 'mlops export' wrote; another registry. Damaged "
        "packs are moved to objects/damaged after what is sound in them was copied. Then all is "
        "checked again.",
    .group = GROUP_LOOK_AFTER,
    .registry = true,
    .pager = true,
    .options = {{.name = "quick",
                 .kind = OPTION_FLAG,
                 .help = "look at structure only: do not read the content of objects"},
                {.name = "repair",
                 .kind = OPTION_LIST,
                 .argument = "FROM",
                 .help =
                     "first get what is damaged or missing from this copy, a folder, archive or "
                     "registry",
                 .completion = COMPLETE_DIRECTORY | COMPLETE_FILE}},
    .examples = {{"mlops fsck", "is all of it as it was written?"},
                 {"mlops fsck --repair ../backup --repair fraud-3.tar.zst",
                  "put right what is wrong, from what there is"},
                 {"mlops --json fsck | jq -r '.problems[].message'", "what is wrong"}},
    .exits = {{5, "something is damaged"}},
    .json = {{"clean", "bool", "was nothing found?"},
             {"bundles", "number", "looked at"},
             {"released", "number", "of those, retired ones whose files gc released: no problem"},
             {"repaired", "number", "with --repair: objects and parts that are there again"},
             {"set_aside", "number", "with --repair: damaged packs, in objects/damaged now"},
             {"problems[].kind", "text",
              "pack, object, recipe, manifest, file, profile, row, log or database"},
             {"problems[].object", "text",
              "a pack's file name, a bundle's id, log, or registry.db"},
             {"problems[].message", "text", "what is wrong with it"}},
    .run = run,
};
