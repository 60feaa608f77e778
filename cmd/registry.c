/* cmd/registry.c - mlops registry grant|revoke|show|copy … */
#include "cli.h"
#include <inttypes.h>

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
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "say which role, and to whom: "
                          "'mlops registry grant ROLE USER'");
    TRY(cli_open_registry(cli));
    TRY(mlops_access_parse(cli->args[1], &role, &cli->err));
    TRY(mlops_access_grant(cli_registry(cli), role, cli->args[2], &cli->err));
    return print(cli, cli->args[2], mlops_access_name(role));
}

static int revoke(struct cli *cli)
{
    if (!cli->args[1] || cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "say from whom: 'mlops registry revoke USER' takes every role");
    TRY(cli_open_registry(cli));
    TRY(mlops_access_revoke(cli_registry(cli), cli->args[1], &cli->err));
    return print(cli, cli->args[1], NULL);
}

static int show(struct cli *cli)
{
    static const struct column columns[] = {{"USER", false}, {"ROLE", false}};
    _cleanup_(mlops_access_list_clear) struct mlops_access_list list = {0};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    TRY(cli_open_registry(cli));
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

static void close_named(struct mlops_registry **registry)
{
    mlops_registry_close(*registry);
}

static int open_named(struct cli *cli, const char *location, struct mlops_registry **registry)
{
    const struct mlops_registry_options options = {.location = location,
                                                   .observer = cli_observer(cli)};

    return mlops_registry_open(&options, registry, &cli->err);
}

static int print_copied(struct cli *cli, const struct mlops_registry_copied *copied,
                        const struct mlops_fsck_report *report)
{
    char bytes[32];

    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_bool(document, "present", copied->present);
        cli_json_number(document, "rows", (double)copied->rows);
        cli_json_number(document, "packs", (double)copied->packs);
        cli_json_number(document, "bytes", (double)copied->bytes);
        cli_json_bool(document, "clean", report->clean);
        return cli_print_json(cli, document);
    }
    cli_size_format(copied->bytes, bytes);
    if (copied->present)
        cli_say(cli, "it was copied before");
    else
        cli_say(cli, "copied %" PRIu64 " rows, and %s in %" PRIu64 " %s", copied->rows, bytes,
                copied->packs, cli_noun(copied->packs, "pack", "packs"));
    for (size_t i = 0; i < report->count; i++)
        cli_print(cli, "%s %.23s: %s", report->problems[i].kind, report->problems[i].object,
                  report->problems[i].message);
    if (report->clean)
        cli_say(cli, "the copy is clean: %" PRIu64 " %s", report->bundles,
                cli_noun(report->bundles, "bundle", "bundles"));
    return MLOPS_OK;
}

static int copy(struct cli *cli)
{
    _cleanup_(close_named) struct mlops_registry *from = NULL, *to = NULL;
    _cleanup_(mlops_fsck_report_clear) struct mlops_fsck_report report = {0};
    struct mlops_registry_copied copied;

    if (!cli->args[1] || !cli->args[2])
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "say from where, and to where: "
                          "'mlops registry copy FROM TO'");
    TRY(open_named(cli, cli->args[1], &from));
    TRY(open_named(cli, cli->args[2], &to));
    TRY(mlops_registry_copy(from, to, &copied, &cli->err));
    TRY(mlops_fsck(to, &(struct mlops_fsck_options){0}, &report, &cli->err));
    TRY(print_copied(cli, &copied, &report));
    return report.clean ? MLOPS_OK : MLOPS_INTEGRITY;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {grant, revoke, show, copy};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_registry = {
    .name = "registry",
    .summary = "say who may do what in a registry, or move it elsewhere",
    .synopsis = "grant ROLE USER | revoke USER | show | copy FROM TO",
    .description =
        "grant gives USER, a login of the PostgreSQL server, a role in place of any that it has; "
        "revoke USER takes it; show lists who has which. A reader looks; an author also packages, "
        "registers, tests, signs, approves and tags; a releaser also promotes, rolls back, "
        "freezes, retires, deletes, adds evaluation sets and takes in events; an admin also sets "
        "policies and trust, collects garbage and "
        "gives roles. The server enforces them, whichever program asks.\n\n"
        "The first grant sets the roles up: it is for the user who made the registry, who needs "
        "the right to make roles (createuser --createrole).\n\n"
        "copy moves all of the registry FROM, a folder or a postgresql:// URL, into TO, an empty "
        "one that 'mlops init' has made, on whatever engine: versions, stages, evidence, objects, "
        "and the audit log with its key. One that was interrupted goes on where it stopped when it "
        "is run again. Then everything in TO is checked, as 'mlops fsck' does. Take FROM out of "
        "use before: what is written to it afterwards stays there. Roles, hooks and configuration "
        "are not copied.",
    .group = GROUP_LOOK_AFTER,
    .args = {{"ACTION", COMPLETE_NONE, "grant revoke show copy"},
             {"ROLE|FROM", COMPLETE_NONE | OPTIONAL, "reader author releaser admin"},
             {"USER|TO", COMPLETE_DIRECTORY | OPTIONAL, NULL}},
    .examples = {{"mlops registry grant author ada", "ada registers and tests"},
                 {"mlops registry grant releaser bob", "bob promotes, too"},
                 {"mlops registry revoke ada", "ada may do nothing any more"},
                 {"mlops registry copy ../old .", "move a registry to where this folder has its"}},
    .exits = {{3, "the server has no such user; revoke: it has no role"},
              {4, "copy: TO is not empty"},
              {5, "copy: what is in TO is damaged"},
              {6, "the server lets you give no roles"}},
    .json = {{"user", "text", "with -- grant and revoke: whose role it is"},
             {"role", "text?", "what it is now; null: none"},
             {"roles[].user", "text", "with -- show: who"},
             {"roles[].role", "text", "with -- show: reader, author, releaser or admin"},
             {"present", "bool", "with -- copy: had it been copied before?"},
             {"rows", "number", "with -- copy: that were written"},
             {"packs", "number", "with -- copy: that were not there yet"},
             {"bytes", "number", "with -- copy: of those packs"},
             {"clean", "bool", "with -- copy: is everything in TO sound?"}},
    .run = run,
};
