/* cmd/stats.c - mlops stats */
#include "cli.h"
#include <inttypes.h>

static void print_row(struct cli *cli, struct table *table, const char *name, uint64_t bundles,
                      uint64_t logical, uint64_t unique, uint64_t stored)
{
    char sizes[3][32];
    const uint64_t bytes[] = {logical, unique, stored};

    (void)cli;
    for (size_t i = 0; i < 3; i++)
        cli_size_format(bytes[i], sizes[i]);
    cli_table_cell(table, STYLE_BOLD, "%s", name);
    cli_table_cell(table, STYLE_PLAIN, "%" PRIu64, bundles);
    for (size_t i = 0; i < 3; i++)
        cli_table_cell(table, STYLE_PLAIN, "%s", sizes[i]);
}

static int print_table(struct cli *cli, const struct mlops_usage *usage)
{
    static const struct column columns[] = {
        {"MODEL", false}, {"BUNDLES", true}, {"LOGICAL", true}, {"UNIQUE", true}, {"STORED", true}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "");

    for (size_t i = 0; i < usage->model_count; i++) {
        const struct mlops_model_usage *model = &usage->models[i];
        print_row(cli, &table, model->model, model->bundles, model->logical_bytes,
                  model->unique_bytes, model->stored_bytes);
    }
    print_row(cli, &table, "(all)", usage->bundles, usage->logical_bytes, usage->unique_bytes,
              usage->stored_bytes);
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

static void add_sizes(cJSON *json, uint64_t bundles, uint64_t logical, uint64_t unique,
                      uint64_t stored)
{
    cli_json_number(json, "bundles", (double)bundles);
    cli_json_number(json, "logical_bytes", (double)logical);
    cli_json_number(json, "unique_bytes", (double)unique);
    cli_json_number(json, "stored_bytes", (double)stored);
}

static int print_json(struct cli *cli, const struct mlops_usage *usage)
{
    cJSON *document = cli_json_object(), *models = cli_json_array();

    add_sizes(document, usage->bundles, usage->logical_bytes, usage->unique_bytes,
              usage->stored_bytes);
    cli_json_number(document, "objects", (double)usage->objects);
    cli_json_add(document, "models", models);
    for (size_t i = 0; i < usage->model_count; i++) {
        const struct mlops_model_usage *row = &usage->models[i];
        cJSON *model = cli_json_object();
        cli_json_text(model, "model", row->model);
        add_sizes(model, row->bundles, row->logical_bytes, row->unique_bytes, row->stored_bytes);
        cli_json_push(models, model);
    }
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_usage_clear) struct mlops_usage usage = {0};

    TRY(mlops_usage(cli_registry(cli), &usage, &cli->err));
    return cli->json ? print_json(cli, &usage) : print_table(cli, &usage);
}

const struct command command_stats = {
    .name = "stats",
    .summary = "show how much the registry holds, and what that takes",
    .description =
        "Per model and in all: bytes of the files as if nothing were shared (logical), of their "
        "distinct parts and of manifests and profiles beside them (unique), and what those take, "
        "compressed (stored). A part that models "
        "share counts for each of them, and once in all; stored in all is the size of the packs, "
        "with what no bundle needs any more.",
    .group = GROUP_LOOK_AFTER,
    .registry = true,
    .examples = {{"mlops stats", "a table"}},
    .json = {{"bundles", "number", "registered or not"},
             {"objects", "number", "distinct parts (chunks)"},
             {"logical_bytes", "number", "of all files of all bundles"},
             {"unique_bytes", "number", "of the distinct parts"},
             {"stored_bytes", "number", "of all packs"},
             {"models[].model", "text", "by name"},
             {"models[].bundles", "number", "of the model"},
             {"models[].logical_bytes", "number", "of their files"},
             {"models[].unique_bytes", "number", "of the distinct parts of them"},
             {"models[].stored_bytes", "number", "that those take"}},
    .run = run,
};
