/* cmd/status.c - mlops status [MODEL] */
#include "cli.h"
#include <inttypes.h>

static int print_table(struct cli *cli, const struct mlops_stage_list *list)
{
    static const struct column columns[] = {{"MODEL", false},
                                            {"STAGE", false},
                                            {"VERSION", false},
                                            {"SINCE", false},
                                            {"BUNDLE", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_stage_row *row = &list->items[i];
        char since[32];
        mlops_time_format(row->since_ns, since);
        cli_table_cell(&table, STYLE_BOLD, "%s", row->version.model);
        cli_table_cell(&table, STYLE_GOOD, "%s", row->stage);
        cli_table_cell(&table, STYLE_BOLD, "@%" PRIu64, row->version.number);
        cli_table_cell(&table, STYLE_PLAIN, "%s", since);
        cli_table_cell(&table, STYLE_DIM, "%.*s", cli_bundle_length(cli), row->version.bundle);
    }
    cli_table_print(cli, &table);
    if (list->count == 0)
        cli_note(cli, "no stage holds a version; 'mlops promote REF --to STAGE' puts one there");
    return MLOPS_OK;
}

static int print_json(struct cli *cli, const struct mlops_stage_list *list)
{
    cJSON *document = cli_json_object(), *stages = cli_json_array();

    cli_json_add(document, "stages", stages);
    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_stage_row *row = &list->items[i];
        cJSON *stage = cli_json_object();
        cli_json_text(stage, "model", row->version.model);
        cli_json_text(stage, "stage", row->stage);
        cli_json_version(stage, "version", row->version.number);
        cli_json_text(stage, "bundle", row->version.bundle);
        cli_json_time(stage, "since", row->since_ns);
        cli_json_push(stages, stage);
    }
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_stage_list_clear) struct mlops_stage_list list = {0};

    TRY(mlops_stage_list(cli_registry(cli), cli->args[0], &list, &cli->err));
    return cli->json ? print_json(cli, &list) : print_table(cli, &list);
}

const struct command command_status = {
    .name = "status",
    .summary = "show what runs where",
    .synopsis = "[MODEL]",
    .description = "Every stage that holds a version, of MODEL or of all models, and since when.",
    .group = GROUP_LOOK,
    .registry = true,
    .pager = true,
    .args = {{"MODEL", COMPLETE_MODEL | OPTIONAL, NULL}},
    .examples = {{"mlops status", "all models"}, {"mlops status fraud", "one"}},
    .json = {{"stages[].model", "text", "by model, then stage"},
             {"stages[].stage", "text", "such as production"},
             {"stages[].version", "number", "that it holds"},
             {"stages[].bundle", "text", "the version's bundle"},
             {"stages[].since", "time", "when it came there"}},
    .run = run,
};
