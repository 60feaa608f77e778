/* cmd/cli_run.c - from a parsed command line to the exit status: registry, run, report. */
#include "cli.h"

const struct command *cli_command_find(const struct cli *cli, const char *name)
{
    for (size_t i = 0; cli->commands[i]; i++)
        if (str_equal(cli->commands[i]->name, name))
            return cli->commands[i];
    return NULL;
}

struct mlops_registry_options cli_registry_options(struct cli *cli)
{
    int64_t timeout = cli_whole(cli, "lock-timeout");
    if (cli_text(cli, "lock-timeout") && timeout == 0)
        timeout = 1; /* the library takes 0 for its own default; do not wait is what was meant */
    const char *waits = cli_setting(cli, "lock-timeout");
    struct mlops_error none = {0};
    if (!cli_text(cli, "lock-timeout") && waits &&
        mlops_duration_parse(waits, &timeout, &none) == MLOPS_OK && timeout == 0)
        timeout = 1;
    return (struct mlops_registry_options){
        .location = cli_text(cli, "registry"),
        .lock_timeout_ns = timeout,
        .observer = cli_observer(cli),
    };
}

int cli_explain_missing(struct cli *cli, const char *name, int code)
{
    if (code != MLOPS_NOT_FOUND || !strstr(name, ".tar"))
        return code;
    return mlops_fail(&cli->err, MLOPS_NOT_FOUND, "there is no file or folder '%s'", name);
}

int cli_open_registry(struct cli *cli)
{
    struct mlops_registry_options options = cli_registry_options(cli);
    const char *other = cli_setting(cli, "registry");
    int code = mlops_registry_open(&options, &cli->registry, &cli->err);
    if (code == MLOPS_NOT_FOUND && !options.location && other) { /* none in any folder */
        options.location = other;
        cli->err = (struct mlops_error){0};
        code = mlops_registry_open(&options, &cli->registry, &cli->err);
    }
    TRY(code);
    struct mlops_error settings = {0};
    if (cli_settings_read(cli, mlops_registry_location(cli->registry), &settings) &&
        cli->settings.count > 0) /* else it is the user's file, and told already */
        cli_warn(cli, "settings are not used: %s", settings.message);
    cli_detail(cli, "registry: %s", mlops_registry_location(cli->registry));
    return MLOPS_OK;
}

struct mlops_registry *cli_registry(struct cli *cli)
{
    if (!cli->registry)
        abort(); /* the command's table does not ask for one */
    return cli->registry;
}

static int execute(struct cli *cli)
{
    if (cli->command->registry)
        TRY(cli_open_registry(cli));
    return cli->command->run(cli);
}

/* Was work broken off because of a signal? What failed after one failed because of it. */
static int stopped_by(int code)
{
    bool done = code == MLOPS_OK || code == MLOPS_REFUSED;
    return done ? 0 : cli_signal_caught();
}

int cli_run(struct cli *cli, int code)
{
    struct mlops_error settings = {0};

    /* 'config' shows what is set outside, before anything stands in for a variable */
    bool shown = cli->command && str_equal(cli->command->name, "config");
    int unread = shown ? MLOPS_OK : cli_settings_read(cli, NULL, &settings);
    cli_output_prepare(cli);
    if (unread)
        cli_warn(cli, "settings are not used: %s", settings.message);
    if (code == MLOPS_OK)
        code = execute(cli);
    cli_progress_clear(cli);
    if (cli->registry)
        mlops_webhook_flush(cli->registry);
    mlops_registry_close(TAKE_PTR(cli->registry));
    mlops_settings_clear(&cli->settings);

    int number = stopped_by(code);
    if (number) {
        const char *name = strsignal(number);
        mlops_fail(&cli->err, MLOPS_CANCELLED, "stopped by a signal (%s)", name ? name : "?");
    }
    bool failed = code != MLOPS_OK && cli->err.message[0];
    if (failed && cli->json)
        cli_report_error(cli);
    struct mlops_error before = cli->err;
    int written = cli_output_finish(cli);
    if (written) {
        cli->json = false; /* stdout takes nothing: tell stderr */
        cli_report_error(cli);
        if (code == MLOPS_OK || code == MLOPS_REFUSED)
            code = written;
        cli->err = before;
    }
    if (failed && !cli->json)
        cli_report_error(cli);
    if (number)
        cli_signal_die(number);
    return code;
}
