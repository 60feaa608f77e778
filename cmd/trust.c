/* cmd/trust.c - mlops trust add|remove|list [KEY] */
#include "cli.h"
#include <time.h>

static cJSON *to_json(const struct mlops_trusted_key *key)
{
    cJSON *json = cli_json_object(), *roles = cli_json_array();
    static const char *const names[] = {"author", "approver", "releaser"};

    cli_json_text(json, "fingerprint", key->fingerprint);
    cli_json_text(json, "algorithm", key->algorithm);
    cli_json_text(json, "owner", key->owner);
    cli_json_add(json, "roles", roles);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (key->roles & mlops_role_find(names[i]))
            cli_json_push(roles, cJSON_CreateString(names[i]));
    cli_json_time(json, "added", key->added_ns);
    if (key->expires_ns)
        cli_json_time(json, "expires", key->expires_ns);
    if (key->removed_ns)
        cli_json_time(json, "removed", key->removed_ns);
    cli_json_number(json, "entry", (double)key->entry);
    return json;
}

static int report(struct cli *cli, const char *done, struct mlops_trusted_key *key)
{
    _cleanup_(free_string) char *roles = mlops_roles_format(key->roles);
    _cleanup_(free_string) char *pem = key->public_pem;

    (void)pem;
    if (cli->json)
        return cli_print_json(cli, to_json(key));
    cli_say(cli, "%s %.16s of %s (%s)", done, key->fingerprint, key->owner, roles);
    return MLOPS_OK;
}

static int read_roles(struct cli *cli, unsigned *roles)
{
    const char **given = cli_list(cli, "role");
    int code = MLOPS_OK;

    for (size_t i = 0; given && given[i] && code == MLOPS_OK; i++) {
        unsigned role = mlops_role_find(given[i]);
        if (role == 0)
            code = mlops_fail(&cli->err, MLOPS_INVALID,
                              "'%s' is no role: author, approver or releaser", given[i]);
        *roles |= role;
    }
    free(given);
    return code;
}

static int add(struct cli *cli)
{
    struct mlops_trust_options options = {.key = cli->args[1],
                                          .owner = cli_text(cli, "owner"),
                                          .reason = cli_text(cli, "reason"),
                                          .signer = cli_signer(cli)};
    struct mlops_trusted_key key = {.roles = 0};

    TRY(read_roles(cli, &options.roles));
    if (cli_text(cli, "expires"))
        TRY(mlops_time_parse(cli_text(cli, "expires"), &options.expires_ns, &cli->err));
    TRY(mlops_trust_add(cli_registry(cli), &options, &key, &cli->err));
    return report(cli, "trusts now the key", &key);
}

static int remove_key(struct cli *cli)
{
    const struct mlops_trust_options options = {
        .key = cli->args[1], .reason = cli_text(cli, "reason"), .signer = cli_signer(cli)};
    struct mlops_trusted_key key = {.roles = 0};

    if (!options.key)
        return mlops_fail(&cli->err, MLOPS_INVALID, "which key is no longer to be trusted?");
    TRY(mlops_trust_remove(cli_registry(cli), &options, &key, &cli->err));
    return report(cli, "trusts no longer the key", &key);
}

static void add_row(struct table *table, const struct mlops_trusted_key *key)
{
    _cleanup_(free_string) char *roles = mlops_roles_format(key->roles);
    char since[32], until[64] = "";

    mlops_time_format(key->added_ns, since);
    if (key->removed_ns) {
        (void)snprintf(until, sizeof(until), "removed ");
        mlops_time_format(key->removed_ns, until + strlen(until));
    } else if (key->expires_ns) {
        (void)snprintf(until, sizeof(until), "until ");
        mlops_time_format(key->expires_ns, until + strlen(until));
    }
    cli_table_cell(table, key->removed_ns ? STYLE_DIM : STYLE_BOLD, "%.16s", key->fingerprint);
    cli_table_cell(table, STYLE_PLAIN, "%s", key->owner);
    cli_table_cell(table, STYLE_PLAIN, "%s", roles);
    cli_table_cell(table, STYLE_PLAIN, "%s", key->algorithm);
    cli_table_cell(table, STYLE_PLAIN, "%s", since);
    cli_table_cell(table, key->removed_ns ? STYLE_BAD : STYLE_PLAIN, "%s", until);
}

