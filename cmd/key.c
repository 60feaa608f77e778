/* cmd/key.c - mlops key generate|list|show [NAME] */
#include "cli.h"

static cJSON *to_json(const struct mlops_key *key, bool public)
{
    cJSON *json = cli_json_object();

    cli_json_text(json, "name", key->name);
    cli_json_text(json, "algorithm", key->algorithm);
    cli_json_text(json, "fingerprint", key->fingerprint);
    cli_json_bool(json, "encrypted", key->encrypted);
    cli_json_text(json, "path", key->path);
    if (public)
        cli_json_text(json, "public_key", key->public_pem);
    return json;
}

static int generate(struct cli *cli)
{
    char passphrase[1024] = "";
    bool given = false;
    _cleanup_(mlops_key_clear) struct mlops_key key = {0};

    if (!cli_flag(cli, "no-passphrase"))
        TRY(cli_new_passphrase(cli, passphrase, sizeof(passphrase), &given));
    const struct mlops_key_options options = {.name = cli->args[1],
                                              .algorithm = cli_text(cli, "algorithm"),
                                              .passphrase = given ? passphrase : NULL};
    int code = mlops_key_generate(&options, &key, &cli->err);
    explicit_bzero(passphrase, sizeof(passphrase));
    TRY(code);
    if (cli->json)
        return cli_print_json(cli, to_json(&key, true));
    cli_note(cli, "made the key '%s' (%s) in %s", key.name, key.algorithm, key.path);
    cli_print(cli, "%s", key.fingerprint);
    return MLOPS_OK;
}

static int list(struct cli *cli)
{
    static const struct column columns[] = {
        {"NAME", false}, {"ALGORITHM", false}, {"FINGERPRINT", false}, {"", false}};
    _cleanup_(mlops_key_list_clear) struct mlops_key_list keys = {0};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    if (cli->args[1])
        return mlops_fail(&cli->err, MLOPS_INVALID, "'key list' takes no name: 'key show %s'",
                          cli->args[1]);
    TRY(mlops_key_list(&keys, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object(), *array = cli_json_array();
        cli_json_add(document, "keys", array);
        for (size_t i = 0; i < keys.count; i++)
            cli_json_push(array, to_json(&keys.items[i], false));
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < keys.count; i++) {
        cli_table_cell(&table, STYLE_BOLD, "%s", keys.items[i].name);
        cli_table_cell(&table, STYLE_PLAIN, "%s", keys.items[i].algorithm);
        cli_table_cell(&table, STYLE_PLAIN, "%s", keys.items[i].fingerprint);
        cli_table_cell(&table, STYLE_DIM, "%s",
                       keys.items[i].encrypted ? "encrypted" : "no passphrase");
    }
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

static int show(struct cli *cli)
{
    _cleanup_(mlops_key_clear) struct mlops_key key = {0};

    TRY(mlops_key_find(cli->args[1], &key, &cli->err));
    if (cli->json)
        return cli_print_json(cli, to_json(&key, true));
    cli_note(cli, "%s, %s, fingerprint %s", key.path, key.algorithm, key.fingerprint);
    (void)fputs(key.public_pem, cli->out);
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    static int (*const actions[])(struct cli *) = {generate, list, show};
    size_t action;

    TRY(cli_action(cli, &action));
    return actions[action](cli);
}

const struct command command_key = {
    .name = "key",
    .summary = "make and show your own signing keys",
    .synopsis = "ACTION [NAME]",
    .description =
        "generate makes a key and prints its fingerprint; list shows those that you have; show "
        "prints a public key, to be given to who adds it with 'mlops trust add'.\n\n"
        "Keys are files in $MLOPS_KEYS, else ~/.config/mlops/keys: NAME.key (PKCS#8, encrypted "
        "with a passphrase) and NAME.pub. They sign versions and approvals with ECDSA, as the "
        "OpenSSF Model Signing specification wants it. The passphrase is asked for, or comes from "
        "MLOPS_PASSPHRASE.",
    .group = GROUP_RELEASE,
    .args = {{"ACTION", COMPLETE_NONE, "generate list show"}, {"NAME", OPTIONAL, NULL}},
    .options = {{.name = "algorithm",
                 .kind = OPTION_CHOICE,
                 .argument = "NAME",
                 .help = "generate: p256 (default), p384 or p521",
                 .words = "p256 p384 p521"},
                {.name = "no-passphrase",
                 .help = "generate: do not encrypt it; who can read the file can sign"}},
    .examples = {{"mlops key generate", "a key called 'default'"},
                 {"mlops key show > ana.pub", "the public half, for the registry's keeper"}},
    .exits = {{4, "there is a key of that name already"}},
    .json = {{"name", "text", "with -- generate and show: its name"},
             {"algorithm", "text", "with -- generate and show: p256, p384 or p521"},
             {"fingerprint", "text", "with -- generate and show: SHA-256 of the public key's PEM"},
             {"encrypted", "bool", "with -- generate and show: has it a passphrase?"},
             {"path", "text", "with -- generate and show: the private key's file"},
             {"public_key", "text", "with -- generate and show: PEM"},
             {"keys", "array", "with -- list: the same of each"}},
    .run = run,
};
