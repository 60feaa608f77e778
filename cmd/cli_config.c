/* cmd/cli_config.c - the settings of a run: read once, and what their files say put where the
 * program and the library look for it. */
#include "cli.h"

/* A setting of a file stands in for its variable. `registry` is looked for in folders first. */
static bool stands_in(const struct mlops_setting *setting)
{
    bool from_file =
        setting->origin == MLOPS_CONFIG_USER || setting->origin == MLOPS_CONFIG_REGISTRY;
    return from_file && setting->variable && !str_equal(setting->key, "registry");
}

int cli_settings_read(struct cli *cli, const char *registry, struct mlops_error *err)
{
    struct mlops_settings settings;

    for (size_t i = 0; i < cli->settings.count; i++)
        if (stands_in(&cli->settings.items[i])) /* it was not the user who set it */
            (void)unsetenv(cli->settings.items[i].variable);
    TRY(mlops_settings_read(registry, &settings, err));
    mlops_settings_clear(&cli->settings);
    cli->settings = settings;
    for (size_t i = 0; i < settings.count; i++)
        if (stands_in(&settings.items[i])) /* no memory: then as if not set */
            (void)setenv(settings.items[i].variable, settings.items[i].value, 1);
    return MLOPS_OK;
}

const char *cli_setting(const struct cli *cli, const char *key)
{
    const struct mlops_setting *setting = mlops_settings_find(&cli->settings, key);
    return setting && setting->origin != MLOPS_CONFIG_DEFAULT ? setting->value : NULL;
}
