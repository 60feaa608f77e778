/* cmd/config.c - mlops config list|get|set|unset */
#include "cli.h"

/* The options that stand above a setting. */
static const char *flag_of(struct cli *cli, const char *key)
{
    static const char *const keys[] = {"registry", "lock-timeout", "color"};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (str_equal(keys[i], key))
            return cli_text(cli, key);
    return NULL;
}

/* With what the registry's file says, where there is a registry. The command takes the settings
 * from their source anew: what the run itself set as variables is not the user's doing. */
static int read_settings(struct cli *cli, struct mlops_settings *settings)
{
    struct mlops_registry_options options = cli_registry_options(cli);
    struct mlops_error none = {0};

    if (!cli->registry && mlops_registry_open(&options, &cli->registry, &none))
        cli->registry = NULL;
    return mlops_settings_read(cli->registry ? mlops_registry_location(cli->registry) : NULL,
                               settings, &cli->err);
}

static cJSON *to_json(struct cli *cli, const struct mlops_setting *setting)
{
    cJSON *json = cli_json_object();
    const char *flag = flag_of(cli, setting->key);

    cli_json_text(json, "key", setting->key);
    cli_json_text(json, "value", flag ? flag : setting->value);
    cli_json_text(json, "origin",
                  mlops_config_origin_name(flag ? MLOPS_CONFIG_FLAG : setting->origin));
    cli_json_text(json, "where", flag ? NULL : setting->where);
    cli_json_text(json, "meaning", setting->meaning);
    return json;
}

static int list(struct cli *cli)
{
    static const struct column columns[] = {
        {"KEY", false}, {"VALUE", false}, {"ORIGIN", false}, {"", false}};
    _cleanup_(mlops_settings_clear) struct mlops_settings settings = {0};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    TRY(read_settings(cli, &settings));
    if (cli->json) {
        cJSON *document = cli_json_object(), *array = cli_json_array();
        cli_json_add(document, "settings", array);
        for (size_t i = 0; i < settings.count; i++)
            cli_json_push(array, to_json(cli, &settings.items[i]));
        return cli_print_json(cli, document);
    }
    for (size_t i = 0; i < settings.count; i++) {
        const struct mlops_setting *setting = &settings.items[i];
        const char *flag = flag_of(cli, setting->key), *value = flag ? flag : setting->value;
        enum mlops_config_origin origin = flag ? MLOPS_CONFIG_FLAG : setting->origin;
        cli_table_cell(&table, STYLE_BOLD, "%s", setting->key);
        cli_table_cell(&table, STYLE_PLAIN, "%s", value ? value : "");
        cli_table_cell(&table, origin == MLOPS_CONFIG_DEFAULT ? STYLE_DIM : STYLE_PLAIN, "%s",
                       mlops_config_origin_name(origin));
        cli_table_cell(&table, STYLE_DIM, "%s",
                       flag || !setting->where ? setting->meaning : setting->where);
    }
    cli_table_print(cli, &table);
    return MLOPS_OK;
}

static int get(struct cli *cli)
{
    _cleanup_(mlops_settings_clear) struct mlops_settings settings = {0};

    TRY(read_settings(cli, &settings));
    const struct mlops_setting *setting = mlops_settings_find(&settings, cli->args[1]);
    if (!setting) {
        mlops_fail(&cli->err, MLOPS_INVALID, "there is no setting '%s'", cli->args[1]);
        return mlops_hint(&cli->err, "'mlops config list' shows all of them");
    }
    if (cli->json)
        return cli_print_json(cli, to_json(cli, setting));
    const char *flag = flag_of(cli, setting->key), *value = flag ? flag : setting->value;
    if (!value)
        return mlops_fail(&cli->err, MLOPS_NOT_FOUND, "'%s' is not set", setting->key);
    cli_print(cli, "%s", value);
    return MLOPS_OK;
}

static int write_setting(struct cli *cli, const char *value)
{
    const char *registry = NULL;
    _cleanup_(free_string) char *path = NULL;

    if (cli_flag(cli, "in-registry")) {
        TRY(cli_open_registry(cli));
        registry = mlops_registry_location(cli->registry);
    }
    TRY(mlops_setting_write(cli->args[1], value, registry, &path, &cli->err));
    if (cli->json) {
        cJSON *document = cli_json_object();
        cli_json_text(document, "key", cli->args[1]);
        cli_json_text(document, "value", value);
        cli_json_text(document, "where", path);
        return cli_print_json(cli, document);
    }
    cli_say(cli, value ? "set %s in %s" : "took %s out of %s", cli->args[1], path);
    return MLOPS_OK;
}

static int set(struct cli *cli)
{
    return write_setting(cli, cli->args[2]);
}

static int unset(struct cli *cli)
{
    return write_setting(cli, NULL);
}

static int run(struct cli *cli)
{
    static const struct action {
        int (*run)(struct cli *cli);
        size_t arguments;
        const char *usage;
    } actions[] = {
        {list, 0, "list"}, {get, 1, "get KEY"}, {set, 2, "set KEY VALUE"}, {unset, 1, "unset KEY"}};
    size_t action;

    if (cli->arg_count == 0)
        return list(cli);
    TRY(cli_action(cli, &action));
    if (cli->arg_count - 1 == actions[action].arguments)
        return actions[action].run(cli);
    return mlops_fail(&cli->err, MLOPS_INVALID, "it is 'mlops config %s'", actions[action].usage);
}

const struct command command_config = {
    .name = "config",
    .summary = "show and change settings, with where each comes from",
    .synopsis = "[ACTION [KEY [VALUE]]]",
    .description =
        "list, as no ACTION does, shows every setting with its origin: an option of this command "
        "line, the environment, the registry's config.yaml, your own config.yaml in "
        "$XDG_CONFIG_HOME/mlops (else ~/.config/mlops), or the default; the first of these "
        "counts. set writes into your own file, with --in-registry into the registry's.\n\n"
        "There are no settings for secrets: passphrases and passwords come from the environment "
        "and from the files of the services that they are for.",
    .group = GROUP_LOOK_AFTER,
    .args = {{"ACTION", COMPLETE_NONE | OPTIONAL, "list get set unset"},
             {"KEY", OPTIONAL, "registry actor lock-timeout color pager keys advisories threads"},
             {"VALUE", OPTIONAL, NULL}},
    .options = {{.name = "in-registry",
                 .help = "set, unset: in the registry's file, for all who use it"}},
    .examples = {{"mlops config list", "what holds here, and why"},
                 {"mlops config set lock-timeout 2m", "wait longer for others"}},
    .exits = {{3, "get: it is not set"}},
    .json = {{"settings[].key", "text", "with -- list: its name"},
             {"settings[].value", "text?", "with -- list: null where it is not set"},
             {"settings[].origin", "text", "flag, environment, registry, user or default"},
             {"settings[].where", "text?", "the variable or file"},
             {"settings[].meaning", "text", "what it is for"},
             {"key", "text", "with -- get, set and unset: its name"},
             {"value", "text?", "with -- get, set and unset: its value"},
             {"origin", "text", "with -- get: where it comes from"},
             {"where", "text?", "with -- get, set and unset: the variable or file"},
             {"meaning", "text", "with -- get: what it is for"}},
    .run = run,
};
