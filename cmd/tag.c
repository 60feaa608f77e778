/* cmd/tag.c - mlops tag REF [NAME[=VALUE]…] */
#include "cli.h"
#include <inttypes.h>

static int put(struct cli *cli, const char *given, struct mlops_version *version)
{
    const char *equals = strchr(given, '=');
    _cleanup_(free_string) char *name =
        cli_copy(given, equals ? (size_t)(equals - given) : strlen(given));

    return mlops_tag_set(cli_registry(cli), cli->args[0], name, equals ? equals + 1 : "", version,
                         &cli->err);
}

static int change(struct cli *cli, struct mlops_version *version)
{
    bool remove = cli_flag(cli, "remove");

    if (remove && cli->arg_count == 1)
        return mlops_fail(&cli->err, MLOPS_INVALID, "--remove takes the names of the tags");
    for (size_t i = 1; i < cli->arg_count; i++) {
        const char *given = cli->args[i];
        if (remove)
            TRY(mlops_tag_remove(cli_registry(cli), cli->args[0], given, version, &cli->err));
        else
            TRY(put(cli, given, version));
    }
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    _cleanup_(mlops_tags_clear) struct mlops_tags tags = {0};
    struct mlops_version version;

    TRY(change(cli, &version));
    TRY(mlops_version_resolve(cli_registry(cli), cli->args[0], &version, &cli->err));
    TRY(mlops_tag_list(cli_registry(cli), &version, &tags, &cli->err));
    if (!cli->json) {
        for (size_t i = 0; i < tags.count; i++) {
            const char *value = tags.items[i].value;
            cli_print(cli, "%s%s%s", tags.items[i].name, *value ? "=" : "", value);
        }
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object(), *all = cli_json_object();
    cli_json_text(document, "model", version.model);
    cli_json_version(document, "version", version.number);
    cli_json_add(document, "tags", all);
    for (size_t i = 0; i < tags.count; i++)
        cli_json_text(all, tags.items[i].name, tags.items[i].value);
    return cli_print_json(cli, document);
}

const struct command command_tag = {
    .name = "tag",
    .summary = "put labels on a version, take them off, or list them",
    .synopsis = "REF [NAME[=VALUE]]...",
    .description = "Tags are for people and scripts: gates do not look at them. A tag that is "
                   "there already gets the new value. Prints all tags of the version; 'mlops list "
                   "--where' finds versions by them.",
    .group = GROUP_LOOK,
    .registry = true,
    .args = {{"REF", COMPLETE_REF, NULL}, {"NAME=VALUE", OPTIONAL | REPEATED, NULL}},
    .options = {{.name = "remove", .help = "take the tags off"}},
    .examples = {{"mlops tag fraud@3 owner=payments reviewed", "say who looks after version 3"},
                 {"mlops tag fraud@3 --remove reviewed", "not any more"},
                 {"mlops tag fraud@3", "which are there?"}},
    .json = {{"model", "text", "whose version it is"},
             {"version", "number", "1, 2, 3 and so on"},
             {"tags", "object", "from names to values"}},
    .run = run,
};