static int list(struct cli *cli)
{
    static const struct column columns[] = {{"KEY", false},     {"OWNER", false},
                                            {"ROLES", false},   {"ALGORITHM", false},
                                            {"TRUSTED", false}, {"", false}};
    _cleanup_(mlops_trust_list_clear) struct mlops_trust_list keys = {0};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    if (cli->args[1])
        return mlops_fail(&cli->err, MLOPS_INVALID, "'trust list' takes no key");
    TRY(mlops_trust_list(cli_registry(cli), &keys, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *array = cli_json_array();
        cli_json_add(document, "keys", array);
        for (size_t i = 0; i < keys.count; i++)
            cli_json_push(array, to_json(&keys.items[i]));
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < keys.count; i++)
        add_row(&table, &keys.items[i]);
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {add, remove_key, list};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_trust = {
    .name = "trust",
    .summary = "say whose signatures this registry believes",
    .synopsis = "ACTION [KEY]",
    .description =
        "add trusts a public key (a file, or the name of a key of yours) in one or more roles: an "
        "author signs versions, an approver approves those of others, a releaser changes policies "
        "and whom to trust. remove revokes it: nothing that it signed counts any more. KEY is then "
        "a fingerprint (8 digits or more) or an owner.\n\n"
        "It all stands in the audit log. The first releaser is believed on the word of whoever "
        "adds them; from then on every change is signed by a releaser's key (--key), and one "
        "that is not is refused wherever trust matters.",
    .group = GROUP_RELEASE,
    .registry = true,
    .args = {{"ACTION", COMPLETE_NONE, "add remove list"}, {"KEY", COMPLETE_FILE | OPTIONAL, NULL}},
    .options =
        {{.name = "role",
          .kind = OPTION_LIST,
          .argument = "ROLE",
          .help = "add: author, approver or releaser",
          .words = "author approver releaser"},
         {.name = "owner",
          .kind = OPTION_TEXT,
          .argument = "WHO",
          .help = "add: the person whose key it is (default: you)"},
         {.name = "expires", .kind = OPTION_TEXT, .argument = "TIME", .help = "add: when it ends"},
         {.name = "key",
          .kind = OPTION_TEXT,
          .argument = "KEY",
          .help = "the releaser's key that signs the change",
          .completion = COMPLETE_FILE},
         {.name = "reason", .kind = OPTION_TEXT, .argument = "TEXT", .help = "why, for the log"}},
    .examples = {{"mlops trust add --role author --role releaser", "trust your own key"},
                 {"mlops trust add bob.pub --owner bob@example.com --role approver",
                  "let Bob approve"},
                 {"mlops trust remove bob@example.com --reason 'laptop stolen'", "revoke it"}},
    .exits = {{1, "the change must be signed by a releaser, and was not"},
              {4, "somebody changed whom to trust meanwhile"},
              {5, "the log was changed by hand"}},
    .json = {{"fingerprint", "text", "with -- add and remove: SHA-256 of the public key's PEM"},
             {"algorithm", "text", "with -- add and remove: p256, p384 or p521"},
             {"owner", "text", "with -- add and remove: whose it is"},
             {"roles", "array", "with -- add and remove: what they may do"},
             {"added", "time", "with -- add and remove: since when it is trusted"},
             {"expires", "time", "with -- add and remove: when it ends, where it does"},
             {"removed", "time", "with -- remove: when it was revoked"},
             {"entry", "number", "with -- add and remove: of the log, that added it"},
             {"keys", "array", "with -- list: the same of each, in the order of adding"}},
    .run = run,
};
