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
    return (struct mlops_registry_options){
        .location = cli_text(cli, "registry"),
        .lock_timeout_ns = timeout,
        .observer = cli_observer(cli),
    };
}

int cli_open_registry(struct cli *cli)
{
    struct mlops_registry_options options = cli_registry_options(cli);
    TRY(mlops_registry_open(&options, &cli->registry, &cli->err));
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
    cli_output_prepare(cli);
    if (code == MLOPS_OK)
        code = execute(cli);
    cli_progress_clear(cli);
    mlops_registry_close(TAKE_PTR(cli->registry));

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
