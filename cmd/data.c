/* cmd/data.c - mlops data add|list|show|remove [SET] [FILE] */
#include "cli.h"
#include <inttypes.h>

static cJSON *to_json(const struct mlops_evaluation *set)
{
    cJSON *json = cli_json_object(), *labels = cli_json_array();

    cli_json_text(json, "name", set->name);
    cli_json_text(json, "model", set->model);
    cli_json_text(json, "bundle", set->bundle);
    cli_json_text(json, "sha256", set->sha256);
    cli_json_number(json, "rows", (double)set->rows);
    cli_json_add(json, "labels", labels);
    for (char **label = set->labels; *label; label++)
        cli_json_push(labels, cJSON_CreateString(*label));
    cli_json_time(json, "added", set->added_ns);
    cli_json_text(json, "added_by", set->added_by);
    return json;
}

static int need_set(struct cli *cli, bool file)
{
    if (!cli->args[1])
        return mlops_fail(&cli->err, MLOPS_INVALID, "which evaluation set? Name it MODEL/NAME");
    if (file == (cli->args[2] != NULL))
        return MLOPS_OK;
    return mlops_fail(&cli->err, MLOPS_INVALID,
                      file ? "which FILE holds the set '%s'?" : "'%s' is followed by a file",
                      cli->args[1]);
}

static void free_list(const char ***list)
{
    free(*list);
}

static int add(struct cli *cli)
{
    _cleanup_(free_list) const char **labels = cli_list(cli, "label");
    _cleanup_(mlops_evaluation_clear) struct mlops_evaluation set = {.rows = 0};
    bool created;

    TRY(need_set(cli, true));
    const struct mlops_evaluation_options options = {.name = cli->args[1],
                                                     .path = cli->args[2],
                                                     .labels = labels,
                                                     .reason = cli_text(cli, "reason")};
    TRY(mlops_evaluation_add(cli_registry(cli), &options, &set, &created, &cli->err));
    if (cli->json) {
        cJSON *document = to_json(&set);
        cli_json_bool(document, "created", created);
        return cli_print_json(cli, document);
    }
    cli_say(cli, "%s has %" PRIu64 " %s; a suite is measured on it with 'data: registry:%s'%s",
            set.name, set.rows, cli_noun(set.rows, "row", "rows"), strchr(set.name, '/') + 1,
            created ? "" : " (it was there already)");
    return MLOPS_OK;
}

static int list(struct cli *cli)
{
    static const struct column columns[] = {
        {"SET", false}, {"ROWS", true}, {"LABEL", false}, {"ADDED", false}, {"BY", false}};
    _cleanup_(mlops_evaluation_list_clear) struct mlops_evaluation_list all = {.count = 0};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    TRY(mlops_evaluation_all(cli_registry(cli), cli->args[1], &all, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *array = cli_json_array();
        cli_json_add(document, "sets", array);
        for (size_t i = 0; i < all.count; i++)
            cli_json_push(array, to_json(&all.items[i]));
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < all.count; i++) {
        char when[32];
        mlops_time_format(all.items[i].added_ns, when);
        cli_table_cell(&table, STYLE_BOLD, "%s", all.items[i].name);
        cli_table_cell(&table, STYLE_PLAIN, "%" PRIu64, all.items[i].rows);
        cli_table_cell(&table, STYLE_PLAIN, "%s", all.items[i].labels[0]);
        cli_table_cell(&table, STYLE_PLAIN, "%s", when);
        cli_table_cell(&table, STYLE_PLAIN, "%s", all.items[i].added_by);
    }
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

static int show(struct cli *cli)
{
    _cleanup_(mlops_evaluation_clear) struct mlops_evaluation set = {.rows = 0};
    char when[32];

    TRY(need_set(cli, false));
    TRY(mlops_evaluation_find(cli_registry(cli), cli->args[1], &set, &cli->err));
    if (cli->json)
        return cli_print_json(cli, to_json(&set));
    mlops_time_format(set.added_ns, when);
    cli_print(cli, "%s%s%s", cli_on(cli, STYLE_BOLD), set.name, cli_off(cli, STYLE_BOLD));
    cli_print(cli, "rows      %" PRIu64, set.rows);
    for (char **label = set.labels; *label; label++)
        cli_print(cli, "%s  %s", label == set.labels ? "label   " : "withheld", *label);
    cli_print(cli, "bundle    %s", set.bundle);
    cli_print(cli, "file      sha256:%s", set.sha256);
    cli_print(cli, "added     %s by %s", when, set.added_by);
    return MLOPS_OK;
}

static int drop(struct cli *cli)
{
    TRY(need_set(cli, false));
    TRY(mlops_evaluation_remove(cli_registry(cli), cli->args[1], cli_text(cli, "reason"),
                                &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "removed", cli->args[1]);
        return cli_print_json(cli, document);
    }
    cli_say(cli, "%s is removed; what was measured on it counts for no policy any more",
            cli->args[1]);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {add, list, show, drop};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_data = {
    .name = "data",
    .summary = "keep evaluation sets that versions are examined on",
    .synopsis = "ACTION [SET] [FILE]",
    .description =
        "add takes the CSV file FILE into the registry as the evaluation set SET, which is called "
        "MODEL/NAME; --label names the column with the truth, and more columns that are to be "
        "withheld, such as weights. A suite whose 'data' is registry:NAME is given the rows "
        "without those columns, and mlops holds its predictions against them. A policy's "
        "'evaluation' demands that a version was measured there.\n\n"
        "A set never changes: the same name with other content is refused. remove takes it out of "
        "use, list has those of MODEL or all, show one.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"ACTION", COMPLETE_NONE, "add list show remove"},
             {"SET", COMPLETE_MODEL | OPTIONAL, NULL},
             {"FILE", COMPLETE_FILE | OPTIONAL, NULL}},
    .options =
        {{.name = "label",
          .kind = OPTION_LIST,
          .argument = "COLUMN",
          .help = "add: a column to withhold; the first is the label"},
         {.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "why, for the log"}},
    .examples = {{"mlops data add fraud/holdout-2024 holdout.csv --label is_fraud",
                  "an exam that no author chooses"},
                 {"mlops data list fraud", "which are there?"},
                 {"mlops data remove fraud/holdout-2023 --reason 'too old'", "not any more"}},
    .exits = {{4, "there is a set of that name with other content"}},
    .json = {{"name", "text", "MODEL/NAME"},
             {"model", "text", "whose set it is"},
             {"bundle", "text", "what evidence names: the rows and the labels as they are kept"},
             {"sha256", "text", "of the file as it was given"},
             {"rows", "number", "how many"},
             {"labels", "array", "columns that are withheld; the first is the label"},
             {"added", "time", "when"},
             {"added_by", "text", "who"},
             {"created", "bool", "with -- add: false where it was there already"},
             {"sets", "array", "with -- list: the same of each"},
             {"removed", "text", "with -- remove: which"}},
    .run = run,
};
