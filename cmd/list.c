/* cmd/list.c - mlops list [MODEL] */
#include "cli.h"
#include <inttypes.h>

static char *join(char *const *texts, size_t count)
{
    char *joined = cli_copy("", 0);
    for (size_t i = 0; i < count; i++) {
        char *longer = cli_format("%s%s%s", joined, i ? "," : "", texts[i]);
        free(joined);
        joined = longer;
    }
    return joined;
}

static int print_table(struct cli *cli, const struct mlops_version_list *list)
{
    static const struct column columns[] = {{"VERSION", false},
                                            {"CREATED", false},
                                            {"STAGES", false},
                                            {"BY", false},
                                            {"BUNDLE", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_version_row *row = &list->items[i];
        _cleanup_(free_string) char *stages = join(row->stages, row->stage_count);
        char created[32];
        mlops_time_format(row->version.created_ns, created);
        cli_table_cell(&table, STYLE_BOLD, "%s@%" PRIu64, row->version.model, row->version.number);
        cli_table_cell(&table, STYLE_PLAIN, "%s", created);
        cli_table_cell(&table, STYLE_GOOD, "%s", stages);
        cli_table_cell(&table, STYLE_PLAIN, "%s", row->version.created_by);
        cli_table_cell(&table, STYLE_DIM, "%.*s", cli_bundle_length(cli), row->version.bundle);
    }
    cli_table_print(cli, &table);
    if (list->count == 0)
        cli_note(cli, "no versions yet; 'mlops register DIR' makes the first");
    return MLOPS_OK;
}

static int print_json(struct cli *cli, const struct mlops_version_list *list)
{
    cJSON *document = cli_json_object(), *versions = cli_json_array();

    cli_json_add(document, "versions", versions);
    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_version_row *row = &list->items[i];
        cJSON *version = cli_json_object();
        cli_json_text(version, "model", row->version.model);
        cli_json_version(version, "version", row->version.number);
        cli_json_text(version, "bundle", row->version.bundle);
        cli_json_time(version, "created_at", row->version.created_ns);
        cli_json_text(version, "created_by", row->version.created_by);
        cli_json_add(version, "stages", cli_json_texts(row->stages, row->stage_count));
        cli_json_push(versions, version);
    }
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};

    TRY(mlops_version_list(cli_registry(cli), cli->args[0], &list, &cli->err));
    return cli->json ? print_json(cli, &list) : print_table(cli, &list);
}

const struct command command_list = {
    .name = "list",
    .summary = "list the versions of a model, or of all",
    .synopsis = "[MODEL]",
    .description = "Newest first. A pipe gets lines without titles: version, time, stages, who "
                   "registered it, bundle.",
    .group = GROUP_LOOK,
    .registry = true,
    .pager = true,
    .args = {{"MODEL", COMPLETE_MODEL | OPTIONAL}},
    .examples = {{"mlops list fraud", "the versions of one model"},
                 {"mlops --json list | jq -r '.versions[] | select(.stages[] == \"production\") | "
                  ".bundle'",
                  "the bundles that are in production"}},
    .json = {{"versions[].model", "text", "by model, then newest first"},
             {"versions[].version", "number", "1, 2, 3 and so on"},
             {"versions[].bundle", "text", "its id"},
             {"versions[].created_at", "time", "when it was registered"},
             {"versions[].created_by", "text", "who registered it"},
             {"versions[].stages", "array", "names of the stages that hold it now"}},
    .run = run,
};
