/* cmd/cli_lineage.c - a lineage as text, for Graphviz, or as a document. */
#include "cli_lineage.h"

static cJSON *to_json(const struct mlops_lineage *lineage)
{
    cJSON *document = cli_json_object(), *nodes = cli_json_array();

    cli_json_add(document, "versions", nodes);
    for (size_t i = 0; i < lineage->count; i++) {
        const struct mlops_lineage_node *node = &lineage->nodes[i];
        cJSON *item = cli_json_object(), *parents = cli_json_array(), *data = cli_json_object();
        cli_json_text_or_null(item, "model", node->version.model);
        cli_json_version(item, "version", node->version.number);
        cli_json_text(item, "bundle", node->version.bundle);
        cli_json_add(item, "stages", cli_json_texts(node->stages, node->stage_count));
        cli_json_text(item, "run", node->run);
        cli_json_add(item, "parents", parents);
        for (size_t j = 0; j < node->parent_count; j++)
            cli_json_push(parents,
                          cJSON_CreateString(lineage->nodes[node->parents[j]].version.bundle));
        cli_json_add(item, "data", data);
        for (size_t j = 0; j < node->data_count; j++)
            cli_json_text(data, node->data[j].name, node->data[j].digest);
        cli_json_push(nodes, item);
    }
    return document;
}

int cli_print_lineage(struct cli *cli, const struct mlops_lineage *lineage)
{
    if (cli->json)
        return cli_print_json(cli, to_json(lineage));
    _cleanup_(free_string) char *text =
        cli_flag(cli, "dot") ? mlops_lineage_dot(lineage) : mlops_lineage_text(lineage);
    fputs(text, cli->out);
    return MLOPS_OK;
}
