/* cmd/registry.c - mlops registry grant|revoke|show [ROLE] [USER] */
#include "cli.h"

static int print(struct cli *cli, const char *user, const char *role)
{
    if (!cli->json) {
        if (role)
            cli_say(cli, "%s is now %s of this registry", user, role);
        else
            cli_say(cli, "%s has no role in this registry any more", user);
        return MLOPS_OK;
    }
    cJSON *document = cli_json_object();
    cli_json_text(document, "user", user);
    cli_json_text_or_null(document, "role", role ? role : "");
    return cli_print_json(cli, document);
}

static int grant(struct cli *cli)
{
    enum mlops_access role;

    if (!cli->args[1] || !cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID, "say which role, and to whom: "
                                                    "'mlops registry grant ROLE USER'");
    TRY(mlops_access_parse(cli->args[1], &role, &cli->err));
    TRY(mlops_access_grant(cli_registry(cli), role, cli->args[2], &cli->err));
    return print(cli, cli->args[2], mlops_access_name(role));
}

static int revoke(struct cli *cli)
{
    if (!cli->args[1] || cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "say from whom: 'mlops registry revoke USER' takes every role");
    TRY(mlops_access_revoke(cli_registry(cli), cli->args[1], &cli->err));
    return print(cli, cli->args[1], NULL);
}

static int show(struct cli *cli)
{
    static const struct column columns[] = {{"USER", false}, {"ROLE", false}};
    _cleanup_(mlops_access_list_clear) struct mlops_access_list list = {0};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    TRY(mlops_access_read(cli_registry(cli), &list, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cJSON *roles = cli_json_array();
        for (size_t i = 0; i < list.count; i++) {
            cJSON *row = cli_json_object();
            cli_json_text(row, "user", list.items[i].user);
            cli_json_text(row, "role", mlops_access_name(list.items[i].role));
            cli_json_push(roles, row);
        }
        cli_json_add(document, "roles", roles);
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < list.count; i++) {
        cli_table_cell(&table, STYLE_PLAIN, "%s", list.items[i].user);
        cli_table_cell(&table, STYLE_PLAIN, "%s", mlops_access_name(list.items[i].role));
    }
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {grant, revoke, show};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_registry = {
    .name = "registry",
    .summary = "say who may do what in a shared registry",
    .synopsis = "ACTION [ROLE] [USER]",
    .description =
        "grant gives USER, a login of the PostgreSQL server, a role in place of any that it has; "
        "revoke USER takes it; show lists who has which. A reader looks; an author also packages, "
        "registers, tests, signs, approves and tags; a releaser also promotes, rolls back, "
        "freezes, retires, deletes, adds evaluation sets and takes in events; an admin also sets policies and trust, collects garbage and "
        "gives roles. The server enforces them, whichever program asks.\n\n"
        "The first grant sets the roles up: it is for the user who made the registry, who needs "
        "the right to make roles (createuser --createrole).",
    .group = GROUP_LOOK_AFTER,
    .registry = true,
    .args = {{"ACTION", COMPLETE_NONE, "grant revoke show"},
             {"ROLE", COMPLETE_NONE | OPTIONAL, "reader author releaser admin"},
             {"USER", COMPLETE_NONE | OPTIONAL, NULL}},
    .examples = {{"mlops registry grant author ada", "ada registers and tests"},
                 {"mlops registry grant releaser bob", "bob promotes, too"},
                 {"mlops registry revoke ada", "ada may do nothing any more"}},
    .exits = {{3, "the server has no such user; revoke: it has no role"},
              {6, "the server lets you give no roles"}},
    .json = {{"user", "text", "with -- grant and revoke: whose role it is"},
             {"role", "text?", "what it is now; null: none"},
             {"roles[].user", "text", "with -- show: who"},
             {"roles[].role", "text", "with -- show: reader, author, releaser or admin"}},
    .run = run,
};
